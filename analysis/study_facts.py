"""What exclusion rules look at, per rater or per trial of a study."""

from collections.abc import Callable

import numpy as np

from analysis.annotations import BoolArray, IntArray
from analysis.preference_votes import ANSWERS
from analysis.results import CannotCompute
from analysis.study_parts import MUSHRA, PAIRWISE, RATED, TRIAL_KINDS, Rater, Study
from analysis.vectors import FloatArray

_LEAST_ANSWERS = 4
"""Fewer answers than this say nothing of a rater's variance."""


class Facts:
    """Facts of one study; arrays over raters have shape (n_raters,), over trials (n_trials,)."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.n_raters = len(study.raters)

    def _of(self, test: Callable[[Rater], bool]) -> BoolArray:
        return np.array([test(rater) for rater in self.study.raters], dtype=np.bool_)

    def has_kind(self, kind: str) -> BoolArray:
        return self._of(lambda rater: rater.kind == kind)

    def has_state(self, state: str) -> BoolArray:
        return self._of(lambda rater: rater.state == state)

    def is_main_run(self) -> BoolArray:
        return self._of(lambda rater: rater.run == "main")

    def is_rejected(self) -> BoolArray:
        """By a researcher who looked at the rater's answers."""
        return self._of(lambda rater: rater.verdict == "rejected")

    def gate_passed(self, name: str) -> BoolArray:
        """Raises CannotCompute where nobody went through the gate."""
        taken = self._of(lambda rater: name in rater.gates)
        if not taken.any():
            raise CannotCompute(f"nobody took the {name} check")
        return self._of(lambda rater: bool(rater.gates.get(name, {}).get("passed")))

    def attention_passed(self) -> FloatArray:
        """Attention checks answered rightly; infinite for a rater who was given none.

        Raises:
            CannotCompute: nobody was given one.
        """
        gates = [rater.gates.get("attention", {}) for rater in self.study.raters]
        given = [bool(gate.get("of")) for gate in gates]
        if not any(given):
            raise CannotCompute("nobody was given an attention check")
        passed = [
            float(gate.get("passed") or 0) if was_given else np.inf
            for gate, was_given in zip(gates, given, strict=True)
        ]
        return np.array(passed)

    def time_spent_s(self) -> FloatArray:
        """Time on all trials together, seconds. Raises CannotCompute where none is known."""
        duration_s = self.study.trials.duration_s
        known = np.isfinite(duration_s)
        if not known.any():
            raise CannotCompute("durations were not recorded")
        rater = self.study.trials.rater[known]
        return np.bincount(rater, duration_s[known], self.n_raters).astype(np.float64)

    def listened_least_s(self) -> FloatArray:
        """Of each trial, the time of the sound heard least. Raises CannotCompute: none known."""
        trials = self.study.trials
        if not np.isfinite(trials.listened_least_s).any():
            raise CannotCompute("listening was not recorded")
        least = np.nan_to_num(trials.listened_least_s, nan=0.0)
        is_text = np.array([block.type in (PAIRWISE, RATED) for block in self.study.blocks])
        # In a trial of mixes a side without a time was never played.
        counts = np.diff(trials.side_start)
        side_trial = np.repeat(np.arange(len(trials)), counts)
        silent = np.isnan(trials.side_listened_s) & ~is_text[trials.block[side_trial]]
        least[np.bincount(side_trial, silent, len(trials)) > 0] = 0.0
        return np.asarray(least, dtype=np.float64)

    def all_played(self) -> BoolArray:
        """Trials in which every sound was played. Raises CannotCompute: not recorded."""
        return self.listened_least_s() > 0

    def spread_of_scale(self) -> FloatArray:
        """The largest spread of a rater's answers to any question: SD of ratings in units of the
        scale, share of votes that differ from the commonest; infinite below four answers."""
        found = np.full(self.n_raters, -1.0)
        counted = self.study.trials.kind == TRIAL_KINDS.index("main")
        for question, asked in enumerate(self.study.questions):
            if asked.kind == "scale":
                ratings = self.study.ratings.select(self.study.ratings.question == question)
                trial, values = (
                    ratings.trial,
                    (ratings.value - asked.low) / (asked.high - asked.low),
                )
            elif asked.kind == "choice":
                choices = self.study.choices.select(self.study.choices.question == question)
                trial, values = choices.trial, choices.choice.astype(np.float64)
            else:
                continue
            kept = counted[trial]
            rater = self.study.trials.rater[trial][kept]
            found = np.fmax(found, _sds(rater, values[kept], self.n_raters))
        return np.where(found < 0, np.inf, found)

    def repeats_kept(self, least: float) -> BoolArray:
        """Raters who answered at least this many of their repeats as before (or all they had).

        A repeat counts where more than half of its answers are within one step of the first
        (choices: the same system). Raises CannotCompute where nothing was repeated.
        """
        good, had = self._repeats()
        if not had.any():
            raise CannotCompute("nothing was repeated")
        return good >= np.minimum(least, had)

    def _repeats(self) -> tuple[FloatArray, FloatArray]:
        """Repeats answered alike, and repeats had, by rater."""
        first, again = self._repeat_pairs()
        alike, asked = np.zeros(len(again)), np.zeros(len(again))
        for close, place in self._closeness(first, again):
            alike += np.bincount(place, close, len(again))
            asked += np.bincount(place, minlength=len(again))
        rater, told = self.study.trials.rater[again], asked > 0
        good = np.bincount(rater[told], (alike > asked / 2)[told], self.n_raters)
        return good.astype(np.float64), np.bincount(rater[told], minlength=self.n_raters).astype(
            np.float64
        )

    def _repeat_pairs(self) -> tuple[IntArray, IntArray]:
        """First and repeated trial of one rater on one item with the same stimuli."""
        trials = self.study.trials
        shown = [
            tuple(sorted(trials.side_stimulus[low:high].tolist()))
            for low, high in zip(trials.side_start[:-1], trials.side_start[1:], strict=True)
        ]
        keys = list(zip(trials.rater.tolist(), trials.item.tolist(), shown, strict=True))
        main, repeat = TRIAL_KINDS.index("main"), TRIAL_KINDS.index("repeat")
        firsts = {key: n for n, key in enumerate(keys) if trials.kind[n] == main}
        pairs = [
            (firsts[key], n)
            for n, key in enumerate(keys)
            if trials.kind[n] == repeat and key in firsts
        ]
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _closeness(self, first: IntArray, again: IntArray) -> list[tuple[FloatArray, IntArray]]:
        """For each table: whether an answer was repeated, and the place of its pair of trials."""
        place = np.full((2, len(self.study.trials)), -1)
        place[0, first], place[1, again] = np.arange(len(first)), np.arange(len(again))
        ratings, choices = self.study.ratings, self.study.choices
        step = np.array([question.step for question in self.study.questions] or [0.0])
        span = np.array([q.high - q.low for q in self.study.questions] or [0.0])
        # A scale without steps: a tenth of it counts as one.
        within = np.nan_to_num(np.where(step > 0.02 * span, step, 0.1 * span))[ratings.question]
        winner = self._winner()
        found = []
        for rows, value, near in (
            (ratings, ratings.value, within),
            (choices, winner, np.zeros(len(choices))),
        ):
            stimulus = getattr(rows, "stimulus", np.zeros(len(rows), dtype=np.int64))
            found.append(_matched(rows.trial, rows.question, stimulus, value, near, place))
        return found

    def _winner(self) -> FloatArray:
        """Stimulus that each choice preferred; negative for a tie or both bad."""
        choices = self.study.choices
        if not len(choices):
            return np.empty(0)
        first, second = self.study.trials.first_sides(choices.trial)
        winner = np.where(choices.choice == ANSWERS["A"], first, second)
        return np.where(choices.choice >= ANSWERS["tie"], -choices.choice, winner).astype(float)

    def share_of_reference_below(self, bound: float) -> FloatArray:
        """Share of items on which a rater put the hidden reference below the bound."""
        return self._share("reference", lambda value: value < bound)

    def share_of_anchor_above(self, bound: float) -> FloatArray:
        """Share of items on which a rater put the anchor above the bound; of several anchors the
        one rated highest by all raters together."""
        return self._share("anchor", lambda value: value > bound)

    def _share(self, role: str, test: Callable[[FloatArray], BoolArray]) -> FloatArray:
        study = self.study
        of_role = np.array([one.role == role for one in study.stimuli], dtype=np.bool_)
        mushra = np.array([block.type == MUSHRA for block in study.blocks], dtype=np.bool_)
        rows = study.ratings.select(
            of_role[study.ratings.stimulus] & mushra[study.trials.block[study.ratings.trial]]
        )
        if not len(rows):
            raise CannotCompute(f"no {role} was rated on a mushra scale")
        asked = study.questions[int(rows.question[0])]
        if (asked.low, asked.high) != (0.0, 100.0):
            raise CannotCompute("BS.1534-3's rules hold for a scale of 0 to 100")
        if role == "anchor":
            rows = rows.select(self._mid_anchor(rows.stimulus, rows.value))
        rater = study.trials.rater[rows.trial]
        counts = np.bincount(rater, minlength=self.n_raters)
        hits = np.bincount(rater, test(rows.value), self.n_raters)
        return np.where(counts > 0, hits / np.maximum(counts, 1), 0.0)

    def _mid_anchor(self, stimulus: IntArray, value: FloatArray) -> BoolArray:
        """Rows of each item's anchor of the highest mean."""
        totals = np.bincount(stimulus, value, len(self.study.stimuli))
        counts = np.bincount(stimulus, minlength=len(self.study.stimuli))
        means = np.where(counts > 0, totals / np.maximum(counts, 1), -np.inf)
        best: dict[int, int] = {}
        for number in np.unique(stimulus):
            item = self.study.stimuli[number].item
            if item not in best or means[number] > means[best[item]]:
                best[item] = int(number)
        return np.isin(stimulus, list(best.values()))


