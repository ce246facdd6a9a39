"""Advice as rows: asked for once, kept, and shown again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from analysis.vectors import Balance
from annotate.background import Report
from annotate.fields import StemValues
from annotate.models import Excerpt
from modeling.advice.json_form import to_json
from modeling.advice.structure import Advice as Said
from modeling.storage import write_array
from modeling.systems.interface import System as Entry
from studies import asking
from studies.models import Advice, System, Upload
from studies.models.systems import problem_key
from studies.reading import SPECTRA, spectra_db
from studies.stems import StemSet

if TYPE_CHECKING:
    from modeling.endpoint.client import Endpoint


def ask_all(
    stems: Excerpt | Upload,
    *,
    problem_db: StemValues | None,
    now: datetime,
    report: Report,
    share: tuple[float, float] = (0.0, 1.0),
    endpoint: "Endpoint | None" = None,
) -> dict[str, str]:
    """Let every system advise that has not yet; why some could not, by name.

    Raises:
        StorageError: the audio is gone.
        ValueError: nothing sounds.
    """
    stem_set = StemSet(stems, problem_db)
    bundle = asking.bundle_fingerprint(settings.CHECKPOINTS)
    missing = _missing(stems, stem_set.problem_db, bundle)
    window = asking.window_of(stem_set.folder, Balance.from_mapping(stem_set.problem_db))
    _measure_once(stem_set, window)
    seed = asking.seed_of(stems.key, problem_key(stem_set.problem_db))
    refused = {}
    replies = asking.ask(
        window, missing, seed=seed, checkpoints=settings.CHECKPOINTS, endpoint=endpoint
    )
    for number, reply in enumerate(replies, 1):
        if reply.advice is None:
            refused[reply.system.name] = reply.refusal
        else:
            row = system_row(reply.system, reply.advice, bundle=bundle, now=now)
            record(row, stems, stem_set.problem_db, reply.advice, now=now)
        low, high = share
        report(low + (high - low) * number / len(missing), reply.system.title)
    return refused


def _missing(stems: Excerpt | Upload, problem_db: StemValues, bundle: str) -> list[Entry]:
    """Systems whose present version has not advised on this."""
    latest = {row.name: row for row in System.objects.newest()}
    said = set(Advice.objects.on(stems, problem_db).values_list("system__name", flat=True))
    return [
        entry
        for entry in asking.askable()
        if entry.name not in said or not _is_current(latest.get(entry.name), entry, bundle)
    ]


def _is_current(row: System | None, entry: Entry, bundle: str) -> bool:
    if row is None or row.provenance.get("version") != entry.version:
        return False
    return not row.provenance.get("checkpoint") or row.provenance.get("bundle") == bundle


@transaction.atomic
def system_row(entry: Entry, said: Said, *, bundle: str, now: datetime) -> System:
    """The row of the version that spoke: another checkpoint is another version."""
    checkpoint = said.provenance.checkpoint
    version = f"{entry.version}-{checkpoint[:12]}" if checkpoint else entry.version
    values = {
        "last_used_at": now,
        "title": entry.title,
        "hears": sorted(entry.hears),
        "provenance": {"version": entry.version, "checkpoint": checkpoint, "bundle": bundle},
    }
    row, _ = System.objects.update_or_create(
        name=entry.name,
        version=version,
        defaults=values,
        create_defaults={**values, "created_at": now},
    )
    return row


def record(
    system: System,
    stems: Excerpt | Upload,
    problem_db: StemValues,
    said: Said,
    *,
    now: datetime,
    manner: str = "",
) -> Advice:
    """Keep an advice; the first one stays where two were made at one instant."""
    source = {"upload": stems} if isinstance(stems, Upload) else {"excerpt": stems}
    row, _ = Advice.objects.get_or_create(
        system=system,
        problem_key=problem_key(problem_db),
        manner=manner,
        **source,
        defaults={
            "problem_db": problem_db,
            "content": to_json(said),
            "prose": said.prose,
            "provenance": {**asdict(said.provenance), "hears": list(said.provenance.hears)},
            "created_at": now,
        },
    )
    return row


def shown(stems: Excerpt | Upload, problem_db: StemValues) -> list[Advice]:
    """Everything said about this, the advisors first, people last."""
    rows: Sequence[Advice] = list(Advice.objects.on(stems, problem_db))
    return sorted(rows, key=_place)


def _place(row: Advice) -> tuple[Any, ...]:
    is_expert = row.system.kind == System.Kind.EXPERT
    return is_expert, asking.place_of(row.system.name), row.system.name


def _measure_once(stem_set: StemSet, window: asking.Stems) -> None:
    folder = stem_set.spectra_folder
    if not (folder / f"{SPECTRA}.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_array(folder, SPECTRA, spectra_db(window.audio))
