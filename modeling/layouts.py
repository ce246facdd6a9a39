"""Finding songs on disk: MUSDB18 `.stem.mp4`, MUSDB18-HQ folders and plain folders of four stems.

The mixture that ships with a song (first stream, mixture.wav) is never used: it differs from the
sum of the stems, and whoever compared the two could read from the difference which mix was altered.
Every mix is rebuilt from the stems.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from analysis.vectors import STEMS
from modeling.audio import StemFile
from modeling.song_notes import NOTES_FILE, SPLITS, SongNotes, SongNotesError, read_song_notes

Layout = Literal["auto", "musdb18", "musdb18hq", "folder"]
LAYOUTS: tuple[str, ...] = get_args(Layout)
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
STEM_MP4_SUFFIX = ".stem.mp4"
# The order of the audio streams in a MUSDB18 file; stream 0 is the mixture.
STEM_MP4_STREAMS = {"drums": 1, "bass": 2, "other": 3, "vocals": 4}
# Marks a folder of the library itself, whose FLACs are scaled and must not be imported again.
LIBRARY_MARKS = ("gainsay-song.json", "gainsay-excerpt.json")
_NAMES_SHOWN = 6


@dataclass(frozen=True)
class SongSource:
    """A song as found on disk, nothing decoded yet. Unknown texts are empty."""

    path: Path
    layout: str
    title: str
    artist: str
    split: str
    genre: str
    licence: str
    origin: str
    generated: bool
    stems: Mapping[str, StemFile]


@dataclass(frozen=True)
class Problem:
    """A path that looked like a song, or was asked for, and why it is none."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Found:
    """What lies under the given paths, in the order of the paths."""

    songs: tuple[SongSource, ...]
    problems: tuple[Problem, ...]


