"""Reads advice back: from prose to the answer, or a refusal that says why.

Reads every sentence of the writer, in any case and with any white space, and plain advice in other
words. It would rather refuse than guess: advice that is negated, conditional, without a figure, on
an unknown stem or at odds with itself is refused.
"""

import re
import unicodedata
from dataclasses import dataclass

from modeling.advice import grammar
from modeling.advice.structure import Answer, SpokenMove

LONGEST_CHARACTERS = 4000


class ParseError(ValueError):
    """Prose that gives no answer; the message says which words are to blame."""


class ContradictionError(ParseError):
    """Prose that says two things at once."""


@dataclass(frozen=True)
class _Claim:
    stem: str
    sign: int
    size_db: float | None
    interval_db: tuple[float, float] | None = None


def parse(prose: str) -> Answer:
    """The answer that prose gives, its moves in the order in which they are said.

    >>> parse("Raise the vocals by about 3 dB, give or take 1 dB.").moves[0].high_db
    4.0

    Raises:
        ContradictionError: two directions or sizes for a stem, or moves beside "leave it".
        ParseError: no answer, or one that cannot be read for certain.
    """
    if len(prose) > LONGEST_CHARACTERS:
        raise ParseError(f"the prose has {len(prose)} characters; at most {LONGEST_CHARACTERS}")
    claims: list[_Claim] = []
    stays: list[str] = []
    leave_it = False
    within: set[float] = set()
    for sentence in _sentences(prose):
        rest = grammar.LEAVE_REST.sub(" ", sentence)
        leave_it = leave_it or bool(grammar.LEAVE_ALL.search(rest))
        rest = grammar.LEAVE_ALL.sub(" ", rest)
        stays.extend(_stem_of(match) for match in grammar.STAYS.finditer(rest))
        rest = grammar.STAYS.sub(" ", rest)
        within.update(_number(match["db"]) for match in grammar.WITHIN.finditer(rest))
        claims.extend(_claims(rest))
    moves = _merged(claims)
    _check(moves, stays, leave_it)
    if not moves and len(within) > 1:
        raise ContradictionError("the prose states two ranges within which the set is balanced")
    return Answer(moves, next(iter(within)) if leave_it and within else None)


def _sentences(prose: str) -> list[str]:
    text = unicodedata.normalize("NFKC", prose).casefold()
    text = text.replace("\u2212", "-").replace("\u2019", "'").replace("*", "")
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\bdecibels?\b", "db", text)
    return [part.strip() for part in grammar.SENTENCE_END.split(text) if part.strip()]


def _claims(sentence: str) -> list[_Claim]:
    """What one sentence advises, in order; [] for a sentence that gives none."""
    found: list[_Claim] = []
    if not grammar.MAY_ADVISE.search(sentence):
        return found
    rest, position = "", 0
    while match := _first_clause(sentence, position):
        direction, clause = match
        rest += sentence[position : clause.start()] + " "
        sign = _sign(direction, clause)
        size = clause.groupdict().get("db")
        size_db = None if size is None else _number(size)
        interval_db, position = _interval(sentence, clause.end(), sign, size_db)
        found.append(_Claim(_stem_of(clause), sign, size_db, interval_db))
    rest += sentence[position:]
    _refuse_leftovers(sentence, rest, bool(found))
    return found


def _first_clause(sentence: str, position: int) -> tuple[str, re.Match[str]] | None:
    found = [
        (direction, match)
        for direction, pattern in grammar.CLAUSES
        if (match := pattern.search(sentence, position))
    ]
    # Of patterns that begin alike the longest is meant.
    return min(found, key=lambda pair: (pair[1].start(), -pair[1].end()), default=None)


def _sign(direction: str, clause: re.Match[str]) -> int:
    if direction == "raise":
        return 1
    if direction == "lower":
        return -1
    if direction == "too":
        return 1 if clause["word"] in grammar.TOO_LITTLE else -1
    return 1 if clause["word"] in grammar.UPWARD else -1


def _interval(
    sentence: str, position: int, sign: int, size_db: float | None
) -> tuple[tuple[float, float] | None, int]:
    """The interval that follows a clause, as a move, and where reading goes on."""
    if size_db is None:
        return None, position
    if match := grammar.GIVE_OR_TAKE.match(sentence, position):
        reach_db = _number(match["reach"])
        return (sign * size_db - reach_db, sign * size_db + reach_db), match.end()
    if match := grammar.BETWEEN.match(sentence, position):
        ends = sorted((sign * _number(match["low"]), sign * _number(match["high"])))
        return (ends[0], ends[1]), match.end()
    if match := grammar.FROM_TO.match(sentence, position):
        return (_number(match["low"]), _number(match["high"])), match.end()
    return None, position


def _refuse_leftovers(sentence: str, rest: str, has_claims: bool) -> None:
    if loose := grammar.LOOSE_ADVICE.search(rest):
        raise ParseError(f"{loose[0]!r} cannot be read for certain in: {_shortened(sentence)}")
    if not has_claims:
        return
    if unclear := grammar.UNCLEAR.search(rest):
        raise ParseError(f"{unclear[0]!r} leaves open what is meant in: {_shortened(sentence)}")
    if grammar.LOOSE_FIGURE.search(rest):
        raise ParseError(f"a figure in dB belongs to nothing in: {_shortened(sentence)}")


def _merged(claims: list[_Claim]) -> tuple[SpokenMove, ...]:
    """One move per stem, in the order in which the sizes are said."""
    by_stem: dict[str, list[_Claim]] = {claim.stem: [] for claim in claims if claim.size_db}
    for claim in claims:
        by_stem.setdefault(claim.stem, []).append(claim)
    return tuple(_one_move(stem, said) for stem, said in by_stem.items())


def _one_move(stem: str, said: list[_Claim]) -> SpokenMove:
    if len({claim.sign for claim in said}) > 1:
        raise ContradictionError(f"{stem}: raised and lowered at once")
    sizes = {claim.size_db for claim in said if claim.size_db is not None}
    intervals = {claim.interval_db for claim in said if claim.interval_db is not None}
    if not sizes:
        raise ParseError(f"{stem}: it is not said by how many dB")
    if len(sizes) > 1 or len(intervals) > 1:
        raise ContradictionError(f"{stem}: moved by two different figures")
    low_db, high_db = next(iter(intervals), (None, None))
    try:
        return SpokenMove(stem, said[0].sign * sizes.pop(), low_db, high_db)
    except ValueError as error:
        raise ContradictionError(str(error)) from error


def _check(moves: tuple[SpokenMove, ...], stays: list[str], leave_it: bool) -> None:
    if leave_it and moves:
        raise ContradictionError("the prose says to leave the balance and to change it")
    both = sorted({move.stem for move in moves} & set(stays))
    if both:
        raise ContradictionError(f"{both[0]}: left as it is and moved at once")
    if not leave_it and not moves:
        raise ParseError("the prose gives no advice; name a stem, a direction and dB")


def _stem_of(match: re.Match[str]) -> str:
    word = match["stem"]
    return next(stem for start, stem in grammar.STEM_WORDS.items() if word.startswith(start))


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= 80 else sentence[:79] + "…"
