"""What simulated raters think of what they are shown: worths that follow from the known error.

They look up in the database what a page's trial is about; everything else goes through the page.
"""

from collections.abc import Mapping

from analysis.vectors import STEMS, Move
from studies.judging.rubric import move_of, worth_of_advice, worth_of_mix
from studies.models import Item, Rater, Stimulus, Trial
from studies.protocol.answers import letters_of
from studies.protocol.spec import Block
from studies.services.hearing_check import check_state
from studies.services.protocols import protocol_of


def _worth(stimulus: int, is_about_advice: bool) -> float:
    row = Stimulus.objects.select_related("item", "advice").get(pk=stimulus)
    item: Item = row.item
    if is_about_advice:
        content = row.advice.content if row.advice else {}
        error = Move.from_mapping(item.error_db)
        return worth_of_advice(error, move_of(content), content, row.text).overall
    balance_db = [_or_nan((row.balance_db or {}).get(stem)) for stem in STEMS]
    reference_db = [_or_nan(item.reference_db[stem]) for stem in STEMS]
    return worth_of_mix(balance_db, reference_db, row.role)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


class Opinion:
    """One trial: its block, the worth of each letter, and the right answers where there are."""

    def __init__(self, key: str) -> None:
        trial = Trial.objects.select_related("item__version", "rater").get(key=key)
        self.block: Block = protocol_of(trial.item.version).block(trial.item.block)
        self.letters = letters_of(len(trial.sides))
        self.kind = trial.kind
        about_advice = self.block.is_about_advice
        self.worths: Mapping[str, float] = {
            letter: _worth(stimulus, about_advice)
            for letter, stimulus in zip(self.letters, trial.sides, strict=True)
        }
        self.trial = trial

    def right_answers(self) -> dict[str, object]:
        """What an attention check asks for, by question; {} where it is none."""
        answer = self.trial.item.answer if self.kind == Trial.Kind.ATTENTION else None
        numbers = dict(self.trial.item.stimuli.values_list("pk", "number"))
        letters = {
            numbers[side]: letter
            for side, letter in zip(self.trial.sides, self.letters, strict=True)
        }
        questions = {question.key: question for question in self.block.questions}
        return {
            key: _right(kind, wanted, letters, questions[key].low, questions[key].high)
            for key, rule in (answer or {}).items()
            for kind, wanted in rule.items()
        }


def _right(kind: str, wanted: float, letters: Mapping[int, str], low: float, high: float) -> object:
    """One answer that fulfils a rule of studies.protocol.attention."""
    if kind == "exactly":
        return wanted
    chosen = letters[int(wanted)]
    others = [letter for letter in letters.values() if letter != chosen]
    if kind == "lowest":
        return {**dict.fromkeys(others, high), chosen: low}
    return [*others, chosen] if kind == "last" else chosen


def heard_right(token: str) -> list[int]:
    """The right answers of the headphone check that the rater of this link has before them."""
    rater = Rater.objects.by_token(token).get()
    current = check_state(rater).current
    return [] if current is None else [trial.answer for trial in current.sounds().trials]
