"""Everything a report says, as plain values: a pure function of the export, the seed and the
time stamp."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from analysis.preference_draws import Cluster
from analysis.report.agreements import agreements
from analysis.report.cases import cases
from analysis.report.judging import judging
from analysis.report.objective import objective
from analysis.report.outcomes import outcomes, primary_figure, primary_outcome
from analysis.report.people import after_hearing, failures, participants
from analysis.report.plain import Plain, attempt, plain
from analysis.report.preferences import preferences
from analysis.report.ratings import rating_parts
from analysis.report.sensitivity import side_by_side
from analysis.study_export import read_export
from analysis.study_parts import Study
from analysis.study_rules import Selection, chosen_rule_set, rule_sets, select
from analysis.study_tables import system_names

FORMAT = "gainsay-report/1"
PACKAGES = ("numpy", "scipy", "statsmodels", "matplotlib")


@dataclass(frozen=True)
class Options:
    """What a report depends on besides the export.

    `now` is printed as it is; `exclusions` names a recorded rule set, None is the primary one.
    """

    now: str
    seed: int = 0
    exclusions: str | None = None
    include_simulated: bool = False


def build(source: Path | Mapping[str, Any], options: Options) -> Plain:
    """The report's values; there is no NaN in them.

    Raises:
        ExportError: the export does not hold together, or has no such rule set.
    """
    study = read_export(source)
    return report_values(study, options, fingerprint(source))


def fingerprint(source: Path | Mapping[str, Any]) -> str:
    """SHA-256 of the export, of its canonical form where it is no file."""
    if isinstance(source, Path):
        return hashlib.sha256(source.read_bytes()).hexdigest()
    text = json.dumps(source, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def report_values(study: Study, options: Options, export_hash: str = "") -> Plain:
    """The same from a study that was read already."""
    rules = chosen_rule_set(study, options.exclusions)
    selection = select(study, rules, include_simulated=options.include_simulated)
    named = primary_outcome(study) or {}
    cluster: Cluster = "rater" if named.get("cluster") == "rater" else "rater and item"
    seed = options.seed
    found: Plain = plain(
        {
            "format": FORMAT,
            "made": made(study, options, export_hash),
            "study": about(study),
            "asked": asked(study),
            "systems": systems(study),
            "exclusions": rules.as_json() | {"notes": selection.notes},
            "flow": [step.as_json() for step in selection.flow],
            "participants": participants(study, selection),
            "primary": attempt(primary_figure, study, selection),
            "preferences": preferences(study, selection, seed, cluster),
            "ratings": rating_parts(study, selection, seed),
            "agreement": agreements(study, selection, seed),
            "judges": judging(study, selection, seed),
            "objective": objective(study, selection, seed),
            "after_hearing": after_hearing(study, selection),
            "side_by_side": side_by_side(
                study,
                rule_sets(study),
                seed=seed,
                cluster=cluster,
                include_simulated=options.include_simulated,
            ),
            "cases": cases(study, selection),
            "failures": failures(study, selection),
            "limits": limits(study, selection, options),
            "log": list(study.log),
        }
    )
    return found


def package_versions() -> dict[str, str]:
    """Python and the packages that the figures rest on."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def made(study: Study, options: Options, export_hash: str) -> Plain:
    """How the report came about: what makes it the same again."""
    return {
        "at": options.now,
        "seed": options.seed,
        "include_simulated": options.include_simulated,
        "export_sha256": export_hash,
        "exported_at": study.exported_at,
        "versions": package_versions(),
        "export_software": dict(study.software),
    }


def about(study: Study) -> Plain:
    named = ("key", "title", "version", "state", "protocol_hash", "plan_hash", "frozen_at")
    told = {key: study.about.get(key) for key in named}
    return {
        **told,
        "blinded": bool(study.about.get("blinded")),
        "interim": bool(study.about.get("interim")),
        "plan": {key: value for key, value in study.plan.items() if key != "exclusions"},
        "n_items": len(study.items),
        "n_stimuli": len(study.stimuli),
        "n_judgements": study.n_judgements,
    }


def asked(study: Study) -> list[Plain]:
    """Every block with its questions."""
    return [
        {
            "block": block.key,
            "type": block.type,
            "title": block.title,
            "n_items": sum(item.block == block.key for item in study.items),
            "questions": [
                {
                    "key": question.key, "text": question.text, "kind": question.kind,
                    "low": question.low, "high": question.high, "low_label": question.low_label,
                    "high_label": question.high_label,
                }
                for question in (study.questions[number] for number in block.questions)
            ],
        }
        for block in study.blocks
    ]  # fmt: skip


def systems(study: Study) -> list[Plain]:
    names = system_names(study)
    return [
        {"label": one.label, "shown": name, "name": one.name, "title": one.title,
         "version": one.version, "kind": one.kind, "model_family": one.family}
        for one, name in zip(study.systems, names, strict=True)
    ]  # fmt: skip


def limits(study: Study, selection: Selection, options: Options) -> list[str]:
    """What a reader must bear in mind, in sentences."""
    told = []
    n_people = int(selection.raters.sum())
    if study.about.get("interim"):
        told.append("The study was still running: these are interim figures, and looking at them "
                    "is logged.")  # fmt: skip
    if study.about.get("blinded"):
        told.append("The export is blinded: systems are shown by label.")
    simulated = [r for n, r in enumerate(study.raters) if r.kind == "simulated"]
    if options.include_simulated and simulated:
        told.append(f"{len(simulated)} simulated raters are counted as people: these figures test "
                    "the machinery and say nothing about anybody's judgement.")  # fmt: skip
    if n_people < 40:
        told.append(f"{n_people} raters are few: below 40 the intervals rest on approximations "
                    "that may run short.")  # fmt: skip
    if len(study.systems) < 7:
        told.append(f"A correlation over {len(study.systems)} systems says little.")
    if len(outcomes(study, "choice", "scale", "ranking")) > 1:
        told.append("Holm's correction is within each question. Across questions nothing is "
                    "corrected: what is not primary is exploratory.")  # fmt: skip
    if study.protocol.get("allow_seen"):
        told.append("The study allows songs that a system was fitted on: its figures on those say "
                    "nothing about new songs.")  # fmt: skip
    told.append("Lengths of texts cannot be hidden from raters; their effect is reported.")
    return told
