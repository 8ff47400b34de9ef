"""Every address. Each name needs a rule in rules.py."""

from allauth.account import views as account
from django.urls import include, path

urlpatterns = [
    path("sign-in", account.login, name="account_login"),
    path("sign-out", account.logout, name="account_logout"),
    path("api/v1/", include("perennial.api.urls")),
    path("", include("perennial.pages.urls")),
]
