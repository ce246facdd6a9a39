"""Advice by people: an expert's words and the balance that they set."""

from analysis.gauge import fewest_moves, moved_stems
from analysis.vectors import Balance, Move
from modeling.advice.parser import ContradictionError, ParseError, parse
from modeling.advice.structure import Advice, Answer, Provenance, SpokenMove

SYSTEM = "human"
LONGEST_CHARACTERS = 2000
LARGEST_DB = 52.0  # from the lowest to the highest fader
SAID_TOLERANCE_DB = 1.0
"""People round in speech: what they say may be this far from what they set."""


def human_advice(
    text: str,
    present: Balance,
    balance: Balance,
    *,
    expert: str,
    hears: tuple[str, ...] = ("mix", "stems"),
) -> Advice:
    """Advice from an expert's text and the balance they set, from the present one.

    The text may be free; where it names stems, directions and dB, they must be those of the
    balance. The move is shown in the fewest-moves gauge.

    Raises:
        ValueError: empty or endless text, other stems masked, a move beyond any fader, or a text
            that contradicts itself or the balance.
    """
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_CHARACTERS:
        raise ValueError(
            f"expert {expert}: the text has {len(words)} characters; use 1 to {LONGEST_CHARACTERS}"
        )
    if not all(character.isprintable() for character in words):
        raise ValueError(f"expert {expert}: the text holds characters that cannot be shown")
    if present.mask != balance.mask:
        raise ValueError(f"expert {expert}: the balance has other stems off than the present one")
    forms = fewest_moves(balance - present)
    _check_size(forms[0], expert)
    _check_words(words, forms, balance - present, expert)
    return Advice(
        move=forms[0],
        balance=present + forms[0],
        answer=Answer(_spoken(forms[0])),
        prose=words,
        provenance=Provenance(SYSTEM, expert, hears),
    )


def _spoken(move: Move) -> tuple[SpokenMove, ...]:
    values = move.to_mapping()
    sized = [(stem, value) for stem in moved_stems(move) if (value := values[stem]) is not None]
    return tuple(
        SpokenMove(stem, value) for stem, value in sorted(sized, key=lambda pair: -abs(pair[1]))
    )


def _check_size(move: Move, expert: str) -> None:
    for stem, value_db in move.to_mapping().items():
        if value_db is not None and abs(value_db) > LARGEST_DB:
            raise ValueError(
                f"expert {expert}: {stem} moves by {value_db:g} dB; at most {LARGEST_DB:g} dB"
            )


def _check_words(words: str, forms: tuple[Move, ...], as_set: Move, expert: str) -> None:
    try:
        said = parse(words)
    except ContradictionError as error:
        raise ValueError(f"expert {expert}: {error}") from error
    except ParseError:
        return  # free text that names no figures has nothing to contradict
    if not any(_agrees(said, form) for form in (*forms, as_set)):
        raise ValueError(
            f"expert {expert}: the text says something else than the balance; "
            "correct one of the two"
        )


def _agrees(said: Answer, form: Move) -> bool:
    """Every move that is said was made about so; without one, nothing larger was."""
    values = form.to_mapping()
    if said.leave_it:
        return not moved_stems(form, SAID_TOLERANCE_DB)
    for move in said.moves:
        made_db = values[move.stem]
        if made_db is None or abs(made_db - move.move_db) > SAID_TOLERANCE_DB:
            return False
    return True
