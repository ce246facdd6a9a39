"""Systems by label: S1, S2... stand for their names wherever a study is looked at blind.

Labels guard researchers against seeing by accident which system did what. They are a function of
the names and the study's seed, so that every export of a version says the same.
"""

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any

from studies.models import StudyVersion

# Fields of a spec whose values are words of the schema: a system called "mixed" is no reason to
# change the name of a model.
SCHEMA_WORDS = frozenset(
    {
        "anchors", "back", "check", "cluster", "hear_after", "kind", "languages", "model",
        "platform", "policy", "questionnaire", "ranked", "rule", "stems", "type",
    }
)  # fmt: skip
# Lists whose order would tell which label is which.
_SYSTEM_LISTS = ("systems", "contrasts", "contrast")


def system_names(spec: Mapping[str, Any]) -> list[str]:
    """Every system of a spec's blocks, once, in the order of first mention."""
    return list(
        dict.fromkeys(name for block in spec["blocks"] for name in block.get("systems", []))
    )


class Labels:
    """Labels of a version's systems; `hide` puts them in place of the names."""

    def __init__(self, spec: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> None:
        names = sorted(system_names(spec))
        random.Random(f"labels {spec.get('seed', 0)} {','.join(names)}").shuffle(names)
        self.by_name = {name: f"S{place}" for place, name in enumerate(names, 1)}
        # What a system is called on pages gives it away as well.
        said = dict(self.by_name)
        for name, title in (titles or {}).items():
            if title and name in self.by_name:
                said.setdefault(title, self.by_name[name])
        self._said = {_plain(words): label for words, label in said.items()}
        self._pattern = _pattern(said)

    @classmethod
    def of(cls, version: StudyVersion) -> "Labels":
        return cls(version.spec, titles_of(version))

    def label(self, name: str) -> str | None:
        return self.by_name.get(name)

    def hide_text(self, text: str) -> str:
        """A text with every name of a system, in whatever letters, replaced by its label."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._said[_plain(found[0])], text)

    def hide(self, value: Any, key: str = "") -> Any:
        """Plain data with the names replaced, keys included; words of the schema stay."""
        if isinstance(value, str):
            return value if key in SCHEMA_WORDS else self.hide_text(value)
        if isinstance(value, Mapping):
            return {self.hide_text(one): self.hide(below, one) for one, below in value.items()}
        if isinstance(value, list | tuple):
            hidden = [self.hide(one, key) for one in value]
            return sorted(hidden) if key in _SYSTEM_LISTS else hidden
        return value


def titles_of(version: StudyVersion) -> dict[str, str]:
    """What the systems that spoke are called, by name in the spec."""
    found = version.items.exclude(stimuli__system=None).order_by()
    rows = found.values_list("stimuli__name", "stimuli__system__title").distinct()
    return {name: title for name, title in rows if name}


def _pattern(said: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(said, key=len, reverse=True)
    if not longest_first:
        return None
    # llm_agent is also written llm-agent and "LLM agent".
    words = "|".join(
        r"[ _-]".join(map(re.escape, re.split(r"[ _-]", one))) for one in longest_first
    )
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE)


def _plain(words: str) -> str:
    return re.sub(r"[ _-]", " ", words).casefold()
