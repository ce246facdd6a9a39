"""People who advise: invited by link with problems of their own, or brought in from a file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from numpy.typing import NDArray

from analysis.vectors import STEMS, Balance, Move
from annotate.fields import StemValues
from annotate.models import Annotator, Excerpt
from annotate.models.campaigns import hash_token
from annotate.services import acts
from modeling.advice.json_form import to_json
from modeling.advice.people import human_advice
from modeling.audio import SAMPLE_RATE_HZ
from modeling.errors import USUAL
from modeling.flac import flac_bytes
from modeling.headroom import CEILING_DBFS, peak_bound_db
from modeling.loudness import matching_gain_db
from modeling.render import DEFAULT_TARGET_LUFS, level_stem
from modeling.songs import read_levels
from modeling.storage import read_stem
from studies.models import Advice, Expert, ExpertTask, System
from studies.models.systems import problem_key

HEARS = ("mix", "stems")
VERSION = "1"
PREFIX = "expert_"
# Problems are told apart to a tenth of a dB.
PROBLEM_DECIMALS = 1


@dataclass(frozen=True, slots=True)
class Invitation:
    """An expert and the token of their link: only its hash is stored, so it is shown once."""

    expert: Expert
    token: str


@transaction.atomic
def invite(
    *,
    owner: Any,
    excerpts: Sequence[Excerpt],
    count: int,
    seed: int,
    now: datetime,
    note: str = "",
    valid_days: int | None = None,
) -> Invitation:
    """A new expert with `count` problems, drawn by `seed` from the usual errors.

    Raises:
        ValueError: there is no excerpt.
    """
    if not excerpts:
        raise ValueError("no excerpt with audio: import songs first")
    token = Annotator.new_token()
    expert = Expert.objects.create(
        system=_new_system(now),
        owner=owner,
        note=note,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=None if valid_days is None else now + timedelta(days=valid_days),
    )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(excerpts))[:count]
    ExpertTask.objects.bulk_create(
        ExpertTask(
            expert=expert,
            excerpt=excerpts[int(index)],
            problem_db=draw_problem(excerpts[int(index)], rng),
            created_at=now,
        )
        for index in chosen
    )
    acts.note("links made", now=now, by=owner, about=f"expert {expert.key}", kind="expert", count=1)
    return Invitation(expert, token)


def draw_problem(excerpt: Excerpt, rng: np.random.Generator) -> StemValues:
    """An error of the usual distribution; null where a stem is silent."""
    active = excerpt.active()
    error_db = USUAL.draw(rng, [active[stem] for stem in STEMS])
    return {
        stem: None if np.isnan(value) else round(float(value), PROBLEM_DECIMALS) + 0.0
        for stem, value in zip(STEMS, error_db, strict=True)
    }


@transaction.atomic
def revoke(*, expert: Expert, now: datetime, by: Any = None) -> None:
    """Close the link at once. What was advised stays."""
    if Expert.objects.filter(pk=expert.pk, revoked_at__isnull=True).update(revoked_at=now):
        acts.note("link withdrawn", now=now, by=by, about=f"expert {expert.key}")


@transaction.atomic
def advise(*, task: ExpertTask, prose: str, moves_db: StemValues, now: datetime) -> Advice:
    """Keep an expert's words and balance. The first answer stays.

    Raises:
        ValueError: the words contradict the balance or themselves, or a move is beyond any fader.
    """
    task = ExpertTask.objects.select_for_update().select_related("expert__system").get(pk=task.pk)
    if task.advice is not None:
        return task.advice
    present = Balance.from_mapping(task.problem_db)
    row = record(
        system=task.expert.system,
        excerpt=task.excerpt,
        prose=prose,
        present=present,
        balance=present + Move.from_mapping(moves_db),
        now=now,
    )
    ExpertTask.objects.filter(pk=task.pk, advice__isnull=True).update(advice=row)
    return row


def record(
    *,
    system: System,
    excerpt: Excerpt,
    prose: str,
    present: Balance,
    balance: Balance,
    now: datetime,
) -> Advice:
    """Keep one person's advice; the same again is the same row.

    Raises:
        ValueError: it does not hold together, or this person has advised otherwise on this before.
    """
    said = human_advice(prose, present, balance, expert=system.name, hears=HEARS)
    content = to_json(said)
    row, is_new = Advice.objects.get_or_create(
        system=system,
        excerpt=excerpt,
        problem_key=problem_key(present.to_mapping()),
        defaults={
            "problem_db": present.to_mapping(),
            "content": content,
            "prose": said.prose,
            "provenance": {**asdict(said.provenance), "hears": list(said.provenance.hears)},
            "created_at": now,
        },
    )
    if not is_new and (row.prose, row.content["balance_db"]) != (said.prose, content["balance_db"]):
        raise ValueError(f"{system.title} has advised otherwise on this before; advice stays")
    return row


def named_system(label: str, now: datetime) -> System:
    """The system of a person who is known by a label in files. Raises ValueError for no word."""
    name = f"{PREFIX}{slugify(label).replace('-', '_')}"[:64]
    if name == PREFIX:
        raise ValueError(f"expert {label!r}: use letters and digits")
    row, _ = System.objects.get_or_create(
        name=name, version=VERSION, defaults=_described(label, now)
    )
    return row


def _new_system(now: datetime) -> System:
    """The next letter that is free; of two who ask at one instant, the later one asks again."""
    number = System.objects.experts().count()
    while True:
        number += 1
        label = Annotator(number=number).letter
        name = f"{PREFIX}{label.lower()}"
        if System.objects.filter(name=name).exists():
            continue
        try:
            with transaction.atomic():
                return System.objects.create(name=name, version=VERSION, **_described(label, now))
        except IntegrityError:
            continue


def _described(label: str, now: datetime) -> dict[str, Any]:
    return {
        "title": f"Expert {label}"[:100],
        "kind": System.Kind.EXPERT,
        "hears": list(HEARS),
        "provenance": {"version": VERSION, "checkpoint": "", "bundle": ""},
        "created_at": now,
        "last_used_at": now,
    }


@dataclass(frozen=True)
class Served:
    """What the expert's page is given: the stems with the problem in them, nothing of it beside."""

    gram: NDArray[np.float64]
    peaks: NDArray[np.float64]
    active: dict[str, bool]


