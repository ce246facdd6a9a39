"""The parts of an export as plain rows, one at a time: a million judgements need no more memory
than a thousand."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from django.db.models import F, Max, OuterRef, Subquery

from analysis.vectors import STEMS, centre
from annotate.fields import StemValues
from studies.exports.scope import Scope, item_id, rater_id, trial_id
from studies.judging.families import model_family
from studies.models import Answer, Item, Judgement, Rater, Stimulus, System, Trial
from studies.protocol.answers import letters_of
from studies.services.attention_checks import attention_found

CHUNK = 2000
# Steps whose verdict is one of the protocol's gates.
GATES = ("headphones", "training", "attention", "calibration", "listening")
# What an advice holds beside what was shown: who said it, and wordings that nobody read.
_TELLS_WHO = ("provenance", "original_prose")
Row = dict[str, Any]


def iso(moment: datetime | None) -> str | None:
    """UTC, ISO 8601."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def systems(scope: Scope) -> list[Row]:
    """Every system by its label; who it is only where the export is unblinded."""
    return [
        {"system": label, **_who(scope, name)}
        for name, label in sorted(scope.labels.by_name.items(), key=lambda one: int(one[1][1:]))
    ]


def _who(scope: Scope, name: str) -> Row:
    hidden = {"name": None, "title": None, "version": None, "kind": None, "model_family": None}
    if scope.is_blinded:
        return hidden
    found = System.objects.filter(
        pk__in=Stimulus.objects.filter(item__version=scope.version, name=name).values("system")
    ).first()
    if found is None:
        return hidden | {"name": name}
    model = str(found.provenance.get("model", ""))
    kind = "llm" if model or found.name.startswith("llm") else found.kind
    return {
        "name": name,
        "title": found.title,
        "version": found.version,
        "kind": kind,
        "model_family": model_family(model) if model else None,
    }


def items(scope: Scope) -> Iterator[Row]:
    """Items with their stimuli; songs and artists are numbered as they come."""
    songs: dict[str, str] = {}
    artists: dict[str, str] = {}
    rows = scope.version.items.select_related("excerpt__song").prefetch_related("stimuli__advice")
    for item in rows.order_by("number").iterator(chunk_size=200):
        song = item.excerpt.song
        artist = song.artist or song.key
        yield {
            "item": item_id(item.number),
            "block": scope.hidden(item.block),
            "kind": item.kind,
            "song": songs.setdefault(song.key, f"s{len(songs) + 1:02d}"),
            "artist": artists.setdefault(artist, f"a{len(artists) + 1:02d}"),
            "title": str(song),
            "is_balanced": not any(item.error_db.values()),
            "problem_db": item.problem_db,
            "error_db": item.error_db,
            "reference_db": item.reference_db,
            "answer": _answer(scope, item),
            "seen_by": scope.hidden(item.seen_by),
            "stimuli": _stimuli(scope, item),
        }


def _answer(scope: Scope, item: Item) -> Row | None:
    """The known answer by question, told by stimulus id."""
    if not item.answer:
        return None
    ids = {one.number: scope.stimuli[one.pk] for one in item.stimuli.all()}
    return {
        scope.hidden(question): {
            kind: value if kind == "exactly" else ids.get(value, value)
            for kind, value in rule.items()
        }
        for question, rule in item.answer.items()
    }


def _stimuli(scope: Scope, item: Item) -> list[Row]:
    rows = [_stimulus(scope, item, one) for one in item.stimuli.all()]
    return sorted(rows, key=lambda row: int(row["stimulus"].rpartition(".")[2]))


