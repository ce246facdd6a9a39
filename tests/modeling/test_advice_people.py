"""An expert's words and balance become advice, or are refused with one line."""

import re

import pytest

from analysis.vectors import Balance
from modeling.advice.people import human_advice

FLAT = Balance(0.0, 0.0, 0.0, 0.0)


def test_words_and_balance_of_an_expert_become_advice() -> None:
    present = Balance(0.0, 2.0, None, 0.0)
    advice = human_advice(
        "I would raise the vocals by 3 dB.", present, Balance(3.2, 2.0, None, 0.0), expert="B"
    )
    assert advice.move.to_mapping()["vocals"] == pytest.approx(3.2)
    assert advice.balance.to_mapping() == pytest.approx(
        {"vocals": 3.2, "drums": 2.0, "bass": None, "other": 0.0}
    )
    assert advice.provenance.system == "human"
    assert advice.provenance.version == "B"
    assert advice.uncertainty is None


def test_a_common_offset_of_all_faders_is_no_advice() -> None:
    advice = human_advice("Fine as it stands.", FLAT, Balance(4.0, 4.0, 4.0, 4.0), expert="B")
    assert advice.leave_it


def test_a_balance_said_in_an_equivalent_form_agrees() -> None:
    two_up = Balance(6.0, 6.0, 0.0, 0.0)
    for text in (
        "Raise the vocals by 6 dB and raise the drums by 6 dB.",
        "Lower the bass by 6 dB and lower the other instruments by 6 dB.",
    ):
        assert human_advice(text, FLAT, two_up, expert="B").prose == text


def test_free_words_without_figures_are_kept() -> None:
    text = "The singer drowns; let her through."
    advice = human_advice(f"  {text}\n", FLAT, Balance(2.0, 0.0, 0.0, 0.0), expert="B")
    assert advice.prose == text


@pytest.mark.parametrize(
    ("text", "balance", "message"),
    [
        ("", FLAT, "expert B: the text has 0 characters"),
        ("x" * 2001, FLAT, "the text has 2001 characters; use 1 to 2000"),
        ("a\x00b", FLAT, "characters that cannot be shown"),
        ("Fine.", Balance(0.0, 0.0, None, 0.0), "other stems off than the present one"),
        (
            "Lower the vocals by 3 dB.",
            Balance(3.0, 0.0, 0.0, 0.0),
            "something else than the balance",
        ),
        ("Leave the balance as it is.", Balance(6.0, 0.0, 0.0, 0.0), "something else"),
        (
            "Raise the bass by 2 dB. Lower the bass by 2 dB.",
            Balance(0.0, 0.0, 2.0, 0.0),
            "bass: raised and lowered at once",
        ),
        ("Louder.", Balance(80.0, 0.0, 0.0, 0.0), "vocals moves by 80 dB; at most 52 dB"),
    ],
)
def test_what_cannot_be_advice_is_refused(text: str, balance: Balance, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        human_advice(text, FLAT, balance, expert="B")
