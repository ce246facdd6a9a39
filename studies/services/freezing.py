"""A study opens: its protocol is checked, hashed and locked. Then pausing, resuming, closing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from studies.models import Item, Stimulus, StudyVersion, TrialList
from studies.protocol.hashing import content_hash
from studies.protocol.lists import ImpossibleDesignError, check_design, make_lists
from studies.protocol.reading import SpecError, read_spec
from studies.protocol.spec import Spec
from studies.services import audit
from studies.services.designing import check_systems
from studies.services.items import design_of, plan_is_made
from studies.services.refusing import Refused
from studies.services.seen import saw
from studies.services.study_rendering import is_rendered, needs_audio

__all__ = ["Refused", "close", "freeze", "pause", "problems", "protocol_of", "resume"]


def problems(version: StudyVersion) -> list[str]:
    """Everything that keeps a draft from being frozen, one line each."""
    try:
        spec = read_spec(version.spec)
        check_systems(spec)
        if not plan_is_made(version, spec):
            return ["items: not made since the spec changed; run generate_advice"]
    except (SpecError, Refused) as error:
        return [str(error)]
    return list(_faults(version, spec))


def _faults(version: StudyVersion, spec: Spec) -> Iterator[str]:
    try:
        design = design_of(version, spec)
        check_design(design, spec.order)
        make_lists(design, spec.order, spec.seed)
    except ImpossibleDesignError as error:
        yield str(error)
    rows = Stimulus.objects.filter(item__version=version).select_related(
        "item__excerpt__song", "system", "advice"
    )
    for stimulus in rows:
        yield from _stimulus_faults(spec, stimulus)
    if not spec.allow_seen:
        for item in version.items.select_related("excerpt__song"):
            seen = saw(item.excerpt.song, spec.block(item.block).systems)
            if seen:
                yield (
                    f"{name_of(item)}: {seen[0]} was fitted on {item.excerpt.song} or its artist; "
                    "take the item out, or set allow_seen and have every figure marked"
                )


def _stimulus_faults(spec: Spec, stimulus: Stimulus) -> Iterator[str]:
    block = spec.block(stimulus.item.block)
    where = f"{name_of(stimulus.item)}, {stimulus.name or stimulus.get_role_display()}"
    if stimulus.role == Stimulus.Role.SYSTEM and stimulus.advice is None:
        yield f"{where}: no advice yet; run generate_advice"
        return
    has_text = stimulus.role in (Stimulus.Role.SYSTEM, Stimulus.Role.CONTROL)
    if block.is_about_advice and has_text:
        n_words = len(stimulus.text.split())
        low, high = block.advice.min_words, block.advice.max_words
        if not n_words:
            yield f"{where}: the text is empty; proof-read it"
        elif stimulus.role == Stimulus.Role.SYSTEM and not low <= n_words <= high:
            yield f"{where}: {n_words} words, not {low} to {high}; proof-read it, or widen the band"
    if needs_audio(block, stimulus) and not is_rendered(stimulus):
        yield f"{where}: no audio yet; run generate_advice"


def name_of(item: Item) -> str:
    """How researchers meet an item: its number, block and song."""
    return f"item {item.number} ({item.block}, {item.excerpt.song})"


@transaction.atomic
def freeze(version: StudyVersion, by: Any, now: datetime) -> StudyVersion:
    """Lock a draft and open it.

    Raises:
        Refused: it is frozen already, or something is missing; the first fault as one line.
    """
    row = StudyVersion.objects.select_for_update().select_related("study").get(pk=version.pk)
    if row.is_frozen:
        raise Refused(f"{row} is frozen already")
    found = problems(row)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Refused(f"{found[0]}{more}")
    spec = read_spec(row.spec)
    for item in row.items.select_related("excerpt__song"):
        item.seen_by = saw(item.excerpt.song, spec.block(item.block).systems)
        item.save(update_fields=["seen_by"])
    made = make_lists(design_of(row, spec), spec.order, spec.seed)
    row.lists.all().delete()
    TrialList.objects.bulk_create(
        TrialList(version=row, number=number, trials=own) for number, own in enumerate(made, 1)
    )
    for earlier in row.study.versions.exclude(pk=row.pk).exclude(state=StudyVersion.State.CLOSED):
        _set_state(earlier, StudyVersion.State.CLOSED, by, now, "closed by a new version")
    row.protocol_hash = content_hash(protocol_of(row))
    row.plan_hash = content_hash(row.spec["plan"])
    row.state, row.frozen_at = StudyVersion.State.OPEN, now
    row.save(update_fields=["protocol_hash", "plan_hash", "state", "frozen_at"])
    audit.note(
        row.study, "opened", by=by, version=row, now=now,
        protocol_hash=row.protocol_hash, plan_hash=row.plan_hash,
    )  # fmt: skip
    version.refresh_from_db()
    return version


def protocol_of(version: StudyVersion) -> dict[str, Any]:
    """All that a protocol hash covers: the spec, what is shown, and to whom in which order."""
    return {
        "spec": version.spec,
        "items": [_item_data(item) for item in version.items.prefetch_related("stimuli__system")],
        "lists": [own.trials for own in version.lists.all()],
    }


def _item_data(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "block": item.block,
        "kind": item.kind,
        "song": item.excerpt.song.fingerprint,
        "start_s": item.excerpt.start_s,
        "duration_s": item.excerpt.duration_s,
        "reference_db": item.reference_db,
        "problem_db": item.problem_db,
        "error_db": item.error_db,
        "answer": item.answer,
        "seen_by": item.seen_by,
        "stimuli": [
            {
                "number": one.number,
                "role": one.role,
                "name": one.name,
                "system": one.system and [one.system.name, one.system.version],
                "text": one.text,
                "balance_db": one.balance_db,
                "sha256": (one.rendering or {}).get("sha256"),
            }
            for one in item.stimuli.all()
        ],
    }


def pause(version: StudyVersion, by: Any, now: datetime) -> None:
    """Let nobody in for a while; who is at work finishes. Raises Refused."""
    _change(version, StudyVersion.State.OPEN, StudyVersion.State.PAUSED, by, now, "paused")


def resume(version: StudyVersion, by: Any, now: datetime) -> None:
    """Let people in again. Raises Refused."""
    _change(version, StudyVersion.State.PAUSED, StudyVersion.State.OPEN, by, now, "resumed")


def close(version: StudyVersion, by: Any, now: datetime) -> None:
    """Take no more answers. Raises Refused."""
    version.refresh_from_db()
    if version.state not in (StudyVersion.State.OPEN, StudyVersion.State.PAUSED):
        raise Refused(f"{version} is {version.get_state_display()}: it cannot be closed")
    _set_state(version, StudyVersion.State.CLOSED, by, now, "closed")


def _change(
    version: StudyVersion, before: str, after: str, by: Any, now: datetime, act: str
) -> None:
    version.refresh_from_db()
    if version.state != before:
        raise Refused(f"{version} is {version.get_state_display()}: it cannot be {act}")
    _set_state(version, after, by, now, act)


def _set_state(version: StudyVersion, state: str, by: Any, now: datetime, act: str) -> None:
    version.state = state
    if state == StudyVersion.State.CLOSED:
        version.closed_at = now
    version.save(update_fields=["state", "closed_at"])
    audit.note(version.study, act, by=by, version=version, now=now)