def _stimulus(scope: Scope, item: Item, one: Stimulus) -> Row:
    rendering = one.rendering or {}
    advice = one.advice.content if one.advice else None
    if advice is not None and scope.is_blinded:
        advice = {key: value for key, value in advice.items() if key not in _TELLS_WHO}
    is_system = one.role == Stimulus.Role.SYSTEM
    return {
        "stimulus": scope.stimuli[one.pk],
        "system": scope.labels.label(one.name) if is_system else None,
        # Controls belong to no system, which is all that tells them apart from one.
        "role": Stimulus.Role.SYSTEM if one.role == Stimulus.Role.CONTROL else one.role,
        "anchor": one.name if one.role == Stimulus.Role.ANCHOR else None,
        "text": one.text or None,
        "n_words": len(one.text.split()),
        "advice": advice,
        "balance_db": one.balance_db,
        "loudness_lufs": rendering.get("loudness_lufs"),
        "target_lufs": rendering.get("target_lufs"),
        "gain_db": rendering.get("gain_db"),
        "character": rendering.get("character") or None,
        "error_after_db": error_after_db(one.balance_db, item.reference_db) if is_system else None,
    }


def error_after_db(balance_db: StemValues | None, reference_db: StemValues) -> float | None:
    """Mean absolute error in dB over active stems, after centring; None without a balance."""
    if balance_db is None:
        return None
    pairs = [(balance_db[stem], reference_db[stem]) for stem in STEMS]
    left = [a - b for a, b in pairs if a is not None and b is not None]
    return round(float(np.abs(centre(left)).mean()), 6) if left else None


def raters(scope: Scope) -> Iterator[Row]:
    checks = attention_found(scope.version)
    rows = Rater.objects.filter(scope.raters()).select_related("personal")
    rows = rows.prefetch_related("steps", "reviews").order_by("number")
    for rater in rows.iterator(chunk_size=500):
        yield _rater(scope, rater, checks.get(rater.pk))


def _rater(scope: Scope, rater: Rater, checks: Mapping[str, int] | None) -> Row:
    steps = list(rater.steps.all())
    verdicts = list(rater.reviews.all())
    personal = getattr(rater, "personal", None)
    is_gone = scope.is_gone(rater.state, rater.last_seen_at, rater.created_at)
    is_judge = rater.kind in (Rater.Kind.JUDGE, Rater.Kind.RUBRIC)
    gates: Row = {
        step.step: {"passed": step.passed, "policy": step.policy}
        for step in steps
        if step.passed is not None and step.step in GATES
    }
    if checks is not None:
        gates["attention"] = gates.get("attention", {}) | dict(checks)
    return {
        "rater": rater_id(rater.number),
        "kind": rater.kind,
        "run": rater.run,
        "state": "dropped" if is_gone and not is_judge else rater.state,
        "list": rater.list_number,
        "language": rater.language,
        "questionnaire": personal.questionnaire if personal else {},
        "gates": gates,
        "started_at": iso(rater.created_at),
        "finished_at": iso(rater.finished_at),
        "review": {
            "verdict": verdicts[-1].verdict if verdicts else None,
            "reason": verdicts[-1].reason if verdicts else "",
        },
        "steps": [{"step": step.step, "at": iso(step.at)} for step in steps],
        "judge": _judge(scope, rater) if is_judge else None,
        "simulated": {"manner": rater.about.get("manner")}
        if rater.kind == Rater.Kind.SIMULATED
        else None,
    }


def _judge(scope: Scope, rater: Rater) -> Row:
    about = rater.about
    told = {key: about.get(key) for key in ("name", "model", "family", "given", "prompt_hash")}
    return {
        **told,
        "prompt_version": about.get("prompt"),
        "temperature": about.get("temperature"),
        "panel": about.get("panel") or None,
    }


_TRIAL_FIELDS = (
    "rater__number", "position", "pk", "item__number", "item__block", "kind", "sides", "order",
    "state", "failure", "listened_s", "seen_at", "finished_at", "rater__kind",
    "repeat_of_id", "repeat_of__position",
)  # fmt: skip


def trials(scope: Scope) -> Iterator[Row]:
    """In the order of raters and of their trials."""
    rows = Trial.objects.filter(scope.answers("rater__")).order_by("rater__number", "position")
    found: Any = rows.values(*_TRIAL_FIELDS).iterator(chunk_size=CHUNK)
    for _, own in groupby(found, key=itemgetter("rater__number")):
        repeats: dict[int, int] = {}
        for row in own:
            yield _trial(scope, row, repeats)


