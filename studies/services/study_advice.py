"""Every system's advice on every item of a draft: asked for once, kept, and taken up again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from analysis.vectors import Balance
from annotate.background import Report
from annotate.media import media_folder
from annotate.models import Excerpt
from modeling.storage import StorageError
from modeling.systems.interface import System as Entry
from modeling.systems.registry import systems as registry
from studies import asking
from studies.llm import configured_endpoint
from studies.models import Advice, Item, Stimulus, StudyVersion, System
from studies.models.systems import problem_key
from studies.protocol.reading import read_spec
from studies.protocol.spec import AdviceForm, Spec
from studies.services.advising import record, system_row
from studies.services.items import prepare_items
from studies.services.refusing import Refused

if TYPE_CHECKING:
    from modeling.endpoint.client import Endpoint


@dataclass(slots=True)
class Generated:
    """What came of it: stimuli with new and with known advice, why systems refused, and the texts
    that lie outside their block's length band."""

    asked: int = 0
    known: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    outside_band: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "known": self.known,
            "refused": self.refused,
            "outside_band": self.outside_band,
        }


def manner_of(form: AdviceForm) -> str:
    """How a block asks for advice, as the Advice row keeps it.

    >>> manner_of(AdviceForm(reasons=False, self_check=False))
    'no reasons, no self-check'
    """
    without = [] if form.reasons else ["no reasons"]
    without += [] if form.self_check else ["no self-check"]
    return ", ".join(without)


def generate_advice(
    version: StudyVersion, systems: Sequence[str] | None, report: Report, now: datetime
) -> Generated:
    """Let every system (or those of `systems`) advise on every item that it has not yet. Stopped
    and run again, it goes on where it was.

    Raises:
        Refused: the version is frozen, a system is not the study's, or audio is gone.
    """
    prepare_items(version, now)
    spec = read_spec(version.spec)
    known = {name for block in spec.blocks for name in block.systems}
    unknown = sorted(set(systems or ()) - known)
    if unknown:
        raise Refused(f"--system {unknown[0]}: the study has {', '.join(sorted(known))}")
    chosen = set(systems) if systems else known
    generated = Generated()
    items = list(
        version.items.filter(kind=Item.Kind.MAIN)
        .select_related("excerpt__song")
        .prefetch_related("stimuli")
    )
    with configured_endpoint(media_folder("endpoint"), spec.seed) as endpoint:
        for number, item in enumerate(items, 1):
            _advise_on(item, spec, chosen, generated, now, endpoint)
            report(number / len(items), str(item.excerpt.song))
    generated.outside_band = outside_band(version, spec)
    return generated


def _advise_on(
    item: Item,
    spec: Spec,
    chosen: set[str],
    generated: Generated,
    now: datetime,
    endpoint: "Endpoint | None",
) -> None:
    form = spec.block(item.block).advice
    bundle = asking.bundle_fingerprint(settings.CHECKPOINTS)
    missing: list[tuple[Entry, Stimulus]] = []
    for stimulus in item.stimuli.all():
        if stimulus.role != Stimulus.Role.SYSTEM or stimulus.name not in chosen:
            continue
        said = known_advice(item, stimulus.name, manner_of(form), bundle)
        if said is not None:
            _use(stimulus, said)
            generated.known += 1
        elif stimulus.name in registry():
            missing.append((registry()[stimulus.name], stimulus))
        else:
            generated.refused[stimulus.name] = (
                f"this expert has not advised on {item.excerpt.song} at this balance; "
                "import their advice, or give them the task"
            )
    if missing:
        _ask(item, form, missing, generated, now, endpoint, bundle)


def _ask(
    item: Item,
    form: AdviceForm,
    missing: Sequence[tuple[Entry, Stimulus]],
    generated: Generated,
    now: datetime,
    endpoint: "Endpoint | None",
    bundle: str,
) -> None:
    excerpt: Excerpt = item.excerpt
    try:
        window = asking.window_of(excerpt.folder, Balance.from_mapping(item.problem_db))
    except StorageError as error:
        raise Refused(f"item {item.number} ({excerpt.song}): {error}") from None
    replies = asking.ask(
        window,
        [entry for entry, _ in missing],
        seed=asking.seed_of(excerpt.song.fingerprint, problem_key(item.problem_db)),
        checkpoints=settings.CHECKPOINTS,
        endpoint=endpoint,
        reasons=form.reasons,
        self_check=form.self_check,
    )
    for reply, (_, stimulus) in zip(replies, missing, strict=True):
        if reply.advice is None:
            generated.refused[reply.system.name] = reply.refusal
            continue
        row = system_row(reply.system, reply.advice, bundle=bundle, now=now)
        manner = manner_of(form)
        _use(stimulus, record(row, excerpt, item.problem_db, reply.advice, now=now, manner=manner))
        generated.asked += 1


def known_advice(item: Item, name: str, manner: str, bundle: str) -> Advice | None:
    """What the present version of a system, or an expert, said about an item's problem."""
    said = Advice.objects.filter(
        system__name=name, excerpt=item.excerpt_id, problem_key=problem_key(item.problem_db)
    ).select_related("system")
    entry = registry().get(name)
    if entry is None:
        return said.filter(system__kind=System.Kind.EXPERT).order_by("pk").last()
    for row in said.filter(manner=manner).order_by("-system__last_used_at", "-pk"):
        told = row.system.provenance
        if told.get("version") == entry.version and (
            not told.get("checkpoint") or told.get("bundle") == bundle
        ):
            return row
    return None


def _use(stimulus: Stimulus, said: Advice) -> None:
    """Show this advice. A text that proof-reading changed stays while the advice is the same."""
    if stimulus.advice_id == said.pk:
        return
    stimulus.system, stimulus.advice = said.system, said
    stimulus.text, stimulus.balance_db = said.prose, said.content["balance_db"]
    stimulus.save(update_fields=["system", "advice", "text", "balance_db"])


def outside_band(version: StudyVersion, spec: Spec) -> list[str]:
    """One line for each advice text that is shorter or longer than its block allows."""
    told = []
    rows = Stimulus.objects.filter(item__version=version, role=Stimulus.Role.SYSTEM)
    for one in rows.exclude(text="").select_related("item__excerpt__song"):
        block = spec.block(one.item.block)
        n_words, form = len(one.text.split()), block.advice
        if block.is_about_advice and not form.min_words <= n_words <= form.max_words:
            told.append(
                f"item {one.item.number} ({one.item.block}, {one.item.excerpt.song}), {one.name}: "
                f"{n_words} words, not {form.min_words} to {form.max_words}"
            )
    return told
