"""A study's archive taken apart: checked, decoded and measured. Nothing in it is trusted.

No Django here. `python -m studies.unpacking ARCHIVE TARGET` does it in a process of its own, under
limits of memory, time and disk, and leaves `study.json` and one folder for each excerpt.
"""

import argparse
import hashlib
import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import soundfile

from analysis.vectors import STEMS
from modeling.archives import ArchiveError, ArchiveLimits, check_entries
from modeling.audio import SAMPLE_RATE_HZ
from modeling.child_limits import ChildLimits, limit_this_process
from modeling.excerpts import FADE_S
from modeling.flac import write_whole
from modeling.loudness import gram_of_stems
from modeling.songs import CutExcerpt, Levels, write_excerpt
from modeling.storage import STORED_SCALE, StorageError
from modeling.waveform import EnvelopeMeter
from studies.reading import load_window
from studies.services.refusing import Refused

FORMAT = "gainsay-study-design"
VERSION = 1
TOLD_FILE = "study.json"
MOST_EXCERPTS = 2000
MOST_ENTRIES = 5 * MOST_EXCERPTS
LARGEST_TOLD_BYTES = 8 * 2**20
LARGEST_STEM_BYTES = 60 * 2**20
LIMITS = ArchiveLimits(entries=MOST_ENTRIES, n_bytes=8 * 2**30)
LONGEST_S = 120.0
SONG_TEXTS = {"title": 200, "artist": 200, "genre": 100, "split": 20, "licence": 100, "source": 500}
_CPU_S = 3000

Progress = Callable[[float], None]


def unpack(archive: Path, target: Path, progress: Progress) -> None:
    """Write what `archive` holds into the new folder `target`: `study.json` and 0, 1, 2... with an
    excerpt each.

    Raises:
        Refused: it is no archive of a study, or something in it is not what it says; one line.
    """
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as file:
            check_entries(file, archive.stat().st_size, LIMITS)
            told = _read_told(file)
            for number, one in enumerate(told["excerpts"]):
                _unpack_excerpt(file, one, target / str(number))
                progress((number + 1) / len(told["excerpts"]))
    except ArchiveError as error:
        raise Refused(str(error)) from None
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        # Its own path, which an OSError carries, is nothing to tell.
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(f"no readable ZIP of a study ({reason})") from None
    (target / TOLD_FILE).write_text(json.dumps(told), encoding="utf-8")


def _read_told(file: zipfile.ZipFile) -> dict[str, Any]:
    """`study.json`, its form checked down to the excerpts."""
    try:
        told = json.loads(_content(file, TOLD_FILE, LARGEST_TOLD_BYTES))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Refused(f"{TOLD_FILE} is no JSON; export the study again") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise Refused(f"{TOLD_FILE} is not of the format {FORMAT}")
    if told.get("version") != VERSION:
        shown = str(told.get("version"))[:40]
        raise Refused(f"{TOLD_FILE} is of version {shown}; {VERSION} can be read")
    excerpts, spec = told.get("excerpts"), told.get("spec")
    if not isinstance(excerpts, list) or not isinstance(spec, dict):
        raise Refused(f"{TOLD_FILE}: spec and excerpts are missing")
    if len(excerpts) > MOST_EXCERPTS:
        raise Refused(f"{TOLD_FILE} names {len(excerpts)} excerpts; at most {MOST_EXCERPTS}")
    for one in excerpts:
        _check_excerpt(one)
    return told


def _check_excerpt(one: object) -> None:
    fits = (
        isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("song"), dict)
        and all(isinstance(one["song"].get(key), str) for key in (*SONG_TEXTS, "fingerprint"))
        and _is_time(one.get("start_s"))
        and isinstance(one.get("stems"), dict)
        and set(one["stems"]) == set(STEMS)
        and all(
            isinstance(stem, dict)
            and isinstance(stem.get("path"), str)
            and isinstance(stem.get("sha256"), str)
            for stem in one["stems"].values()
        )
    )
    if not fits:
        shown = one.get("name") if isinstance(one, dict) else one
        raise Refused(f"{TOLD_FILE}: excerpt {str(shown)[:40]!r} lacks a field or has a wrong one")