def _trial(scope: Scope, row: Row, repeats: dict[int, int]) -> Row:
    """`repeats` counts how often each trial of this rater was shown again."""
    again = row["repeat_of_id"]
    if again is not None:
        repeats[again] = repeats.get(again, 0) + 1
    rater, position = row["rater__number"], row["position"]
    sides = {
        letter: scope.stimuli[pk]
        for letter, pk in zip(letters_of(len(row["sides"])), row["sides"], strict=True)
    }
    is_judge = row["rater__kind"] in (Rater.Kind.JUDGE, Rater.Kind.RUBRIC)
    seen, finished = row["seen_at"], row["finished_at"]
    took_s = (finished - seen).total_seconds() if seen and finished else None
    return {
        "trial": trial_id(rater, position),
        "rater": rater_id(rater),
        "item": item_id(row["item__number"]),
        "block": scope.hidden_key(row["item__block"]),
        "position": position,
        "repeat": repeats.get(again, 0) if again is not None else 0,
        "kind": row["kind"],
        "sides": sides,
        "repeat_of": None
        if row["repeat_of__position"] is None
        else trial_id(rater, row["repeat_of__position"]),
        "order": row["order"] if is_judge else None,
        "listened_s": row["listened_s"],
        "duration_s": took_s if took_s is None else round(max(took_s, 0.0), 3),
        "state": "open" if row["state"] == Trial.State.LOCKED else row["state"],
        "failure": row["failure"] or None,
        "heard_after": any(
            name.startswith("after") and seconds for name, seconds in row["listened_s"].items()
        ),
    }


def judgements(scope: Scope) -> Iterator[Row]:
    """Every revision; current is what was sent last in a trial's phase."""
    latest = (
        Answer.objects.filter(trial=OuterRef("trial"), phase=OuterRef("phase"))
        .order_by()
        .values("trial")
        .annotate(last=Max("revision"))
        .values("last")
    )
    rows = (
        Judgement.objects.filter(scope.answers("trial__rater__"))
        .annotate(last=Subquery(latest), rater=F("trial__rater__number"))
        .order_by("rater", "trial__position", "-phase", "revision", "question")
    )
    found = rows.values_list(
        "rater", "trial__position", "question", "phase", "revision", "value", "confidence",
        "submitted_at", "last",
    )  # fmt: skip
    for rater, position, question, phase, revision, value, sure, at, last in found.iterator(
        chunk_size=CHUNK
    ):
        yield {
            "trial": trial_id(rater, position),
            "question": scope.hidden_key(question),
            "phase": phase,
            "revision": revision,
            "is_current": last is None or revision == last,
            "value": value,
            "confidence": sure,
            "submitted_at": iso(at),
        }


def exclusions(scope: Scope) -> list[Row]:
    """Recorded sets of rules; the plan's own is one of them."""
    rows = [
        {
            "name": scope.hidden(one.name),
            "title": scope.hidden(one.title),
            "rules": one.rules,
            "is_primary": one.is_primary,
            "made_at": iso(one.at),
            "made_by": one.by.get_username() if one.by else None,
        }
        for one in scope.version.exclusions.select_related("by")
    ]
    if any(row["is_primary"] for row in rows):
        return rows
    rules = scope.version.spec.get("plan", {}).get("exclusions", [])
    planned = {
        "name": "plan",
        "title": "As the analysis plan says",
        "rules": rules,
        "is_primary": True,
        "made_at": iso(scope.version.frozen_at),
        "made_by": None,
    }
    return [planned, *rows]


def log(scope: Scope) -> list[Row]:
    """The study's audit up to the moment of the export, whose own line is not in it: the same
    moment gives the same export."""
    before = scope.version.study.audit.filter(at__lt=scope.now).select_related("by")
    return [
        {
            "at": iso(line.at),
            "act": line.act,
            "by": line.by.get_username() if line.by else None,
            "version": line.version_number,
            "detail": scope.hidden(line.detail),
        }
        for line in before
    ]
