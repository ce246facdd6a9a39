"""Short generated songs for the tests, each composed once per worker."""

from functools import cache

from modeling.demo_songs import DemoSong, compose

SEED = 1
DURATION_S = 10.0
SONGS = (1, 4, 8, 9)  # jazz, rock, metal, house


@cache
def short_song(index: int) -> DemoSong:
    return compose(SEED, index, DURATION_S)
