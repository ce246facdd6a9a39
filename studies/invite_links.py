"""The links by which people come into a study."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from studies.models import Rater, StudyVersion
from studies.services.participants import PROLIFIC, make_pass


@dataclass(frozen=True, slots=True)
class InviteLink:
    """A link, who it is for, and how who comes by it is marked."""

    key: str
    title: str
    hint: str
    address: str


def invite_links(version: StudyVersion, absolute: Callable[[str], str]) -> list[InviteLink]:
    """Every way in that this protocol has; previews work while it is a draft."""
    path = reverse("part-join", args=[version.study.key])
    join = absolute(path)
    preview = InviteLink(
        "preview",
        _("Preview"),
        _("For you and your colleagues, signed in. Marked as a preview for ever."),
        f"{join}?preview",
    )
    if not version.is_frozen:
        return [preview]
    pilot_pass = make_pass(version.study, run=Rater.Run.PILOT)
    plain = InviteLink(
        "plain", _("Everybody"), _("One link for all: each gets a place of their own."), join
    )
    pilot = InviteLink(
        "pilot",
        _("Pilot"),
        _("Marked as a pilot for ever, takes nobody's place, is left out of every export."),
        f"{join}?pass={pilot_pass}",
    )
    crowd = _crowd(version.spec.get("crowd", {}), join)
    return [plain, *([crowd] if crowd else []), pilot, preview]


def _crowd(crowd: dict[str, Any], join: str) -> InviteLink | None:
    platform = crowd.get("platform", "none")
    if platform == "prolific":
        person = crowd.get("person_parameter") or PROLIFIC[0]
        session = crowd.get("session_parameter") or PROLIFIC[1]
        query = f"{person}={{{{%PROLIFIC_PID%}}}}&{session}={{{{%SESSION_ID%}}}}"
        hint = _("Paste it as the study URL of Prolific, which fills in the parameters.")
    elif platform == "other" and crowd.get("person_parameter"):
        query = f"{crowd['person_parameter']}={{person}}"
        if crowd.get("session_parameter"):
            query += f"&{crowd['session_parameter']}={{session}}"
        hint = _("Your platform puts its own ids in place of the braces.")
    else:
        return None
    return InviteLink("crowd", _("Crowd platform"), hint, f"{join}?{query}")
