"""Prompt files: versioned, hashed, never changed once used."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).resolve().parent / "prompts"
DEFAULT = "judge-v1"


class PromptError(ValueError):
    """A prompt that does not exist or is damaged; one line."""


@dataclass(frozen=True)
class Prompt:
    """The texts of one prompt file; `sha256` is the file's."""

    name: str
    sha256: str
    texts: Mapping[str, str]

    def text(self, key: str, **values: str) -> str:
        """One of its texts with {names} filled in. Raises PromptError."""
        try:
            text = self.texts[key]
        except KeyError:
            raise PromptError(f"prompt {self.name} has no text {key!r}; add it") from None
        # Not str.format: advice and questions may hold braces.
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text.strip()


def prompt_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@lru_cache(maxsize=8)
def prompt(name: str = DEFAULT) -> Prompt:
    """The prompt called `name`. Raises PromptError."""
    if name not in prompt_names():
        raise PromptError(f"no prompt {name[:60]!r}; known are {', '.join(prompt_names())}")
    content = (FOLDER / f"{name}.toml").read_bytes()
    texts = tomllib.loads(content.decode())
    return Prompt(name, hashlib.sha256(content).hexdigest(), MappingProxyType(texts))
