"""Pages that list or count ask as many queries with 100 songs, people and judgements as with 10."""

import os

import pytest

from benchmarks.growth import Size, one_size

pytestmark = [
    pytest.mark.load,
    pytest.mark.skipif("TEST_DATABASE_URL" not in os.environ, reason="PostgreSQL fills itself"),
]


def test_no_page_asks_more_of_the_database_as_the_site_grows() -> None:
    small, large = one_size(Size(10, 10, 1, 5)), one_size(Size(100, 100, 2, 50))
    assert large["judgements"] == 20 * small["judgements"]
    asked = {
        name: (one["queries"], large["pages"][name]["queries"])
        for name, one in small["pages"].items()
    }
    assert {name: both for name, both in asked.items() if both[1] > both[0]} == {}
    assert all(0 < both[1] <= 30 for both in asked.values())
