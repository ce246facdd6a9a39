"""Ratings by scale: what was given, the models, the tests and the effect sizes."""

from typing import Any

import numpy as np

from analysis.corrections import bonferroni, holm, stars
from analysis.cumulative import fit_cumulative
from analysis.effect_sizes import cliffs_delta, cohens_d, cohens_d_paired, rank_biserial
from analysis.mixed import fit_mixed
from analysis.rank_tests import clustered_signed_rank, mann_whitney, rank_test
from analysis.rating_tables import SystemRatings
from analysis.report.outcomes import Outcome, mean_by_cluster, outcomes
from analysis.report.plain import Plain, attempt, generator, plain
from analysis.report.preferences import corrected
from analysis.study_parts import Study
from analysis.study_rules import Selection
from analysis.study_tables import ratings_of

STAR_CAPTION = "Mann-Whitney U with Bonferroni: assumes independence, which repeated ratings lack"


def rating_parts(study: Study, selection: Selection, seed: int) -> list[Plain]:
    """Every rated or ranked question; a part that cannot be computed says why."""
    trials = selection.of_kind(study, "main")
    found = []
    for outcome in outcomes(study, "scale", "ranking"):
        rated = ratings_of(study, outcome.number, trials, outcome.phase, with_controls=True)
        real = ratings_of(study, outcome.number, trials, outcome.phase).ratings
        found.append({**outcome.about(), **_part(outcome, rated.ratings, real, seed)})
    return found


def _part(outcome: Outcome, shown: SystemRatings, ratings: SystemRatings, seed: int) -> Plain:
    counts = {
        "n_ratings": len(ratings), "n_raters": len(np.unique(ratings.rater)),
        "n_items": len(np.unique(ratings.item)),
    }  # fmt: skip
    return {
        **counts,
        "systems": [summary(shown, system) for system in shown.rated_systems()],
        "mixed": attempt(lambda: corrected(plain(fit_mixed(ratings)))),
        "cumulative": attempt(lambda: corrected(plain(fit_cumulative(ratings)))),
        "rank_test": attempt(lambda: rank_test(ratings.cell_means(ratings.within()))),
        "pairs": pairs(ratings, seed, outcome.key),
        "stars": star_table(ratings),
        "star_caption": STAR_CAPTION,
        "family": "all pairs of systems on this scale, Holm",
    }


def summary(ratings: SystemRatings, system: int) -> Plain:
    """What one system was given, with the counts of each value for the figure."""
    values = ratings.of(system)
    rater = ratings.rater[ratings.system == system]
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    level, count = np.unique(values, return_counts=True)
    told: Plain = plain(
        {
            "system": ratings.systems[system],
            "n": len(values),
            "n_raters": len(np.unique(rater)),
            "mean": mean_by_cluster(values, rater, "mean"),
            "sd": float(values.std(ddof=1)) if len(values) > 1 else np.nan,
            "median": middle,
            "quartile_low": low,
            "quartile_high": high,
            "least": values.min(),
            "most": values.max(),
            "values": level if len(level) <= 400 else np.quantile(values, np.linspace(0, 1, 201)),
            "counts": count if len(level) <= 400 else np.ones(201),
        }
    )
    return told


def pairs(ratings: SystemRatings, seed: int, name: str) -> list[Plain]:
    """Signed rank tests and effect sizes of all pairs, with raw and Holm-corrected p."""
    found = [_pair(ratings, first, second, seed, name) for first, second in ratings.pairs()]
    raw = [one["signed_rank"].get("p") for one in found]
    adjusted = holm([np.nan if p is None else p for p in raw])
    return [{**one, "p_holm": plain(float(p))} for one, p in zip(found, adjusted, strict=True)]


def _pair(ratings: SystemRatings, first: int, second: int, seed: int, name: str) -> Plain:
    names = ratings.systems[first], ratings.systems[second]
    rng = generator(seed, f"effects {name} {names[0]} {names[1]}")
    difference, rater, _ = ratings.paired_differences(first, second)
    one, other = ratings.of(first), ratings.of(second)
    by_one, by_other = (ratings.rater[ratings.system == system] for system in (first, second))
    parts: dict[str, Any] = {
        "signed_rank": lambda: clustered_signed_rank(difference, rater),
        "mean_difference": lambda: mean_by_cluster(difference, rater, "mean paired difference"),
        "rank_biserial": lambda: rank_biserial(difference, rater, rng),
        "cohens_d_paired": lambda: cohens_d_paired(difference, rater, rng),
        "cliffs_delta": lambda: cliffs_delta(one, other, by_one, by_other, rng),
        "cohens_d": lambda: cohens_d(one, other, by_one, by_other, rng),
    }
    told = {"first": names[0], "second": names[1], "n_paired": len(difference)}
    return {**told, **{key: attempt(part) for key, part in parts.items()}}


def star_table(ratings: SystemRatings) -> list[Plain]:
    """Mann-Whitney of all pairs with Bonferroni, in the layout of mixing papers."""
    found: list[Plain] = []
    for first, second in ratings.pairs():
        part = attempt(mann_whitney, ratings.of(first), ratings.of(second))
        names = {"first": ratings.systems[first], "second": ratings.systems[second]}
        found.append({**names, **part})
    adjusted = bonferroni([np.nan if one.get("p") is None else one["p"] for one in found])
    for one, p in zip(found, adjusted, strict=True):
        one["p_bonferroni"] = plain(float(p))
        one["stars"] = stars(float(p))
    return found
