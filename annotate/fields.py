"""Columns that several models share."""

import math
import secrets
from typing import Any, TypeGuard

from django.core.exceptions import ValidationError
from django.db import models

from analysis.vectors import STEMS

StemValues = dict[str, float | None]


def new_key() -> str:
    """A public id that says nothing: neither order, nor number, nor content.

    It begins with a letter or a digit: with "-" a command would take it for an option and a
    spreadsheet for a formula.
    """
    while not (key := secrets.token_urlsafe(12))[0].isalnum():
        pass
    return key


def is_finite_number(value: object) -> TypeGuard[int | float]:
    """Whether this is a number that a float can hold; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def storable_text(text: str) -> str:
    """Text as every database takes it: PostgreSQL stores no NUL, and none stores half a surrogate
    pair, which JSON and file names can hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


class KeyField(models.CharField):  # type: ignore[type-arg]
    """An opaque random id for URLs and file names."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"max_length": 32, "unique": True, "default": new_key, "editable": False}
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "unique", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs


def check_stem_values(values: object) -> StemValues:
    """Four finite numbers or null, one for each stem; ValidationError names the offender."""
    if not isinstance(values, dict):
        raise ValidationError("a value for each stem is expected: {'vocals': dB or null, ...}")
    unknown = sorted(set(values) - set(STEMS))
    missing = [stem for stem in STEMS if stem not in values]
    if unknown or missing:
        raise ValidationError(f"stems unknown: {unknown}, missing: {missing}")
    for stem, value in values.items():
        if value is not None and not is_finite_number(value):
            shown = repr(value)[:40]
            raise ValidationError(f"{stem}: {shown} is not a finite number of dB, nor null")
    return {stem: None if values[stem] is None else float(values[stem]) for stem in STEMS}


class StemValuesField(models.JSONField):
    """One number or null (off, inactive) for each of the four stems, as JSON."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else super().get_prep_value(check_stem_values(value))
