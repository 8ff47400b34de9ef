"""The one Django app."""

from django.apps import AppConfig


class PerennialConfig(AppConfig):
    """One app, so that a table can move between rooms without a migration."""

    name = "perennial"
    default_auto_field = "django.db.models.BigAutoField"
