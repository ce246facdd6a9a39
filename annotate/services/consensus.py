"""From the rows of a campaign to the arrays of `analysis`, and back: drafts and frozen versions."""

import hashlib
import json
import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from analysis.agreement import agreement_by_stem, self_consistency
from analysis.anchoring import anchoring_slopes
from analysis.annotations import Annotations
from analysis.consensus import Consensus as Fit
from analysis.consensus import fit_consensus
from analysis.results import Estimate
from analysis.rules import REASONS, AnnotationRecord, AnnotationRules, apply_rules
from analysis.vectors import STEMS, FloatArray, centre
from annotate.fields import StemValues
from annotate.models import (
    Annotation,
    Annotator,
    Campaign,
    CampaignExcerpt,
    Consensus,
    ConsensusDraft,
    ConsensusExcerpt,
    Decision,
)
from annotate.models.work import FADER_HIGH_DB

MOST_POINTS = 200


@dataclass(frozen=True, eq=False)
class Table:
    """What the rules keep of a campaign, as rows and as arrays in the same order."""

    items: list[CampaignExcerpt]
    rows: list[Annotation]
    excluded: list[dict[str, str]]
    annotations: Annotations
    start_db: FloatArray
    trim_db: FloatArray
    set_aside: dict[int, str]


def load_table(campaign: Campaign, rules: AnnotationRules) -> Table:
    """Read a campaign's current answers and sort them by the rules."""
    items = list(campaign.items.select_related("excerpt__song").order_by("pk"))
    place = {item.pk: index for index, item in enumerate(items)}
    answers = list(
        Annotation.objects.filter(assignment__item__campaign=campaign, balance_db__isnull=False)
        .filter(assignment__annotator__withdrawn_at__isnull=True)
        .current()
        .select_related("assignment__annotator")
        .order_by("assignment__item", "assignment__annotator__number", "assignment__repeat")
    )
    selection = apply_rules(rules, [_record(answer) for answer in answers])
    kept = set(selection.kept)
    rows = [answer for answer in answers if answer.assignment.key in kept]
    return Table(
        items=items,
        rows=rows,
        excluded=[
            {
                "assignment": answer.assignment.key,
                "letter": answer.assignment.annotator.letter,
                "reason": "; ".join(REASONS[r] for r in selection.excluded[answer.assignment.key]),
            }
            for answer in answers
            if answer.assignment.key not in kept
        ],
        annotations=Annotations(
            excerpt=np.array([place[row.assignment.item_id] for row in rows], dtype=np.int64),
            annotator=np.array([row.assignment.annotator.number for row in rows], dtype=np.int64),
            balance_db=_array([row.balance_db for row in rows]),
            stem_loudness_lufs=_array([item.excerpt.loudness_lufs for item in items]),
            repeat=np.array([row.assignment.repeat for row in rows], dtype=np.int64),
            at_top=_array([row.fader_db for row in rows]) >= FADER_HIGH_DB,
        ),
        start_db=_array([row.assignment.start_db for row in rows]),
        trim_db=_array([row.assignment.trim_db for row in rows]),
        set_aside=_set_aside(items),
    )


def _record(answer: Annotation) -> AnnotationRecord:
    annotator = answer.assignment.annotator
    imported = annotator.kind == Annotator.Kind.IMPORTED
    return AnnotationRecord(
        id=answer.assignment.key,
        simulated=annotator.kind == Annotator.Kind.SIMULATED,
        headphones_passed=annotator.headphone_passed,
        mixing_years=annotator.mixing_years,
        # Nobody listened here to what was balanced elsewhere: the rule does not apply to it.
        listening_s=float("inf") if imported else answer.listened_s,
    )


def _array(values: list[StemValues | None]) -> FloatArray:
    """(n, 4) with NaN for null."""
    rows = [
        [np.nan if stems is None or stems[s] is None else stems[s] for s in STEMS]
        for stems in values
    ]
    return np.array(rows, dtype=np.float64).reshape(len(values), len(STEMS))


def _set_aside(items: list[CampaignExcerpt]) -> dict[int, str]:
    """Items whose last decision sets them aside, with the reason."""
    last = {
        decision.item_id: decision
        for decision in Decision.objects.filter(item__in=items).order_by("pk")
    }
    return {
        item: decision.reason
        for item, decision in last.items()
        if decision.verdict == Decision.Verdict.SET_ASIDE
    }


