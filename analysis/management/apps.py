"""analysis/ as a Django app: for its command alone, it has no rows."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"
