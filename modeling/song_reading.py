"""One song taken into a library, in a process of its own under limits of memory, time and disk.

`python -m modeling.song_reading SOURCE LIBRARY NAME JOURNAL`, where SOURCE is the JSON of a song as
`source_json` writes it. The child holds a shared lock on JOURNAL while it works: one whose parent
was killed goes on, and what it makes must not be cleared away before it ends.
"""

import argparse
import fcntl
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.vectors import STEMS
from modeling.audio import DEFAULT_LONGEST_S, AudioError, StemFile, probe
from modeling.child import ChildLostError, run_child
from modeling.child_limits import ChildLimits, limit_this_process
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.songs import IngestedSong, read_song

LONGEST_WAIT_S = 1800.0
_CPU_S = 1500

Progress = Callable[[float], None]


def source_json(source: SongSource) -> str:
    """
    >>> stems = {"drums": StemFile(Path("drums.wav"))}
    >>> one = SongSource(Path("x"), "folder", "T", "", "", "", "", "", False, stems)
    >>> source_of(source_json(one)) == one
    True
    """
    told = asdict(source) | {"path": str(source.path)}
    told["stems"] = {stem: [str(one.path), one.stream] for stem, one in source.stems.items()}
    return json.dumps(told)


def source_of(text: str) -> SongSource:
    told: dict[str, Any] = json.loads(text)
    told["path"] = Path(told["path"])
    told["stems"] = {
        stem: StemFile(Path(path), stream) for stem, (path, stream) in told["stems"].items()
    }
    return SongSource(**told)


def ingest_in_child(
    source: SongSource, library: Path, name: str, journal: Path, progress: Progress
) -> IngestedSong:
    """`modeling.ingest.ingest` in a limited process; `progress` is given a share from 0 to 1.

    Raises:
        AudioError: the song cannot be used, or took more memory or time than one may.
    """
    command = [source_json(source), str(library), name, str(journal)]
    try:
        last = run_child(
            ["modeling.song_reading", *command], progress=progress, wait_s=LONGEST_WAIT_S
        )
    except ChildLostError:
        raise AudioError(
            source.path, "took more memory or time to read than a song may, or is damaged"
        ) from None
    if "reason" in last:
        raise AudioError(Path(str(last.get("path", source.path))), str(last["reason"]))
    return read_song(library / name)


def _shares(source: SongSource, say: Callable[..., None]) -> Progress:
    """Seconds done since the last call, as the share of all."""
    total_s = probe(source.stems[STEMS[0]]).duration_s or DEFAULT_LONGEST_S
    done_s = 0.0

    def told(seconds: float) -> None:
        nonlocal done_s
        done_s += seconds
        say(share=min(1.0, done_s / total_s))

    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Lines of JSON on stdout: {"share"} on the way, at the end {"notes"} or {"path", "reason"}.
    Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modeling.song_reading", description=__doc__)
    parser.add_argument("source", type=source_of)
    parser.add_argument("library", type=Path)
    parser.add_argument("name")
    parser.add_argument("journal", type=Path)
    given = parser.parse_args(arguments)
    limit_this_process(ChildLimits(cpu_s=_CPU_S))

    def say(**values: object) -> None:
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()

    try:
        with given.journal.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            song = ingest(
                given.source,
                given.library,
                folder_name=given.name,
                progress=_shares(given.source, say),
            )
    except AudioError as error:
        say(path=str(error.path), reason=error.reason)
        return 1
    except MemoryError:
        say(path=str(given.source.path), reason="needs more memory than one song may take; cut it")
        return 1
    say(notes=list(song.notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