def draft_rules(campaign: Campaign) -> AnnotationRules:
    """The rules that the researcher has set for this campaign."""
    draft = ConsensusDraft.objects.filter(campaign=campaign).first()
    return AnnotationRules.from_json(draft.rules if draft else {})


def set_rules(campaign: Campaign, rules: AnnotationRules) -> None:
    """Other rules are another series of figures: how agreement grew begins anew."""
    values = {"rules": rules.as_json(), "growth": []}
    ConsensusDraft.objects.update_or_create(campaign=campaign, defaults=values)


def compute_draft(campaign: Campaign, *, now: datetime) -> ConsensusDraft:
    """Work out consensus and agreement from what is there, and store it for the pages."""
    rules = draft_rules(campaign)
    table = load_table(campaign, rules)
    fit = fit_consensus(table.annotations, np.random.default_rng(campaign.seed))
    result = {
        "excerpts": [_excerpt_json(table, fit, index) for index in range(len(table.items))],
        "agreement": agreement_json(table, campaign.seed),
        "excluded": table.excluded,
        "n_annotations": len(table.rows),
        "notes": _notes(table),
    }
    computed = {"result": result, "annotation_count": len(table.rows), "computed_at": now}
    # The rules are the researcher's: they may have been changed while this was worked out.
    draft, _ = ConsensusDraft.objects.update_or_create(
        campaign=campaign,
        defaults=computed,
        create_defaults={**computed, "rules": rules.as_json()},
    )
    if draft.rules == rules.as_json():
        draft.growth = grown(draft.growth, result)
        draft.save(update_fields=["growth"])
    return draft


def grown(growth: list[dict[str, Any]], result: dict[str, Any]) -> list[dict[str, Any]]:
    """The series with the present figures at its end; thinned evenly once it is long."""
    n = result["n_annotations"]
    se_db = {stem: result["agreement"][stem]["se_db"]["estimate"] for stem in STEMS}
    if all(value is None for value in se_db.values()):
        return growth
    series = [point for point in growth if point["n"] < n]
    if len(series) >= MOST_POINTS:
        series = series[::2]
    return [*series, {"n": n, "se_db": se_db}]


def _notes(table: Table) -> list[str]:
    simulated = sum(row.assignment.annotator.kind == "simulated" for row in table.rows)
    if not simulated:
        return []
    return [f"{simulated} of {len(table.rows)} annotations are simulated: no person made them."]


def agreement_json(table: Table, seed: int) -> dict[str, dict[str, Any]]:
    """Per stem, every figure with its interval, from the excerpts that are not set aside."""
    rng = np.random.default_rng(seed)
    used = np.array([row.assignment.item_id not in table.set_aside for row in table.rows], bool)
    annotations = table.annotations.select(used)
    agreement = agreement_by_stem(annotations, rng)
    consistency = self_consistency(annotations)
    on_start = anchoring_slopes(annotations, table.start_db[used])
    on_trim = anchoring_slopes(annotations, table.trim_db[used])
    figures: dict[str, dict[str, Estimate]] = {
        stem: {
            "icc_a1": agreement[stem].icc_single,
            "icc_ak": agreement[stem].icc_average,
            "sd_between_db": agreement[stem].sd_between_annotators_db,
            "se_db": agreement[stem].se_of_consensus_db,
            "alpha_interval": agreement[stem].alpha,
            "self_consistency_sd_db": consistency[stem],
            "slope_on_start": on_start[stem],
            "slope_on_trim": on_trim[stem],
        }
        for stem in STEMS
    }
    figures["pooled"] = {
        "slope_on_start": on_start["pooled"],
        "slope_on_trim": on_trim["pooled"],
    }
    return {
        stem: {name: estimate.as_json() for name, estimate in row.items()}
        for stem, row in figures.items()
    }


def _stems(values: FloatArray) -> StemValues:
    return {
        stem: float(value) if np.isfinite(value) else None
        for stem, value in zip(STEMS, values, strict=True)
    }


