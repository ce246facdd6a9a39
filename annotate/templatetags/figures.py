"""How figures are shown. Rounding happens here and nowhere else."""

import math
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
# What comes as {"estimate", "low", "high", "n", ...}: analysis.results.Estimate as JSON.
EstimateJson = dict[str, Any]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@register.filter
def signed(value: object, digits: int = 1) -> str:
    """+3.2, −0.4, 0.0; a dash where there is no number."""
    if not _is_number(value):
        return NOTHING
    text = f"{value:+.{digits}f}"
    if float(text) == 0:
        text = text[1:]
    return text.replace("-", MINUS)


@register.filter
def signed_short(value: float) -> str:
    """As `signed`, without a needless .0: +5, −2.5, 0."""
    return signed(value, 0 if float(value).is_integer() else 1)


@register.filter
def number(value: object, digits: int = 1) -> str:
    """3.2, −0.4; a dash where there is no number."""
    return f"{value:.{digits}f}".replace("-", MINUS) if _is_number(value) else NOTHING


@register.filter
def percent(value: object) -> str:
    """A share from 0 to 1 as a whole per cent."""
    return f"{100 * float(value):.0f}\N{NARROW NO-BREAK SPACE}%" if _is_number(value) else NOTHING  # type: ignore[arg-type]


@register.filter
def clock(seconds: object) -> str:
    """Time on a clock: 0:07.5, 3:24.0 (tenths matter where an excerpt is cut)."""
    if not _is_number(seconds):
        return NOTHING
    tenths = round(float(seconds) * 10)  # type: ignore[arg-type]
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


@register.filter
def length_of_time(seconds: object) -> str:
    """A length of time as one would say it: 8 s, 2 min 05 s, 1 h 20 min."""
    if not _is_number(seconds):
        return NOTHING
    total = round(float(seconds))  # type: ignore[arg-type]
    if total < 60:
        return _("%(seconds)d s") % {"seconds": total}
    minutes, rest = divmod(total, 60)
    if minutes < 60:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
    days = hours // 24
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


@register.filter
def plain_number(value: float) -> str:
    """For attributes: a point, never a comma, whatever the language."""
    return f"{value:.3f}"


@register.filter
def add_px(position: float, px: float) -> float:
    """A position moved by some px; the template's own `add` takes whole numbers only."""
    return position + px


@register.filter
def ago(moment: datetime | None) -> str:
    """How long since, roughly: just now, 5 min ago, 3 h ago, 2 days ago."""
    if moment is None:
        return NOTHING
    passed_min = int((timezone.now() - moment).total_seconds() // 60)
    if passed_min < 1:
        return _("just now")
    if passed_min < 90:
        return _("%(minutes)d min ago") % {"minutes": passed_min}
    hours = passed_min // 60
    if hours < 48:
        return _("%(hours)d h ago") % {"hours": hours}
    return ngettext("%(days)d day ago", "%(days)d days ago", hours // 24) % {"days": hours // 24}


@register.filter
def of_stem(values: object, stem: str) -> object:
    """The value of one stem; None where it is masked or the whole is missing."""
    return values.get(stem) if isinstance(values, dict) else None


@register.inclusion_tag("annotate/parts/estimate.html")
def estimate(figure: EstimateJson | None, digits: int = 2, unit: str = "") -> dict[str, Any]:
    """A figure never stands without its interval and its n."""
    figure = figure or {}
    low, high = figure.get("low"), figure.get("high")
    return {
        "value": number(figure.get("estimate"), digits),
        "has_value": _is_number(figure.get("estimate")),
        "interval": f"{number(low, digits)} {_('to')} {number(high, digits)}"
        if _is_number(low) and _is_number(high)
        else "",
        "n": figure.get("n"),
        "unit": unit,
        "method": figure.get("method", ""),
        "note": figure.get("note", ""),
    }
