"""What a language model is asked, and how strictly its answer is read."""

import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.advice.parser import ParseError, parse
from modeling.advice.phrases import NAMES
from modeling.advice.structure import Answer, SpokenMove
from modeling.advice.writer import MOST_MOVES, STEP_DB
from modeling.endpoint.request import Answer as Reply
from modeling.endpoint.request import Audio, one_line
from modeling.errors import LARGEST_DB, SMALLEST_DB
from modeling.features import SAMPLE_RATE_HZ
from modeling.systems.hearing import Heard

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "balanced": {"type": "boolean"},
        "moves": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "stem": {"type": "string", "enum": list(STEMS)},
                    "direction": {"type": "string", "enum": ["raise", "lower"]},
                    "db": {"type": "number"},
                },
                "required": ["stem", "direction", "db"],
                "additionalProperties": False,
            },
        },
        "explanation": {"type": "string"},
    },
    "required": ["balanced", "moves", "explanation"],
    "additionalProperties": False,
}

SYSTEM_TEXT = f"""\
You are a mixing engineer who judges the balance of a song that consists of four stems: vocals, \
drums, bass and other (all other instruments). Only the gain of each stem can be changed. The \
overall level does not matter. Songs may already be balanced; then say so and move nothing.

Answer with one JSON object and nothing else:
{{"balanced": true or false, "moves": [{{"stem": "vocals", "direction": "raise" or "lower", \
"db": 3.0}}], "explanation": "..."}}

Rules: balanced is true exactly when moves is empty. At most {MOST_MOVES} moves, the most certain \
first, each from {SMALLEST_DB:g} to {LARGEST_DB:g} dB in steps of {STEP_DB:g} dB. The explanation \
repeats every move once in the form "Raise the vocals by 3 dB." or "Lower the bass by 2 dB.", or \
says "Leave the balance as it is."; give reasons without naming any further change of level."""


class AgentAnswerError(Exception):
    """An answer that cannot be used, and why, in one line that the model can act on."""


def question(heard: Heard) -> str:
    """The user's text: the loudness table."""
    table = heard.the_table()
    lines = [
        f"{stem}: {lufs:.1f} LUFS" if math.isfinite(lufs) else f"{stem}: silent"
        for stem, lufs in zip(STEMS, table.stems_lufs, strict=True)
    ]
    return "\n".join(
        [
            f"Integrated loudness (BS.1770) of each stem, with the mix at {table.mix_lufs:.1f} "
            "LUFS:",
            *lines,
            "Is this balanced? If not, what would you change?",
        ]
    )


def repair(reason: str) -> str:
    """The one more turn after an answer that was refused."""
    return f"That answer cannot be used: {reason}. Answer again, with one JSON object by the rules."


def read_answer(reply: Reply, active: Sequence[bool]) -> tuple[Answer, str]:
    """The structured answer and the model's own words.

    Raises:
        AgentAnswerError: a refusal, no JSON, another schema, moves outside the rules, or an
            explanation that says something else than the moves.
    """
    if reply.refusal:
        raise AgentAnswerError(f"it refuses to answer ({one_line(reply.refusal)})")
    if reply.finish_reason == "length":
        raise AgentAnswerError("it is too long and was cut off")
    values = _object(reply.text)
    moves = tuple(_move(item, active) for item in values["moves"])
    if bool(moves) == values["balanced"]:
        raise AgentAnswerError(f"balanced is {values['balanced']}, but moves has {len(moves)}")
    try:
        answer = Answer(moves)
    except ValueError as error:
        raise AgentAnswerError(str(error)) from error
    _check_words(answer, values["explanation"])
    return answer, values["explanation"]


def wav(audio: NDArray[np.float32]) -> Audio:
    """A mix (2, n) at 44.1 kHz as a 16-bit WAV file."""
    buffer = io.BytesIO()
    peak = max(1.0, float(np.abs(audio).max(initial=0.0)))
    soundfile.write(buffer, audio.T / peak, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return Audio(buffer.getvalue(), audio.shape[1] / SAMPLE_RATE_HZ)


def _object(text: str) -> dict[str, Any]:
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", text, re.DOTALL)
    try:
        values = json.loads(fenced[1] if fenced else text)
    except ValueError as error:
        raise AgentAnswerError("it is no JSON") from error
    if not isinstance(values, dict) or set(values) != set(SCHEMA["required"]):
        raise AgentAnswerError("it needs exactly the fields balanced, moves and explanation")
    if not isinstance(values["balanced"], bool) or not isinstance(values["explanation"], str):
        raise AgentAnswerError("balanced must be true or false, and explanation text")
    if not isinstance(values["moves"], list) or len(values["moves"]) > MOST_MOVES:
        raise AgentAnswerError(f"moves must be a list of at most {MOST_MOVES}")
    return values


def _move(item: object, active: Sequence[bool]) -> SpokenMove:
    if not isinstance(item, dict) or set(item) != {"stem", "direction", "db"}:
        raise AgentAnswerError("a move needs exactly the fields stem, direction and db")
    stem, direction, size_db = item["stem"], item["direction"], item["db"]
    if stem not in STEMS or direction not in ("raise", "lower"):
        raise AgentAnswerError(f"a move of {one_line(str(stem))} to {one_line(str(direction))}")
    if not active[STEMS.index(stem)]:
        raise AgentAnswerError(f"{stem} is silent and cannot be moved")
    is_number = isinstance(size_db, int | float) and not isinstance(size_db, bool)
    if not is_number or not SMALLEST_DB <= size_db <= LARGEST_DB or (size_db / STEP_DB) % 1.0:
        raise AgentAnswerError(
            f"{stem}: {one_line(str(size_db))} dB; use {SMALLEST_DB:g} to {LARGEST_DB:g} dB in "
            f"steps of {STEP_DB:g} dB"
        )
    return SpokenMove(stem, float(size_db) if direction == "raise" else -float(size_db))


def _check_words(answer: Answer, words: str) -> None:
    try:
        said = parse(words)
    except ParseError as error:
        raise AgentAnswerError(f"the explanation cannot be read: {error}") from error
    stated = {move.stem: move.move_db for move in answer.moves}
    worded = {move.stem: move.move_db for move in said.moves}
    if stated != worded:
        raise AgentAnswerError(
            f"the explanation says {_listed(worded)}, but the moves say {_listed(stated)}"
        )


def _listed(moves_db: dict[str, float]) -> str:
    parts = [f"{NAMES[stem]} {move_db:+g} dB" for stem, move_db in sorted(moves_db.items())]
    return ", ".join(parts) or "no change"
