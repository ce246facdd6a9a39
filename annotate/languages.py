"""The language of people without an account: kept with them, and spoken to them on every device."""

from django.conf import settings
from django.utils import translation


def speak(language: str) -> None:
    """Say the rest of this answer in somebody's own language; "" leaves what the browser prefers.
    What is active ends with the request (config/languages.py)."""
    if language:
        translation.activate(language)


def is_offered(language: str) -> bool:
    """Whether the site speaks it."""
    return language in dict(settings.LANGUAGES)


def name_local(language: str) -> str:
    """Its own name, as whoever looks for it reads it."""
    return str(translation.get_language_info(language)["name_local"])