def find_songs(paths: Iterable[Path | str], layout: str = "auto") -> Found:
    """Find every song under `paths` (files or folders), each once.

    With a layout other than "auto", only songs of that layout count. Never raises for what is on
    the disk: an unreadable folder, an incomplete song or a path without any song is a `Problem`.

    Raises:
        ValueError: unknown layout.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout {layout!r} is unknown; use one of {', '.join(LAYOUTS)}")
    songs: dict[Path, SongSource] = {}
    problems: dict[Path, Problem] = {}
    for path in map(Path, paths):
        for found in _search(path, layout):
            if isinstance(found, SongSource):
                songs.setdefault(found.path.resolve(), found)
            else:
                problems.setdefault(found.path.resolve(), found)
    return Found(tuple(songs.values()), tuple(problems.values()))


def _search(path: Path, layout: str) -> Iterator[SongSource | Problem]:
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except PermissionError:
        yield Problem(path, "cannot be read: permission denied; allow reading and try again")
        return
    if is_file:
        yield _song_of_file(path, layout)
    elif is_folder:
        found_any = False
        for found in _walk(path, layout):
            found_any = True
            yield found
        if not found_any:
            yield Problem(path, f"holds no song; expected {_expected(layout)}")
    else:
        yield Problem(path, "does not exist; check the path")


def _walk(root: Path, layout: str) -> Iterator[SongSource | Problem]:
    unreadable: list[OSError] = []
    for folder, subfolders, names in os.walk(root, onerror=unreadable.append):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from _songs_in(Path(folder), sorted(names), layout)
        while unreadable:
            yield _unreadable(unreadable.pop())
    while unreadable:
        yield _unreadable(unreadable.pop())


def _unreadable(error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(Path(error.filename), f"cannot be read: {reason}; allow reading and try again")


def _songs_in(folder: Path, names: list[str], layout: str) -> Iterator[SongSource | Problem]:
    if any(mark in names for mark in LIBRARY_MARKS):
        yield Problem(folder, "is a folder of a library, already imported; give the source instead")
        return
    names = [name for name in names if not name.startswith(".")]
    stem_files = [name for name in names if name.lower().endswith(STEM_MP4_SUFFIX)]
    if layout in ("auto", "musdb18"):
        for name in stem_files:
            yield _song_of_stem_mp4(folder / name)
    audio = [name for name in names if Path(name).suffix.lower() in AUDIO_SUFFIXES]
    if audio and layout != "musdb18" and not (stem_files and not _by_role(audio)):
        yield _song_of_folder(folder, audio, layout)


def _song_of_file(path: Path, layout: str) -> SongSource | Problem:
    if path.name.lower().endswith(STEM_MP4_SUFFIX) and layout in ("auto", "musdb18"):
        return _song_of_stem_mp4(path)
    return Problem(path, f"is a single file; expected {_expected(layout)}")


def _song_of_stem_mp4(path: Path) -> SongSource:
    artist, title = _artist_and_title(path.name[: -len(STEM_MP4_SUFFIX)])
    notes = SongNotes(title=title, artist=artist, split=_split_of(path))
    stems = {stem: StemFile(path, STEM_MP4_STREAMS[stem]) for stem in STEMS}
    return _source(path, "musdb18", notes, stems)


def _song_of_folder(folder: Path, audio: list[str], layout: str) -> SongSource | Problem:
    by_role = _by_role(audio)
    if layout == "musdb18hq":
        wavs = {role: [name for name in by_role[role] if _is_wav(name)] for role in by_role}
        by_role = {role: names for role, names in wavs.items() if names}
    reason = _incomplete(by_role, audio, layout)
    if reason:
        return Problem(folder, reason)
    stems = {stem: StemFile(folder / by_role[stem][0]) for stem in STEMS}
    is_hq = layout == "musdb18hq" or (layout == "auto" and _is_musdb18hq(folder, stems, audio))
    artist, title = _artist_and_title(folder.resolve().name)
    default = SongNotes(title=title, artist=artist, split=_split_of(folder) if is_hq else "")
    try:
        notes = read_song_notes(folder / NOTES_FILE, default)
    except SongNotesError as error:
        return Problem(folder, str(error))
    return _source(folder, "musdb18hq" if is_hq else "folder", notes, stems)


def _source(path: Path, layout: str, notes: SongNotes, stems: Mapping[str, StemFile]) -> SongSource:
    return SongSource(
        path=path,
        layout=layout,
        title=notes.title,
        artist=notes.artist,
        split=notes.split,
        genre=notes.genre,
        licence=notes.licence,
        origin=notes.source,
        generated=notes.generated,
        stems=stems,
    )


def _by_role(audio: list[str]) -> dict[str, list[str]]:
    """The audio files that are named like a stem, by stem."""
    by_role: dict[str, list[str]] = defaultdict(list)
    for name in audio:
        role = Path(name).stem.lower()
        if role in STEMS:
            by_role[role].append(name)
    return dict(by_role)


def _incomplete(by_role: Mapping[str, list[str]], audio: list[str], layout: str) -> str | None:
    twice = [names for names in by_role.values() if len(names) > 1]
    if twice:
        return f"has one stem twice ({', '.join(twice[0])}); keep one of them"
    missing = [stem for stem in STEMS if stem not in by_role]
    if not missing:
        return None
    suffixes = ".wav" if layout == "musdb18hq" else "wav, flac, ogg, mp3 or aiff"
    used = {name for names in by_role.values() for name in names}
    others = [name for name in audio if name not in used and Path(name).stem.lower() != "mixture"]
    text = f"has no {', no '.join(missing)}; expected vocals, drums, bass, other as {suffixes}"
    return f"{text}; found {_listed(others)} instead" if others else text


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    hidden = len(names) - _NAMES_SHOWN
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def _is_wav(name: str) -> bool:
    return name.lower().endswith(".wav")


def _is_musdb18hq(folder: Path, stems: Mapping[str, StemFile], audio: list[str]) -> bool:
    """MUSDB18-HQ: all wav, and either the mixture beside them or a split as the parent folder."""
    all_wav = all(_is_wav(stem.path.name) for stem in stems.values())
    has_mixture = any(name.lower() == "mixture.wav" for name in audio)
    return all_wav and (has_mixture or _split_of(folder) != "")


def _split_of(path: Path) -> str:
    parent = path.resolve().parent.name.lower()
    return parent if parent in SPLITS else ""


def _artist_and_title(name: str) -> tuple[str, str]:
    artist, dash, title = name.partition(" - ")
    return (artist.strip(), title.strip()) if dash else ("", name.strip())


def _expected(layout: str) -> str:
    stem_mp4 = "'Artist - Title.stem.mp4' files"
    wavs = "folders with vocals.wav, drums.wav, bass.wav and other.wav"
    folders = "folders with the stems vocals, drums, bass and other (wav, flac, ogg, mp3, aiff)"
    return {
        "musdb18": stem_mp4,
        "musdb18hq": wavs,
        "folder": folders,
        "auto": f"{stem_mp4} or {folders}",
    }[layout]
