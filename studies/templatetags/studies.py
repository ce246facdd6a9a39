"""Small helps of this package's templates."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

register = template.Library()

# A page's tab, its address and its name; what has no address yet is left out.
STUDY_TABS = (
    ("overview", "study-dashboard", _("Overview")),
    ("design", "study-edit", _("Design")),
    ("preview", "study-preview", _("Preview")),
    ("advice", "study-proof", _("Advice")),
    ("people", "study-people", _("People")),
    ("exclusions", "study-exclusions", _("Exclusions")),
    ("judges", "study-judges", _("Judges")),
    ("exports", "study-exports", _("Exports")),
    ("report", "study-report", _("Report")),
)


@register.filter
def in_format(address: str, format_: str) -> str:
    """The address of a download in another format: .../balance.json -> .../balance.csv."""
    return f"{address.rpartition('.')[0]}.{format_}"


@register.filter
def of_key(values: Any, key: str) -> Any:
    """A dictionary's value; nothing where it has none."""
    return values.get(key, "") if isinstance(values, dict) else ""


@register.simple_tag
def study_tabs(study: Any) -> list[tuple[str, str, str]]:
    """(tab, address, name) of the study's pages."""
    tabs = []
    for tab, address, name in STUDY_TABS:
        try:
            tabs.append((tab, reverse(address, args=[study.key]), str(name)))
        except NoReverseMatch:
            continue
    return tabs
