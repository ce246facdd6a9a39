"""The load benchmark's short form: many annotators at once over HTTP, then the books are compared.

On SQLite, and on PostgreSQL where TEST_DATABASE_URL names a server.
"""

import os

import pytest

from benchmarks.load.run import Size
from benchmarks.saves import one_run

pytestmark = pytest.mark.load

SIZE = Size(clients=8, excerpts=4, overlap=4, batches=6, replay_share=0.3)
SHOWINGS = SIZE.excerpts * SIZE.overlap
SERVER = os.environ.get("TEST_DATABASE_URL", "sqlite")


def test_annotators_at_once_lose_nothing_and_never_exceed_the_overlap() -> None:
    figures = one_run(SERVER, SIZE)
    assert figures.faults == {"lost": [], "overlap": []}
    assert figures.saved == SHOWINGS * SIZE.batches
    assert figures.counts["replay"] > 0


def test_the_bare_view_that_our_saves_are_compared_with_stores_as_many() -> None:
    figures = one_run(SERVER, Size(clients=4, excerpts=2, overlap=2, batches=5, bare=True))
    assert figures.faults == {"lost": []}
    assert figures.saved == 20
