"""What is asked of an endpoint, what it costs at most, and what came back."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

_TOKENS_PER_MESSAGE = 16  # roles and separators
_TOKENS_PER_AUDIO_S = 50.0  # above what audio models count, so that a bound stays one

StructuredMode = Literal["json_schema", "json_object", "none"]


class EndpointError(Exception):
    """An exchange that failed: the endpoint, what happened, what to do; one line."""


class BudgetError(EndpointError):
    """The next request could cost more than what is left."""


class KeyRefusedError(EndpointError):
    """The endpoint takes no request with this key or at this address: asking on is of no use."""


@dataclass(frozen=True)
class Prices:
    """Prices in USD per million tokens."""

    input_usd_per_million: float
    output_usd_per_million: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not math.isfinite(value) or value < 0.0:
                raise EndpointError(f"{name} is {value}; give a price of 0 or more")

    def cost_usd(self, input_tokens: float, output_tokens: float) -> float:
        """The price of one exchange."""
        usd = input_tokens * self.input_usd_per_million
        return (usd + output_tokens * self.output_usd_per_million) / 1e6


@dataclass(frozen=True)
class Connection:
    """Where and how to ask.

    `structured` is what the endpoint understands as a demand for JSON; `takes_audio` says whether
    it hears sound. The key appears in no text, error or file.
    """

    base_url: str
    model: str
    prices: Prices
    api_key: str = field(default="", repr=False)
    structured: StructuredMode = "json_schema"
    takes_audio: bool = False
    tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise EndpointError(f"endpoint {self.shown!r} is no http(s) address; correct its URL")
        if not self.model:
            raise EndpointError(f"{self.shown}: no model is named; name one that it serves")

    @property
    def shown(self) -> str:
        """The address without anything that could be secret."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


@dataclass(frozen=True)
class Audio:
    """A WAV file to be heard, and how long it lasts."""

    wav: bytes
    duration_s: float


@dataclass(frozen=True)
class Request:
    """One question: a system text, turns of (role, text), audio with the first turn, a schema.

    The same request is never paid twice; `seed` and `repeat` tell apart what should be asked anew.
    """

    system: str
    turns: tuple[tuple[str, str], ...]
    audio: Audio | None = None
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 600
    temperature: float | None = 0.0
    seed: int = 0
    repeat: int = 0

    def body(self, connection: Connection) -> dict[str, Any]:
        """The JSON that is sent."""
        body: dict[str, Any] = {
            "model": connection.model,
            "messages": self._messages(),
            "seed": self.seed,
            connection.tokens_field: self.max_tokens,
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.schema is not None and connection.structured == "json_schema":
            answer = {"name": "answer", "strict": True, "schema": dict(self.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": answer}
        elif self.schema is not None and connection.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def key(self, connection: Connection) -> str:
        """Hash of all that can change the answer."""
        asked = {"url": connection.shown, "repeat": self.repeat, "body": self.body(connection)}
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def recorded(self, connection: Connection) -> dict[str, Any]:
        """The body as it is stored: audio as its hash."""
        body = self.body(connection)
        if self.audio is not None:
            digest = hashlib.sha256(self.audio.wav).hexdigest()
            body["messages"][1]["content"][1] = {"type": "input_audio", "sha256": digest}
        return body

    def most_usd(self, prices: Prices) -> float:
        """What the exchange costs at most: no token is shorter than one byte."""
        texts = [self.system, *(text for _, text in self.turns), json.dumps(self.schema)]
        tokens = sum(len(text.encode()) + _TOKENS_PER_MESSAGE for text in texts)
        audio_tokens = _TOKENS_PER_AUDIO_S * self.audio.duration_s if self.audio else 0.0
        return prices.cost_usd(tokens + audio_tokens, self.max_tokens)

    def then(self, answer: str, turn: str) -> "Request":
        """The same conversation after `answer`, with one more turn of the user."""
        turns = (*self.turns, ("assistant", answer), ("user", turn))
        return Request(**{**vars(self), "turns": turns})

    def _messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = [{"role": "system", "content": self.system}]
        messages += [{"role": role, "content": text} for role, text in self.turns]
        if self.audio is not None:
            data = base64.b64encode(self.audio.wav).decode("ascii")
            sound = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
            words = {"type": "text", "text": messages[1]["content"]}
            messages[1]["content"] = [words, sound]
        return messages


@dataclass(frozen=True)
class Answer:
    """What came back, and what it cost. `cost_is_bound`: the endpoint did not count its tokens."""

    text: str
    refusal: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float
    cost_is_bound: bool
    latency_s: float
    attempts: int
    cached: bool = False


def one_line(text: str, secrets: Sequence[str] = (), n_characters: int = 160) -> str:
    """Text of a stranger for an error message: one short line without secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= n_characters else flat[: n_characters - 1] + "…"