def served(task: ExpertTask) -> Served:
    """Levels of the stems as they are served. Raises StorageError."""
    levels = read_levels(task.excerpt.folder)
    gains = np.nan_to_num(10.0 ** (_served_gains_db(task) / 20.0), nan=0.0)
    return Served(
        levels.gram * np.outer(gains, gains),
        levels.peaks * gains,
        {stem: task.problem_db[stem] is not None for stem in STEMS},
    )


def served_stem_flac(task: ExpertTask, role: str) -> bytes:
    """One stem at the problem's level. Raises StorageError, ValueError for one that is silent."""
    gain_db = _served_gains_db(task)[STEMS.index(role)]
    if np.isnan(gain_db):
        raise ValueError(f"{role} is silent here")
    audio = level_stem(read_stem(task.excerpt.folder, role), float(gain_db))
    return flac_bytes(audio, SAMPLE_RATE_HZ)


def _served_gains_db(task: ExpertTask) -> NDArray[np.float64]:
    return np.array(_gains_of(task.pk, task.excerpt.key, problem_key(task.problem_db)))


@lru_cache(maxsize=128)
def _gains_of(task_id: int, excerpt_key: str, problem: str) -> tuple[float, ...]:
    """Gains that bring the problem mix to the usual loudness, no stem of it over the ceiling."""
    task = ExpertTask.objects.select_related("excerpt").get(pk=task_id)
    problem_db = Balance.from_mapping(task.problem_db).to_array()
    levels = read_levels(task.excerpt.folder)
    common_db = float(matching_gain_db(levels.gram, problem_db, DEFAULT_TARGET_LUFS))
    alone = np.where(np.eye(len(STEMS), dtype=bool), problem_db + common_db, np.nan)
    over_db = float(np.nanmax(peak_bound_db(levels.peaks, alone))) - CEILING_DBFS
    return tuple((problem_db + common_db - max(0.0, over_db)).tolist())
