"""REAPER projects: tracks with their stems on them and their faders where a balance has them.

An .rpp is text: chunks in angle brackets, one property a line. Fader and item volume are linear
gains (`VOLPAN gain pan pan-law`). The fader carries the balance alone; what a file's own scale
needs is undone by the item's volume, so the fader reads the dB that the advice said.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analysis.vectors import STEMS, Balance

SAMPLE_RATE_HZ = 44_100
# What REAPER calls the reader of each kind of file.
SOURCE_KINDS = {
    ".wav": "WAVE",
    ".aif": "WAVE",
    ".aiff": "WAVE",
    ".flac": "FLAC",
    ".ogg": "VORBIS",
    ".mp3": "MP3",
}
README = """Unpack this folder and open {name} in REAPER: the stems lie beside it, the faders stand
where the advice puts them. 0 dB is the level of the stems as they came in.
"""
# ZIP knows no time without a date; one fixed date makes the same input give the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Track:
    """One stem on its track.

    `file_name` is relative to the project; `item_gain_db` undoes the scale of the file. `gain_db`
    is the fader, None where it is off: the track is then muted, at 0 dB.
    """

    name: str
    file_name: str
    duration_s: float
    gain_db: float | None
    item_gain_db: float = 0.0


def project(tracks: Sequence[Track], sample_rate_hz: int = SAMPLE_RATE_HZ) -> str:
    """The text of an .rpp project.

    Raises:
        ValueError: a file of a kind that is unknown, or a name that is no relative one.
    """
    lines = [
        '<REAPER_PROJECT 0.1 "7.0" 0',
        "  RIPPLE 0",
        # Pan law 0 dB and stereo balance: a centred fader changes nothing but its gain.
        "  PANLAW 1",
        "  PANMODE 3",
        f"  SAMPLERATE {sample_rate_hz} 1 0",
        "  TEMPO 120 4 4",
        "  MASTER_VOLUME 1 0 -1 -1 1",
    ]
    for number, track in enumerate(tracks, 1):
        lines += [f"  {line}" for line in _track(number, track)]
    return "\n".join([*lines, ">", ""])


def tracks_of(
    balance: Balance,
    files: Mapping[str, str],
    duration_s: float,
    item_gain_db: Mapping[str, float] | None = None,
) -> list[Track]:
    """One track for each stem of `files`, {stem: file name}, in the usual order."""
    gains_db = balance.to_mapping()
    return [
        Track(stem, files[stem], duration_s, gains_db[stem], (item_gain_db or {}).get(stem, 0.0))
        for stem in STEMS
        if stem in files
    ]


def write_zip(
    target: BinaryIO, folder: str, tracks: Sequence[Track], stems: Mapping[str, Path]
) -> None:
    """A zip of one folder: the project, its stems by file name, and a line that says what to do.

    `stems` maps each track's file name to the file to pack. Nothing is compressed: FLAC is already.
    """
    name = f"{folder}.rpp"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, f"{folder}/{name}", project(tracks).encode())
        _add(archive, f"{folder}/README.txt", README.format(name=name).encode())
        for track in tracks:
            entry = zipfile.ZipInfo(f"{folder}/{track.file_name}", _DATE)
            entry.external_attr = 0o644 << 16
            # Its size is given so that it is written in one pass, beyond 2 GiB too.
            entry.file_size = stems[track.file_name].stat().st_size
            with stems[track.file_name].open("rb") as source, archive.open(entry, "w") as packed:
                while block := source.read(io.DEFAULT_BUFFER_SIZE * 16):
                    packed.write(block)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _track(number: int, track: Track) -> list[str]:
    file_name = _relative(track.file_name)
    suffix = Path(file_name).suffix.lower()
    if suffix not in SOURCE_KINDS:
        known = ", ".join(sorted(SOURCE_KINDS))
        raise ValueError(f"{track.name}: {file_name!r} is of no kind that is known: {known}")
    is_off = track.gain_db is None
    return [
        f"<TRACK {_id(2 * number - 1)}",
        f"  NAME {quoted(track.name)}",
        f"  VOLPAN {_gain(track.gain_db or 0.0)} 0 -1 -1 1",
        f"  MUTESOLO {int(is_off)} 0 0",
        "  NCHAN 2",
        f"  TRACKID {_id(2 * number - 1)}",
        "  <ITEM",
        "    POSITION 0",
        f"    LENGTH {track.duration_s:.9f}",
        "    LOOP 0",
        f"    IGUID {_id(2 * number)}",
        f"    NAME {quoted(file_name)}",
        f"    VOLPAN {_gain(track.item_gain_db)} 0 1 -1",
        "    SOFFS 0",
        "    PLAYRATE 1 1 0 -1 0 0.0025",
        "    CHANMODE 0",
        f"    <SOURCE {SOURCE_KINDS[suffix]}",
        f"      FILE {quoted(file_name)}",
        "    >",
        "  >",
        ">",
    ]


def quoted(text: str) -> str:
    """A text as a .rpp token. The format has three quotes and no escape, so of a text that holds
    all three the backtick becomes an apostrophe; line breaks and control characters go."""
    clean = "".join(character for character in text if character.isprintable())
    for quote in ('"', "'", "`"):
        if quote not in clean:
            return f"{quote}{clean}{quote}"
    return f"`{clean.replace('`', chr(39))}`"


def _relative(file_name: str) -> str:
    path = Path(file_name)
    if not file_name or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{file_name!r} is no file beside the project")
    return file_name


def _gain(gain_db: float) -> str:
    return f"{10.0 ** (gain_db / 20.0):.14g}"


def _id(number: int) -> str:
    """Ids only have to differ within a project; fixed ones keep the output the same."""
    return f"{{00000000-0000-4000-8000-{number:012d}}}"
