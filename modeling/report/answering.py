"""Every row's answers to the cases of the three protocols (torch).

Songs of one length are heard together, so that none is cut to the length of a shorter one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modeling import rules
from modeling.corpus import Excerpt
from modeling.errors import PUBLISHED, USUAL
from modeling.evaluation.cases import Cases, answers_from_corrections, published_cases, usual_cases
from modeling.evaluation.compare import (
    PERFECT_EAR,
    Table,
    perfect_ear_evidence,
    rule_answers,
    rule_evidence,
    table,
)
from modeling.evaluation.hearing import bank_of, hear_cases, scalars_of
from modeling.models.decision import thresholds_of
from modeling.models.posterior import Evidence
from modeling.report.contestants import Contestants
from modeling.rules import PUBLISHED_WITHOUT_ANCHOR
from modeling.training.data import SongBank

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """Tables by protocol, and how far each song was trusted by each advisor, (songs,) 0 to 1."""

    tables: dict[str, Table]
    trust: dict[str, Floats]


def answer_all(
    contestants: Contestants, excerpts: Sequence[Excerpt], per_song: int, seed: int
) -> Answered:
    """Ask every row the same cases: the usual ones, and the published protocol both ways."""
    hearing = _Hearing(contestants, excerpts)
    usual, published = usual_cases(excerpts, per_song, seed), published_cases(excerpts, seed)
    evidence, trust = hearing.evidence(usual)
    tables = {USUAL.name: _table(contestants, usual, evidence, trust, USUAL.name, seed)}
    of_songs = {name: _by_song(values, usual, len(excerpts)) for name, values in trust.items()}
    evidence, trust = hearing.evidence(published)
    for name, cases in (
        (PUBLISHED.name, published),
        (PUBLISHED_WITHOUT_ANCHOR, published.without_anchors()),
    ):
        tables[name] = _table(contestants, cases, evidence, trust, name, seed)
    return Answered(tables, of_songs)


def _by_song(values: Floats, cases: Cases, n_songs: int) -> Floats:
    return np.array([values[cases.songs == song].mean() for song in range(n_songs)])


def _table(
    contestants: Contestants,
    cases: Cases,
    evidence: dict[str, Evidence],
    trust: dict[str, Floats],
    protocol: str,
    seed: int,
) -> Table:
    thresholds: dict[str, float | Floats] = {
        row: contestants.threshold(row, protocol)
        for row in evidence
        if row in contestants.advisors or (contestants.rules is not None and row != PERFECT_EAR)
    }
    for row, values in trust.items():
        fitted = contestants.threshold(row, protocol)
        thresholds[row] = thresholds_of(
            evidence[row], values, fitted, cases.distribution, cases.anchors
        )
    if contestants.rules is not None:
        plain = rule_answers(cases, contestants.rules, seed)
    else:
        plain = {
            name: answers_from_corrections(name, correction_db, cases)
            for name, correction_db in _unfitted(cases, seed).items()
        }
    return table(cases, evidence, thresholds, plain, seed)


def _unfitted(cases: Cases, seed: int) -> dict[str, Floats]:
    """Corrections of the rows that were fitted to nothing."""
    rng = np.random.default_rng([seed, 7])
    return {
        "zero": rules.zero(cases.relative_db),
        "random": rules.random_corrections(cases.active, cases.distribution, rng),
        "equal_loudness": rules.equal_loudness(cases.relative_db),
        "oracle": rules.oracle(cases.errors_db),
    }


class _Hearing:
    """All excerpts as the advisors hear them, in groups of one length."""

    def __init__(self, contestants: Contestants, excerpts: Sequence[Excerpt]) -> None:
        self.contestants, self.excerpts = contestants, list(excerpts)
        lengths = defaultdict(list)
        for number, excerpt in enumerate(excerpts):
            products = excerpt.products
            lengths[len(products.bands), len(products.envelope)].append(number)
        self.groups = [
            (numbers, {name: self._bank(numbers, name) for name in contestants.advisors})
            for numbers in lengths.values()
        ]

    def evidence(self, cases: Cases) -> tuple[dict[str, Evidence], dict[str, Floats]]:
        """Evidence of every row that states uncertainty, and the advisors' trust in each case."""
        found: dict[str, Evidence] = {}
        trust: dict[str, Floats] = {}
        for name, checkpoint in self.contestants.advisors.items():
            offset_db, sigma_db = (np.full_like(cases.errors_db, np.nan) for _ in range(2))
            trust_of_case = np.zeros(len(cases))
            for numbers, banks in self.groups:
                rows, some = _only(cases, numbers)
                heard = hear_cases(checkpoint.ensemble, banks[name], some)
                offset_db[rows] = heard.evidence.offset_db
                sigma_db[rows] = heard.evidence.sigma_db
                trust_of_case[rows] = heard.trust
            found[name] = Evidence(offset_db, sigma_db)
            trust[name] = trust_of_case
        found.update(self._evidence_of_rules(cases))
        perfect = perfect_ear_evidence(cases, self.excerpts)
        return (found if perfect is None else {**found, "perfect_ear": perfect}), trust

    def _evidence_of_rules(self, cases: Cases) -> dict[str, Evidence]:
        fitted = self.contestants.rules
        if fitted is None:
            return {}
        if "differential" not in self.contestants.advisors:
            return {"template_shrinkage": rules.template_shrinkage(cases.relative_db, fitted)}
        return rule_evidence(cases, self._features(), fitted)

    def _features(self) -> Floats:
        """Level-free scalars (songs, f)."""
        ensemble = self.contestants.advisors["differential"].ensemble
        rows: dict[int, Floats] = {}
        for numbers, banks in self.groups:
            rows.update(zip(numbers, scalars_of(ensemble, banks["differential"]), strict=True))
        return np.stack([rows[number] for number in range(len(self.excerpts))])

    def _bank(self, numbers: list[int], conditioning: str) -> SongBank:
        return bank_of([self.excerpts[number] for number in numbers], conditioning)


def _only(cases: Cases, numbers: list[int]) -> tuple[NDArray[np.int64], Cases]:
    """The rows of the cases of these songs, and those cases with the songs numbered anew."""
    rows = np.flatnonzero(np.isin(cases.songs, numbers))
    place = {number: k for k, number in enumerate(numbers)}
    return rows, replace(
        cases,
        songs=np.array([place[int(song)] for song in cases.songs[rows]], dtype=np.int64),
        errors_db=cases.errors_db[rows],
        relative_db=cases.relative_db[rows],
        anchors=tuple(cases.anchors[row] for row in rows),
    )
