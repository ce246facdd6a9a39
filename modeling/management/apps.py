"""modeling/ as a Django app: for its commands alone, it has no rows."""

from django.apps import AppConfig


class ModelingConfig(AppConfig):
    name = "modeling"