def _sds(rater: IntArray, values: FloatArray, n_raters: int) -> FloatArray:
    """Population SD of each rater's values; infinite below `_LEAST_ANSWERS`, NaN without any."""
    n = np.bincount(rater, minlength=n_raters)
    mean = np.bincount(rater, values, n_raters) / np.maximum(n, 1)
    squares = np.bincount(rater, (values - mean[rater]) ** 2, n_raters)
    sd = np.sqrt(squares / np.maximum(n, 1))
    return np.where(n == 0, np.nan, np.where(n < _LEAST_ANSWERS, np.inf, sd))


def _matched(
    trial: IntArray,
    question: IntArray,
    stimulus: IntArray,
    value: FloatArray,
    within: FloatArray,
    place: IntArray,
) -> tuple[FloatArray, IntArray]:
    """Answers of both trials of a pair: whether they lie within, and the pair's place."""
    firsts = {
        key: row
        for row, key in enumerate(zip(place[0][trial], question, stimulus, strict=True))
        if key[0] >= 0
    }
    close, places = [], []
    for row in np.flatnonzero(place[1][trial] >= 0):
        key = place[1][trial[row]], question[row], stimulus[row]
        if key in firsts:
            close.append(abs(value[row] - value[firsts[key]]) <= within[row] + 1e-9)
            places.append(int(key[0]))
    return np.array(close, dtype=np.float64), np.array(places, dtype=np.int64)