def _is_time(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < 1e9 and math.isfinite(value)  # type: ignore[operator, arg-type]


def _content(file: zipfile.ZipFile, name: str, most: int) -> bytes:
    """One entry, never more than `most` bytes of it, whatever its header says."""
    shown = repr(name[:60])
    try:
        info = file.getinfo(name)
    except KeyError:
        raise Refused(f"{shown} is missing") from None
    try:
        with file.open(info) as entry:
            content = entry.read(most + 1)
    except Exception as error:  # each way of packing has exceptions of its own
        raise Refused(f"{shown} cannot be unpacked ({type(error).__name__})") from None
    if len(content) > most:
        raise Refused(f"{shown} is larger than {most // 2**20} MiB")
    return content


def _unpack_excerpt(file: zipfile.ZipFile, told: Mapping[str, Any], folder: Path) -> None:
    """Stems and levels of an excerpt; the levels are measured here, not read."""
    stems = {stem: _stem(file, told, stem) for stem in STEMS}
    lengths = {n_samples for _, n_samples, _ in stems.values()}
    if len(lengths) != 1:
        raise Refused(f"{told['name']}: its stems differ in length")
    folder.mkdir()
    for stem, (content, _, _) in stems.items():
        write_whole(folder / f"{stem}.flac", content)
    try:
        audio = load_window(folder)
        envelope = EnvelopeMeter()
        envelope.push(audio)
        levels = Levels.measured(gram_of_stems(audio, SAMPLE_RATE_HZ), envelope.finish())
        levels.write(folder)
        cut = CutExcerpt(
            folder=folder,
            song_fingerprint=told["song"]["fingerprint"][:64],
            start_s=float(told["start_s"]),
            duration_s=audio.shape[2] / SAMPLE_RATE_HZ,
            n_samples=audio.shape[2],
            fade_s=FADE_S,
            stored_scale={stem: scale for stem, (_, _, scale) in stems.items()},
            loudness_lufs=levels.loudness_lufs(),
            activity=levels.activity(),
        )
        write_excerpt(folder, cut)
    except StorageError as error:
        raise Refused(f"{told['name']}: {error.reason}") from None


def _stem(file: zipfile.ZipFile, told: Mapping[str, Any], stem: str) -> tuple[bytes, int, float]:
    """Bytes, length and scale of one stem, decoded to its end and checked against `study.json`."""
    where = f"{told['name'][:60]}, {stem}"
    content = _content(file, told["stems"][stem]["path"], LARGEST_STEM_BYTES)
    if hashlib.sha256(content).hexdigest() != told["stems"][stem]["sha256"]:
        raise Refused(f"{where}: its content is not what {TOLD_FILE} says; export it again")
    form = f"{where}: must be FLAC, stereo, {SAMPLE_RATE_HZ} Hz, {LONGEST_S:g} s at most"
    if content[:4] == b"RIFF" or content[:4] == b"OggS" or content[:3] == b"ID3":
        raise Refused(form)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            found = (sound.format, sound.samplerate, sound.channels)
            fits = sound.subtype in ("PCM_16", "PCM_24") and 0 < sound.frames <= (
                LONGEST_S * SAMPLE_RATE_HZ
            )
            if found != ("FLAC", SAMPLE_RATE_HZ, 2) or not fits:
                raise Refused(form)
            n_samples = len(sound.read(dtype="float32", always_2d=True))
            if n_samples != sound.frames:
                raise Refused(f"{where}: cannot be decoded to its end; export it again")
            return content, n_samples, STORED_SCALE[int(sound.subtype.removeprefix("PCM_"))]
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise Refused(f"{where}: cannot be decoded ({error})") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Unpack one archive; lines of JSON on stdout: {"share"} on the way, at the end {"notes"} or
    {"reason"}. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m studies.unpacking", description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args(arguments)
    limit_this_process(ChildLimits(cpu_s=_CPU_S))

    def say(**values: object) -> None:
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()

    try:
        unpack(given.archive, given.target, lambda share: say(share=share))
    except Refused as refused:
        say(reason=" ".join(str(refused).split()))
        return 1
    except MemoryError:
        say(reason="needs more memory than one archive may take")
        return 1
    say(notes=[])
    return 0


if __name__ == "__main__":
    sys.exit(main())
