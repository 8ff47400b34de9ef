"""The addresses of the API."""

from django.urls import path

from perennial.api import customers, events, revenue
from perennial.api.wire import api

api.add_router("", customers.router)
api.add_router("", revenue.router)
api.add_router("", events.router)

urlpatterns = [path("", api.urls)]
