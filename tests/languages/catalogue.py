"""A catalogue's source (.po) read without gettext, so that its tests run on any machine."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

PARTS = ("msgctxt", "msgid_plural", "msgid", "msgstr[0]", "msgstr[1]", "msgstr")


@dataclass
class Entry:
    """One text: `parts` are its strings by the names that the format gives them."""

    flags: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Context and text: what the site asks for."""
        return self.parts.get("msgctxt", ""), self.parts["msgid"]

    @property
    def originals(self) -> list[str]:
        return [self.parts[name] for name in ("msgid", "msgid_plural") if name in self.parts]

    @property
    def translations(self) -> list[str]:
        return [text for name, text in self.parts.items() if name.startswith("msgstr")]


def read_catalogue(path: Path) -> dict[tuple[str, str], Entry]:
    """Every entry by its key, without the header; obsolete ones are kept under their text."""
    found = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        entry = _entry(block)
        if entry.parts.get("msgid"):
            found[entry.key] = entry
    return found


def _entry(block: str) -> Entry:
    entry, current = Entry(), ""
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.flags |= {flag.strip() for flag in line[2:].split(",")}
        if line.startswith("#"):
            continue
        name = next((one for one in PARTS if line.startswith(f"{one} ")), "")
        current = name or current
        entry.parts[current] = entry.parts.get(current, "") + ast.literal_eval(
            line.removeprefix(name).strip()
        )
    return entry
