"""How a trial's page shows its questions and names its sounds."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from annotate.models.songs import ROLE_CHOICES
from studies.trial_page import AFTER, DRY
from studies.trial_texts import trial_texts

register = template.Library()

# More points than this make a slider.
MOST_RADIOS = 11

register.simple_tag(trial_texts)


@register.filter
def scale_points(question: Mapping[str, Any]) -> list[float]:
    """The points of a scale, low to high; whole ones as whole numbers."""
    count = round((question["high"] - question["low"]) / question["step"])
    points = [round(question["low"] + k * question["step"], 6) for k in range(count + 1)]
    return [int(point) if float(point).is_integer() else point for point in points]


@register.filter
def widget(question: Mapping[str, Any], type_: str) -> str:
    """The widget that asks a question in a trial of a type, by the name that the script knows."""
    kind = question["kind"]
    if kind == "choice":
        return "radios"
    if kind != "scale":
        return "words" if kind == "text" else "ranking"
    count = round((question["high"] - question["low"]) / question["step"]) + 1
    if type_ in ("multi-stimulus", "mushra") or count > MOST_RADIOS:
        return "lanes"
    return "letter-radios" if question["per_letter"] else "radios"


@register.filter
def tabbed(trial: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The criteria that are asked one at a time, none if there are fewer than two."""
    if trial["type"] not in ("multi-stimulus", "mushra"):
        return []
    scales = [question for question in trial["questions"] if question["kind"] == "scale"]
    return scales if len(scales) > 1 else []


@register.simple_tag
def sound_name(name: str, trial: Mapping[str, Any]) -> str:
    """A sound as a participant reads it."""
    if name == "problem":
        return _("The mix")
    if name == "reference":
        return _("Reference")
    if name.startswith(AFTER):
        if len(trial["letters"]) == 1:
            return _("After the advice")
        return _("After advice %(letter)s") % {"letter": name.removeprefix(AFTER)}
    if name.startswith(DRY):
        return str(dict(ROLE_CHOICES)[name.removeprefix(DRY)])
    return name


@register.filter
def sound_groups(trial: Mapping[str, Any]) -> list[list[str]]:
    """The names of the sounds there are: what is compared, then the dry stems."""
    names = [name for name, url in trial["sounds"].items() if url]
    dry = [name for name in names if name.startswith(DRY)]
    return [[name for name in names if name not in dry], dry]
