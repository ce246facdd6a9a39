"""Songs out of a ZIP: its audio and `song.json` files, nothing else, nowhere else.

`python -m modeling.unpacking ARCHIVE TARGET BYTES` does it in a process of its own, under limits of
memory, time and disk.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from modeling.archives import ArchiveError, ArchiveLimits, check_entries
from modeling.child import ChildLostError, run_child
from modeling.child_limits import ChildLimits, limit_this_process
from modeling.layouts import AUDIO_SUFFIXES, STEM_MP4_SUFFIX
from modeling.song_notes import NOTES_FILE

MOST_ENTRIES = 5000
LONGEST_WAIT_S = 1800.0
_CPU_S = 1500
_CHUNK_BYTES = 2**20

Progress = Callable[[float], None]


def unpack_in_child(archive: Path, target: Path, n_bytes: int, progress: Progress) -> None:
    """`unpack` in a limited process. Raises ArchiveError."""
    command = ["modeling.unpacking", str(archive), str(target), str(n_bytes)]
    try:
        last = run_child(command, progress=progress, wait_s=LONGEST_WAIT_S)
    except ChildLostError:
        raise ArchiveError("took more memory or time than an archive may, or is damaged") from None
    if "reason" in last:
        raise ArchiveError(str(last["reason"]))


def unpack(archive: Path, target: Path, n_bytes: int, progress: Progress) -> int:
    """Write what can be part of a song into the new folder `target`, at most `n_bytes` altogether;
    how many files there were.

    Raises:
        ArchiveError: it is no plain archive, holds too much, or no song at all; one line.
    """
    limits = ArchiveLimits(entries=MOST_ENTRIES, n_bytes=n_bytes)
    try:
        with zipfile.ZipFile(archive) as file:
            check_entries(file, archive.stat().st_size, limits)
            wanted = [one for one in file.infolist() if _is_wanted(one)]
            if not wanted:
                raise ArchiveError("holds no audio file that could be a stem")
            left = n_bytes
            for done, entry in enumerate(wanted):
                progress(done / len(wanted))
                left -= _write(file, entry, target / entry.filename, left)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArchiveError(f"is no readable ZIP ({reason})") from None
    return len(wanted)


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    # Systems leave files of their own beside those that were packed.
    if entry.is_dir() or any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return False
    name = path.name.lower()
    is_audio = name.endswith((*AUDIO_SUFFIXES, STEM_MP4_SUFFIX))
    return is_audio or path.name == NOTES_FILE


def _write(file: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """One entry, never more than `most` bytes of it, whatever its header says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with file.open(entry) as source, path.open("xb") as target:
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > most:
                    raise ArchiveError("holds more than it says")
                target.write(chunk)
    except (ArchiveError, OSError):
        raise
    except Exception as error:  # each way of packing has exceptions of its own
        shown = repr(entry.filename[:60])
        raise ArchiveError(f"{shown} cannot be unpacked ({type(error).__name__})") from None
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Lines of JSON on stdout: {"share"} on the way, at the end {"notes"} or {"reason"}. Returns
    the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modeling.unpacking", description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("n_bytes", type=int)
    given = parser.parse_args(arguments)
    limit_this_process(ChildLimits(cpu_s=_CPU_S))

    def say(**values: object) -> None:
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()

    try:
        unpack(given.archive, given.target, given.n_bytes, lambda share: say(share=share))
    except ArchiveError as error:
        say(reason=" ".join(str(error).split()))
        return 1
    except MemoryError:
        say(reason="needs more memory than an archive may take")
        return 1
    say(notes=[])
    return 0


if __name__ == "__main__":
    sys.exit(main())
