"""The parser would rather refuse than guess."""

import pytest

from modeling.advice.parser import ContradictionError, ParseError, parse
from modeling.advice.structure import Answer, SpokenMove


@pytest.mark.parametrize(
    "prose",
    [
        "Raise the vocals by 3 dB. Then lower the vocals by 3 dB.",
        "Raise the vocals by 3 dB. Give the vocals 2 dB more level.",
        "Leave the balance as it is. Raise the drums by 2 dB.",
        "No change is needed. Lower the bass by 2 dB.",
        "The drums are too loud. Raise the drums by 2 dB.",
        "Lower the bass by 2 dB. Leave the bass where it is.",
        "Raise the vocals by 3 dB, most likely between 4 and 6 dB.",
        "Raise the vocals by 3 dB, most likely from -4 to -2 dB.",
        "Raise the vocals by 3 dB, give or take 1 dB. Lift the vocals by 3 dB, give or take 2 dB.",
        "Leave the mix as it is. It lies within 2 dB. No, it lies within 3 dB.",
    ],
)
def test_prose_that_contradicts_itself_is_refused(prose: str) -> None:
    with pytest.raises(ContradictionError):
        parse(prose)


@pytest.mark.parametrize(
    "prose",
    [
        "",
        "It sounds great.",
        "Raise the vocals.",
        "The vocals are too quiet.",
        "Raise the guitar by 3 dB.",
        "Raise the vocals by three dB.",
        "Raise the vocals by -3 dB.",
        "Raise the vocals by 0 dB.",
        "Do not raise the vocals by 3 dB.",
        "I would never lower the drums by 2 dB.",
        "Raise the vocals by 3 dB or lower the drums by 2 dB.",
        "If you like it loud, raise the vocals by 3 dB.",
        "Raise the vocals by 3 dB and the drums by 2 dB.",
        "Raise the vocals by 3 to 4 dB.",
        "Raise the vocals between 2 and 4 dB.",
        "Raise the vocals by 3 dB and compress them.  Turn the bass drum up by 2 dB.",
        "Raise the vocals by 3 dB instead of the drums.",
        "Raise the vocals by 3 dB, 5 dB.",
        "Mute the bass. Raise the vocals by 3 dB.",
        "Raise the vocals by 3 dB. The bass should be lowered by 2 dB.",
        "Raise the vocals by 3 dB. Consider boosting the drums.",
        "Leave the other stems as they are.",
        "raise the vocals by 3 dB " * 400,
    ],
)
def test_prose_without_a_certain_answer_is_refused(prose: str) -> None:
    with pytest.raises(ParseError):
        parse(prose)


def test_the_reason_of_a_refusal_names_the_words_to_blame() -> None:
    with pytest.raises(
        ParseError, match=r"'raise' cannot be read for certain in: raise the guitar"
    ):
        parse("Raise the guitar by 3 dB.")
    with pytest.raises(ParseError, match="vocals: it is not said by how many dB"):
        parse("The vocals are a bit too loud.")


@pytest.mark.parametrize(
    ("prose", "stem", "move_db"),
    [
        ("Boost the lead vocals 2.5dB", "vocals", 2.5),
        ("turn down the drums by 4 decibels", "drums", -4.0),
        ("The bass is about 3 dB too loud.", "bass", -3.0),
        ("The accompaniment should be 2 dB quieter.", "other", -2.0),
        ("Lower the singer by 1,5 dB", "vocals", -1.5),
        ("The drums are too quiet. Raise the drums by 2 dB.", "drums", 2.0),
        ("Raise **the vocals** by 3 dB. Leave the bass where it is.", "vocals", 3.0),
        (
            "Ease the other instruments back 2 dB; keep the other two stems as they are.",
            "other",
            -2,
        ),
    ],
)
def test_plain_advice_in_other_words_is_read(prose: str, stem: str, move_db: float) -> None:
    assert parse(prose) == Answer((SpokenMove(stem, float(move_db)),))


def test_moves_come_in_the_order_in_which_they_are_said() -> None:
    answer = parse("Lower the bass by 2 dB, and raise the vocals by 3 dB.")
    assert [move.stem for move in answer.moves] == ["bass", "vocals"]
