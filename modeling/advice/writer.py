"""Advice in words: one writer for every system, so that style tells nobody who is speaking.

The draw is seeded. What is written stays within a band of lengths whatever the system knows, and
`modeling.advice.parser.parse` gives the answer back.
"""

from collections.abc import Sequence

import numpy as np

from modeling.advice import phrases
from modeling.advice.facts import Fact
from modeling.advice.structure import Answer, SpokenMove

SHORTEST_WORDS, LONGEST_WORDS = 14, 64
MOST_MOVES = 2
STEP_DB = 0.5
_MOST_FACTS = 2
_STATED_SHARE = 0.2
_JOINED_SHARE = 0.4


def write(
    answer: Answer, facts: Sequence[Fact], rng: np.random.Generator, *, reasons: bool = True
) -> str:
    """Prose for an answer, with the first of the facts that fit in, unless `reasons` is off.

    Raises:
        ValueError: more than two moves, or a figure that is no multiple of half a dB.
    """
    _check(answer)
    body = _leave(answer, rng) if answer.leave_it else _moves(answer.moves, rng)
    opener, closer = _frame(answer, rng)
    told = _told(facts[:_MOST_FACTS], rng) if reasons else []
    sentences = [*body, *_that_fit(told, LONGEST_WORDS - _words(body))]
    for extra, place in ((closer, len(sentences)), (opener, 0)):
        needed = _words(sentences) < SHORTEST_WORDS
        fits = _words([*sentences, extra]) <= LONGEST_WORDS
        wanted = rng.random() < 0.5
        if extra and fits and (needed or wanted):
            sentences.insert(place, extra)
    return " ".join(sentences)


def half_db(value_db: float) -> str:
    """A figure as it is written: 3, 3.5."""
    return f"{value_db:g}"


def _moves(moves: Sequence[SpokenMove], rng: np.random.Generator) -> list[str]:
    joined = len(moves) == MOST_MOVES and rng.random() < _JOINED_SHARE
    clauses = [_move(move, rng, stated=False if joined else None) for move in moves]
    if joined:
        clauses = [", and ".join(clauses)]
    return [_sentence(clause) for clause in clauses]


def _move(move: SpokenMove, rng: np.random.Generator, stated: bool | None) -> str:
    is_stated = rng.random() < _STATED_SHARE if stated is None else stated
    if move.move_db > 0.0:
        forms = phrases.RAISE_STATED if is_stated else phrases.RAISE
    else:
        forms = phrases.LOWER_STATED if is_stated else phrases.LOWER
    size = _one(phrases.SIZES, rng).format(db=half_db(abs(move.move_db)))
    return _one(forms, rng).format(size=size, **_agreeing(move.stem)) + _interval(move, rng)


def _interval(move: SpokenMove, rng: np.random.Generator) -> str:
    if move.low_db is None or move.high_db is None:
        return ""
    low_db, high_db = move.low_db, move.high_db
    symmetric = high_db - move.move_db == move.move_db - low_db
    if symmetric and high_db > low_db and (low_db * high_db <= 0.0 or rng.random() < 0.5):
        return _one(phrases.GIVE_OR_TAKE, rng).format(reach=half_db(high_db - move.move_db))
    if low_db * high_db > 0.0:
        sizes = sorted((abs(low_db), abs(high_db)))
        return _one(phrases.BETWEEN, rng).format(low=half_db(sizes[0]), high=half_db(sizes[1]))
    return _one(phrases.FROM_TO, rng).format(low=_signed(low_db), high=_signed(high_db))


def _leave(answer: Answer, rng: np.random.Generator) -> list[str]:
    sentences = [_one(phrases.LEAVE, rng)]
    if answer.within_db is not None:
        sentences.append(_one(phrases.LEAVE_WITHIN, rng).format(within=half_db(answer.within_db)))
    return sentences


def _frame(answer: Answer, rng: np.random.Generator) -> tuple[str, str]:
    if answer.leave_it:
        return "", _one(phrases.LEAVE_MORE, rng)
    openers = phrases.OPENERS_ONE if len(answer.moves) == 1 else phrases.OPENERS_TWO
    return _one(openers, rng), _one(phrases.CLOSERS, rng)


def _told(facts: Sequence[Fact], rng: np.random.Generator) -> list[str]:
    """One sentence per fact; facts of one kind are not worded alike."""
    sentences = []
    used: set[str] = set()
    for fact in facts:
        wording = _one([form for form in phrases.FACTS[fact.kind] if form not in used], rng)
        used.add(wording)
        sentences.append(_fact(fact, wording))
    return sentences


def _fact(fact: Fact, wording: str) -> str:
    decimals = 0 if fact.kind in ("shared_spectrum", "mix_region", "mix_sides") else 1
    places = {
        "value": f"{abs(fact.value):.{decimals}f}",
        "above": "above" if fact.value >= 0.0 else "below",
        "opposite": "below this" if fact.value >= 0.0 else "above this",
        "under": "under" if fact.value >= 0.0 else "over",
        "low": f"{fact.low:.0f}",
        "high": f"{fact.high:.0f}",
        "n": f"{fact.low:.0f}",
        "other": phrases.NAMES.get(fact.other, ""),
        **_agreeing(fact.stem),
    }
    return _sentence(wording.format(**places).removesuffix("."))


def _agreeing(stem: str) -> dict[str, str]:
    singular = stem in phrases.SINGULAR
    name = phrases.NAMES.get(stem, "")
    return {
        "stem": name,
        "Stem": name[:1].upper() + name[1:],
        "need": "needs" if singular else "need",
        "sit": "sits" if singular else "sit",
        "are": "is" if singular else "are",
        "measure": "measures" if singular else "measure",
    }


def _that_fit(sentences: Sequence[str], n_words: int) -> list[str]:
    kept: list[str] = []
    for sentence in sentences:
        if _words([*kept, sentence]) <= n_words:
            kept.append(sentence)
    return kept


def _check(answer: Answer) -> None:
    if len(answer.moves) > MOST_MOVES:
        raise ValueError(f"advice names {len(answer.moves)} moves; at most {MOST_MOVES} are said")
    for move in answer.moves:
        for value_db in (move.move_db, move.low_db, move.high_db):
            _check_half_db(move.stem, value_db)
    _check_half_db("within", answer.within_db)


def _check_half_db(name: str, value_db: float | None) -> None:
    if value_db is not None and (value_db / STEP_DB) % 1.0 != 0.0:
        raise ValueError(f"{name}: {value_db} dB is no multiple of {STEP_DB:g} dB; round it")


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _sentence(clause: str) -> str:
    return clause[0].upper() + clause[1:] + "."


def _signed(value_db: float) -> str:
    return f"{value_db:+g}" if value_db else "0"


def _words(sentences: Sequence[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
