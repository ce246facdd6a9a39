"""What the writer writes the parser reads: the same stems, directions, figures and intervals."""

import numpy as np
import pytest

from analysis.vectors import STEMS
from modeling.advice import phrases
from modeling.advice.facts import NEEDS
from modeling.advice.parser import parse
from modeling.advice.structure import Answer, SpokenMove
from modeling.advice.writer import LONGEST_WORDS, SHORTEST_WORDS, write
from tests.modeling.advice_cases import random_answer, random_fact

WORDINGS = {
    1.0: (*phrases.RAISE, *phrases.RAISE_STATED),
    -1.0: (*phrases.LOWER, *phrases.LOWER_STATED),
}


def test_ten_thousand_random_answers_come_back_as_they_were() -> None:
    rng = np.random.default_rng(10)
    for _ in range(10_000):
        answer = random_answer(rng)
        facts = [random_fact(rng) for _ in range(int(rng.integers(4)))]
        prose = write(answer, facts, rng)
        assert parse(prose) == answer, prose


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("stem", STEMS)
def test_every_wording_of_a_move_with_every_interval_is_read(stem: str, sign: float) -> None:
    move = SpokenMove(stem, 4.5 * sign, 4.5 * sign - 2.0, 4.5 * sign + 2.0)
    sizes = {"low": "2.5", "high": "6.5"}
    ends = {"low": f"{move.low_db:+g}", "high": f"{move.high_db:+g}"}
    tails = [
        *(tail.format(reach="2") for tail in phrases.GIVE_OR_TAKE),
        *(tail.format(**sizes) for tail in phrases.BETWEEN),
        *(tail.format(**ends) for tail in phrases.FROM_TO),
    ]
    for wording in WORDINGS[sign]:
        for size in phrases.SIZES:
            for tail in tails:
                name = phrases.NAMES[stem]
                clause = wording.format(stem=name, size=size.format(db="4.5"), need="need")
                assert parse(clause + tail + ".") == Answer((move,)), clause + tail


def test_every_wording_of_leave_it_is_read() -> None:
    for first in phrases.LEAVE:
        for second in ("", *phrases.LEAVE_MORE):
            assert parse(f"{first} {second}") == Answer()
            for within in phrases.LEAVE_WITHIN:
                prose = f"{first} {within.format(within='2.5')} {second}"
                assert parse(prose) == Answer((), 2.5)


@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_no_reason_is_taken_for_advice(kind: str) -> None:
    rng = np.random.default_rng(11)
    answer = Answer((SpokenMove("bass", -3.0),))
    for _ in range(50):
        facts = [random_fact(rng, kind), random_fact(rng, kind)]
        assert parse(write(answer, facts, rng)) == answer


def test_case_and_white_space_do_not_matter() -> None:
    rng = np.random.default_rng(12)
    for _ in range(200):
        answer = random_answer(rng)
        prose = write(answer, [random_fact(rng)], rng)
        spaced = "\n\t ".join(prose.split())
        assert parse(prose.upper()) == answer
        assert parse(prose.lower()) == answer
        assert parse(f"  {spaced}\u00a0\n") == answer


def test_length_stays_in_one_band_whatever_is_said() -> None:
    rng = np.random.default_rng(13)
    for _ in range(1000):
        answer = random_answer(rng)
        facts = [random_fact(rng) for _ in range(int(rng.integers(4)))]
        n_words = len(write(answer, facts, rng, reasons=bool(rng.integers(2))).split())
        assert SHORTEST_WORDS <= n_words <= LONGEST_WORDS


def test_words_are_drawn_by_the_seed_and_vary() -> None:
    answer = Answer((SpokenMove("vocals", 3.0, 2.0, 4.0),))
    texts = [write(answer, [], np.random.default_rng(seed)) for seed in range(60)]
    assert len(set(texts)) > 40
    assert texts[7] == write(answer, [], np.random.default_rng(7))


def test_the_bass_is_one_and_the_drums_are_many() -> None:
    rng = np.random.default_rng(14)
    facts = {stem: random_fact(rng, "under_mix") for stem in ("bass", "drums")}
    for _ in range(60):
        for stem, plural in (("bass", False), ("drums", True)):
            fact = type(facts[stem])("under_mix", 4.0, stem=stem)
            prose = write(Answer((SpokenMove(stem, 2.0),)), [fact], rng)
            wrong = (
                ("drums needs", "drums sits", "drums measures")
                if plural
                else ("bass need ", "bass sit ", "bass measure ")
            )
            assert not any(words in prose for words in wrong), prose


def test_reasons_can_be_switched_off() -> None:
    rng = np.random.default_rng(15)
    answer = Answer((SpokenMove("drums", -2.0),))
    fact = random_fact(rng, "under_mix")
    texts = [write(answer, [fact], np.random.default_rng(k), reasons=False) for k in range(40)]
    assert not any("LU" in text for text in texts)
    assert all("LU" in write(answer, [fact], np.random.default_rng(k)) for k in range(40))


def test_what_is_no_half_db_or_more_than_two_moves_is_not_written() -> None:
    rng = np.random.default_rng(16)
    with pytest.raises(ValueError, match=r"vocals: 2\.3 dB is no multiple of 0\.5 dB"):
        write(Answer((SpokenMove("vocals", 2.3),)), [], rng)
    three = tuple(SpokenMove(stem, 2.0) for stem in STEMS[:3])
    with pytest.raises(ValueError, match="advice names 3 moves; at most 2"):
        write(Answer(three), [], rng)
