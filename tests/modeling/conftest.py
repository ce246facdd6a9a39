"""Songs that several tests of the importer share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modeling.layouts import SongSource, find_songs


@pytest.fixture
def only_song() -> Callable[[Path], SongSource]:
    """The one song under a path."""

    def find(path: Path) -> SongSource:
        found = find_songs([path])
        assert not found.problems
        (song,) = found.songs
        return song

    return find
