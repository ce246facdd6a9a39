"""Settings from the environment: typed, loud, one line when something is wrong."""

import os

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable `name`; without a default it must be set and not empty."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set: give it in the environment")
    return default


def flag(name: str, default: bool) -> bool:
    """A yes/no variable: 1, true, yes, on / 0, false, no, off."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no: use 1 or 0")


def integer(name: str, default: int, *, low: int = 0) -> int:
    """A whole number of at least `low`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number") from None
    if number < low:
        raise ImproperlyConfigured(f"{name}={number} is below {low}")
    return number


def names(name: str, default: str | None = None) -> list[str]:
    """A comma-separated list without empty entries; without a default it holds one at least."""
    found = [part.strip() for part in text(name, default).split(",") if part.strip()]
    if not found and default is None:
        raise ImproperlyConfigured(f"{name} names nothing: give it in the environment")
    return found
