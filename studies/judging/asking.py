"""One trial as a request to a language model: what a judge is given, and nothing else.

No name of a system, reference, injected error, consensus or sigma is at hand here: the parts below
are all that a request is made from.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from modeling.endpoint.request import Audio, Request
from studies.judging.prompts import Prompt
from studies.judging.verdicts import allowed_choices, schema_of
from studies.protocol.answers import is_per_letter
from studies.protocol.spec import Block, Question, in_language

Given = Literal["text", "text+table", "text+table+audio"]
GIVEN: tuple[Given, ...] = ("text", "text+table", "text+table+audio")

# Loudness in LUFS by stem, None where silent, and of the whole mix as "mix".
Table = Mapping[str, float | None]
MOST_TOKENS = 1200


@dataclass(frozen=True)
class Showing:
    """What one trial shows.

    `texts` by letter, empty for mixes. `tables` holds the loudness of the mix that the advice is
    about as "problem", or of each version by letter. `audio` likewise is one sound.
    """

    block: Block
    letters: Sequence[str]
    texts: Mapping[str, str]
    tables: Mapping[str, Table]
    audio: Audio | None = None


@dataclass(frozen=True)
class Asking:
    """How a judge is asked: the recorded factors."""

    prompt: Prompt
    given: Given
    language: str = "en"
    seed: int = 0
    temperature: float | None = 0.0


def request_of(showing: Showing, asking: Asking, *, repeat: int = 0) -> Request:
    """The request for one trial. The same trial gives the same request."""
    parts = [
        asking.prompt.text(showing.block.type, letters=", ".join(showing.letters)),
        *_about_the_mix(showing, asking),
        *_advice(showing, asking),
        *(_question(showing, question, asking) for question in showing.block.questions),
    ]
    has_audio = asking.given == "text+table+audio"
    return Request(
        asking.prompt.text("system"),
        (("user", "\n\n".join(parts)),),
        audio=showing.audio if has_audio else None,
        schema=schema_of(showing.block, showing.letters),
        max_tokens=MOST_TOKENS,
        temperature=asking.temperature,
        seed=asking.seed,
        repeat=repeat,
    )


def _about_the_mix(showing: Showing, asking: Asking) -> list[str]:
    is_versions = not showing.block.is_about_advice
    parts = []
    if asking.given != "text":
        parts.append(asking.prompt.text("versions_table" if is_versions else "table"))
        parts += [_table_lines(name, table) for name, table in showing.tables.items()]
    if asking.given == "text+table+audio" and showing.audio is not None:
        letters = ", ".join(showing.letters)
        key = "versions_audio" if is_versions else "audio"
        parts.append(asking.prompt.text(key, letters=letters))
    return parts


def _table_lines(name: str, table: Table) -> str:
    lines = [] if name == "problem" else [f"Version {name}:"]
    for stem, value_lufs in table.items():
        lines.append(f"{stem}: silent" if value_lufs is None else f"{stem}: {value_lufs:.1f} LUFS")
    return "\n".join(lines)


def _advice(showing: Showing, asking: Asking) -> list[str]:
    """Each text between two lines with a mark that its writer could not know."""
    parts = []
    for letter, text in showing.texts.items():
        secret = f"{asking.seed}\0{asking.prompt.sha256}\0{letter}\0{text}"
        mark = hashlib.sha256(secret.encode()).hexdigest()[:16]
        parts.append(f"Advice {letter}\n----- {mark} -----\n{text}\n----- {mark} -----")
    return parts


def _question(showing: Showing, question: Question, asking: Asking) -> str:
    """The words that people read, then how to answer."""
    language, prompt = asking.language, asking.prompt
    lines = [f'Question "{question.key}": {in_language(question.text, language)}']
    if question.help:
        lines.append(in_language(question.help, language))
    letters = ", ".join(showing.letters)
    if question.kind == "choice":
        allowed = ", ".join(f'"{one}"' for one in allowed_choices(question, showing.letters))
        lines.append(prompt.text("choice", allowed=allowed))
    elif question.kind == "ranking":
        lines.append(prompt.text("ranking_how", letters=letters))
    elif question.kind == "text":
        lines.append(prompt.text("text"))
    else:
        key = "scales" if is_per_letter(showing.block, question) else "scale"
        lines.append(
            prompt.text(
                key,
                low=f"{question.low:g}",
                high=f"{question.high:g}",
                step=f"{question.step:g}",
                letters=letters,
                ends=_ends(question, language),
            )
        )
    return "\n".join(lines)


def _ends(question: Question, language: str) -> str:
    low, high = (in_language(t, language) for t in (question.low_label, question.high_label))
    if not low and not high:
        return ""
    return f" {question.low:g} is “{low}”, {question.high:g} is “{high}”."