def _values(table: Table, fit: Fit, index: int) -> dict[str, Any]:
    """Status and figures of one excerpt, as draft and frozen version share them."""
    item = table.items[index]
    status = "set aside" if item.pk in table.set_aside else fit.status[index]
    has_balance = status == ConsensusExcerpt.Status.CONSENSUS
    return {
        "status": status,
        "n": int(fit.n_annotations[index]),
        "balance_db": _stems(fit.balance_db[index]) if has_balance else None,
        "low_db": _stems(fit.low_db[index]) if has_balance else None,
        "high_db": _stems(fit.high_db[index]) if has_balance else None,
        "spread_db": _stems(fit.spread_db[index]) if has_balance else None,
        "off_share": _stems(fit.share_off[index]),
        "top_share": _stems(fit.share_top[index]),
    }


def _excerpt_json(table: Table, fit: Fit, index: int) -> dict[str, Any]:
    item = table.items[index]
    rows = np.flatnonzero(table.annotations.excerpt == index)
    return {
        "item": item.key,
        "excerpt": str(item.excerpt),
        "song": str(item.excerpt.song),
        **_values(table, fit, index),
        "annotations": [_annotation_json(table, fit, int(row)) for row in rows],
    }


def _annotation_json(table: Table, fit: Fit, row: int) -> dict[str, Any]:
    assignment = table.rows[row].assignment
    distance_z = fit.outlier_z[row]
    return {
        "assignment": assignment.key,
        "letter": assignment.annotator.letter,
        "kind": assignment.annotator.kind,
        "repeat": assignment.repeat,
        "balance_db": _stems(centre(table.annotations.balance_db[row])),
        "start_db": _stems(centre(table.start_db[row])),
        "is_outlier": bool(fit.outlier[row]),
        "outlier_z": float(distance_z) if np.isfinite(distance_z) else None,
    }


def freeze(
    campaign: Campaign, *, by: Any, now: datetime, rules: AnnotationRules | None = None
) -> Consensus:
    """Make the next numbered version. Raises ValueError when no excerpt has a consensus.

    Worked out before anything is written: on SQLite nobody could save a move meanwhile.
    """
    rules = rules or draft_rules(campaign)
    table = load_table(campaign, rules)
    fit = fit_consensus(table.annotations, np.random.default_rng(campaign.seed))
    values = [_values(table, fit, index) for index in range(len(table.items))]
    if not any(row["status"] == ConsensusExcerpt.Status.CONSENSUS for row in values):
        raise ValueError(
            f"{campaign}: no excerpt has the 3 annotations that a consensus needs; nothing frozen"
        )
    frozen = {
        "rules": rules.as_json(),
        "agreement": agreement_json(table, campaign.seed),
        "content_hash": _content_hash(rules, table, values),
    }
    return _store(campaign, table, values, frozen, by=by, now=now)


@transaction.atomic
def _store(
    campaign: Campaign,
    table: Table,
    values: list[dict[str, Any]],
    frozen: dict[str, Any],
    *,
    by: Any,
    now: datetime,
) -> Consensus:
    # Two who freeze at one instant wait for each other.
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    last = campaign.consensuses.aggregate(last=Max("version"))["last"] or 0
    consensus = Consensus.objects.create(
        campaign=campaign,
        version=last + 1,
        seed=campaign.seed,
        annotation_count=len(table.rows),
        excluded=table.excluded,
        software=software_versions(),
        frozen_by=by,
        frozen_at=now,
        **frozen,
    )
    ConsensusExcerpt.objects.bulk_create(
        ConsensusExcerpt(
            consensus=consensus, item=item, reason=table.set_aside.get(item.pk, ""), **row
        )
        for item, row in zip(table.items, values, strict=True)
    )
    return consensus


def software_versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        # Asked of the package: scipy itself would make every web process larger.
        "scipy": version("scipy"),
    }


def _content_hash(rules: AnnotationRules, table: Table, values: list[dict[str, Any]]) -> str:
    """The same rules, answers and values give the same hash. Values count to 1e-6 dB, since the
    last bits differ between machines."""
    content = {
        "rules": rules.as_json(),
        "answers": [[row.assignment.key, row.revision, row.balance_db] for row in table.rows],
        "excerpts": [
            [item.key, json.loads(json.dumps(row), parse_float=lambda text: round(float(text), 6))]
            for item, row in zip(table.items, values, strict=True)
        ],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
