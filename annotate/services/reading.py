"""Reading a song in a process of its own. No Django here: a fresh process has no settings."""

import fcntl
from pathlib import Path

from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.songs import IngestedSong


def ingest_under_journal(
    source: SongSource, library: Path, folder_name: str, journal_path: Path
) -> IngestedSong:
    """`ingest`, holding the journal's lock: a process whose parent was killed goes on, and what it
    makes must not be cleared away before it ends. Raises AudioError."""
    with journal_path.open(encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return ingest(source, library, folder_name=folder_name)
