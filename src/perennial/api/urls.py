"""The addresses of the API."""

from django.urls import path

from perennial.api import (
    alerts,
    collections,
    contracts,
    customers,
    events,
    evidence,
    forecast,
    health,
    lifetime,
    renewals,
    retention,
    revenue,
    unconfirmed,
    usage,
    usage_group,
    usage_many,
)
from perennial.api.wire import api

api.add_router("", customers.router)
api.add_router("", health.router)
api.add_router("", revenue.router)
api.add_router("", retention.router)
api.add_router("", lifetime.router)
api.add_router("", forecast.router)
api.add_router("", renewals.router)
api.add_router("", evidence.router)
api.add_router("", collections.router)
api.add_router("", contracts.router)
api.add_router("", alerts.router)
api.add_router("", events.router)
api.add_router("", unconfirmed.router)
api.add_router("", usage.router)
api.add_router("", usage_many.router)
api.add_router("", usage_group.router)

urlpatterns = [path("", api.urls)]
