"""The optional `song.json` beside a song's stems: title, artist, genre, split, licence, source."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

NOTES_FILE = "song.json"
SPLITS = ("train", "validation", "test")
LONGEST_TEXT = 200
_LONGEST_FILE_BYTES = 100_000


class SongNotesError(ValueError):
    """A `song.json` that cannot be used; one line that names the field and what to do."""


@dataclass(frozen=True)
class SongNotes:
    """What a person wrote about a song. An empty text means that it is not known."""

    title: str = ""
    artist: str = ""
    genre: str = ""
    split: str = ""
    licence: str = ""
    source: str = ""
    generated: bool = False


FIELDS = tuple(field.name for field in fields(SongNotes))


def read_song_notes(path: Path, default: SongNotes) -> SongNotes:
    """Read `song.json`; what it leaves out or leaves empty is taken from `default`.

    Raises:
        SongNotesError: unreadable, not one JSON object, unknown field or bad value.
    """
    try:
        values = _load(path)
    except FileNotFoundError:
        return default
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise SongNotesError(
            f"{path.name} has the unknown field {unknown[0]!r}; use {', '.join(FIELDS)}"
        )
    checked = {field: _checked(path.name, field, value) for field, value in values.items()}
    given: dict[str, Any] = {field: value for field, value in checked.items() if value != ""}
    return replace(default, **given)


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LONGEST_FILE_BYTES:
            raise SongNotesError(
                f"{path.name} is larger than 100 kB; keep only {', '.join(FIELDS)}"
            )
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SongNotesError(f"{path.name} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SongNotesError(
            f"{path.name} is not valid JSON in UTF-8; mend or remove it"
        ) from error
    if not isinstance(values, dict):
        raise SongNotesError(f"{path.name} is no JSON object; write {{...}} with named fields")
    return values


def _checked(file_name: str, field: str, value: object) -> str | bool:
    if field == "generated":
        if not isinstance(value, bool):
            raise SongNotesError(f"{file_name}: generated is {value!r}; write true or false")
        return value
    if not isinstance(value, str):
        raise SongNotesError(f"{file_name}: {field} is {value!r}; write a text in quotes")
    text = " ".join(value.split())
    if len(text) > LONGEST_TEXT:
        raise SongNotesError(
            f"{file_name}: {field} has {len(text)} characters; at most {LONGEST_TEXT}"
        )
    if field == "split" and text and text not in SPLITS:
        raise SongNotesError(f"{file_name}: split is {text!r}; use one of {', '.join(SPLITS)}")
    return text
