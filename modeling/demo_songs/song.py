"""One generated song: who plays what, and the balance it is released at."""

import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from modeling.demo_songs.balance_rule import TEMPLATE_DB, content_db, residual_db
from modeling.demo_songs.band import play_other
from modeling.demo_songs.bass import play_bass
from modeling.demo_songs.drums import play_drums
from modeling.demo_songs.dsp import RATE_HZ, Audio, Curve, db_to_gain, high_pass
from modeling.demo_songs.genres import GENRES
from modeling.demo_songs.measures import measure
from modeling.demo_songs.names import artist_name, song_title
from modeling.demo_songs.plan import Plan, make_plan
from modeling.demo_songs.singing import play_voice
from modeling.loudness import gram_of_stems, stem_loudness_lufs

SHORTEST_S, LONGEST_S = 10.0, 300.0
SONGS_PER_ARTIST = 3
PEAK_DBFS = -1.1
_EQUAL_LUFS = -23.0

PerStem = tuple[float, float, float, float]


@dataclass(frozen=True)
class DemoSong:
    """A generated song at its reference balance (0 dB on every stem).

    `stems` is (4, 2, n) float32 at 44.1 kHz in the order vocals, drums, bass, other. The parts of
    the reference are relative loudness in dB per stem, mean zero; `measures` is what was heard.
    """

    seed: int
    index: int
    title: str
    artist: str
    genre: str
    tempo_bpm: float
    key: str
    stems: Audio
    template_db: PerStem
    content_db: PerStem
    residual_db: PerStem
    measures: dict[str, float]

    @property
    def reference_db(self) -> PerStem:
        """Relative loudness of each stem in the released mix, in dB, mean zero."""
        parts = zip(self.template_db, self.content_db, self.residual_db, strict=True)
        return _per_stem(np.array([sum(part) for part in parts]))


def compose(
    seed: int,
    index: int,
    duration_s: float = 25.0,
    change: Callable[[Audio], Audio] | None = None,
) -> DemoSong:
    """Make song `index` of the collection `seed`.

    The same arguments give the same samples on one machine, in any order and any process. `change`
    is applied to the stems (4, 2, n) before anything is measured, so that the rule holds for what
    is heard after it.

    Raises:
        ValueError: a duration outside 10 to 300 s, or a negative seed or index.
    """
    if not (math.isfinite(duration_s) and SHORTEST_S <= duration_s <= LONGEST_S):
        raise ValueError(f"duration_s is {duration_s}; choose {SHORTEST_S:g} to {LONGEST_S:g} s")
    if seed < 0 or index < 0:
        raise ValueError(f"seed {seed}, index {index}: both must be 0 or more")
    artist = _artist_of(index)
    plan = plan_song(seed, index, duration_s)
    played = _play(plan, seed, index, artist)
    level_stems = equal_loudness(played if change is None else change(played))
    heard = measure(level_stems)
    content = content_db(heard)
    residual = residual_db(_generator(seed, index, "residual"))
    released = _release(level_stems, np.array(TEMPLATE_DB) + content + residual)
    return DemoSong(
        seed=seed,
        index=index,
        title=song_title(_generator(seed, index, "title")),
        artist=artist_of_song(seed, index),
        genre=plan.genre.name,
        tempo_bpm=plan.tempo_bpm,
        key=plan.key,
        stems=released,
        template_db=TEMPLATE_DB,
        content_db=_per_stem(content),
        residual_db=_per_stem(residual),
        measures=asdict(heard),
    )


def plan_song(seed: int, index: int, duration_s: float) -> Plan:
    """Tempo, key, form and chords of a song, as `compose` plays it."""
    artist = _artist_of(index)
    # Each run of as many artists as there are genres holds every genre once.
    order = _generator(seed, artist // len(GENRES), "genres").permutation(len(GENRES))
    genre = GENRES[int(order[artist % len(GENRES)])]
    return make_plan(genre, duration_s, _generator(seed, index, "plan"))


def artist_of_song(seed: int, index: int) -> str:
    """Who plays song `index` of the collection `seed`."""
    artist = _artist_of(index)
    return artist_name(_generator(seed, artist, "artist name"), artist + 1)


def _artist_of(index: int) -> int:
    """Neighbouring songs are by different artists; each artist has three songs in a block."""
    block, place = divmod(index, SONGS_PER_ARTIST * len(GENRES))
    return block * len(GENRES) + place % len(GENRES)


def _generator(seed: int, number: int, part: str) -> np.random.Generator:
    """A generator of its own for each part, so that a change in one leaves the others alone."""
    return np.random.default_rng([seed, number, zlib.crc32(part.encode())])


def _play(plan: Plan, seed: int, index: int, artist: int) -> Audio:
    stems = np.stack(
        [
            play_voice(
                plan,
                _generator(seed, artist, "singer"),
                _generator(seed, index, "vocals"),
            ),
            play_drums(plan, _generator(seed, index, "drums")),
            play_bass(plan, _generator(seed, index, "bass")),
            play_other(plan, _generator(seed, index, "other")),
        ]
    )
    stems = high_pass(stems, 22.0)
    fade = min(stems.shape[2], round(0.25 * RATE_HZ))
    stems[:, :, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return stems


def equal_loudness(stems: Audio) -> Audio:
    """Stems (4, 2, n), each brought to -23 LUFS, as the rule measures them."""
    # First about there by its power, so that the meter's absolute gate sees it at its final level.
    power = np.square(stems).mean(axis=(1, 2), dtype=np.float64)
    stems = _gained(stems, _EQUAL_LUFS - 10.0 * np.log10(2.0 * power))
    loudness = stem_loudness_lufs(gram_of_stems(stems, RATE_HZ))
    assert np.isfinite(loudness).all(), "a generated stem is silent"
    return _gained(stems, _EQUAL_LUFS - loudness)


def _gained(stems: Audio, gains_db: Curve) -> Audio:
    gains = 10.0 ** (gains_db / 20.0)
    return np.asarray(stems * gains[:, None, None].astype(np.float32), dtype=np.float32)


def _release(stems: Audio, relative_db: Curve) -> Audio:
    """The stems at the reference, one common gain so that no stem nor their sum clips."""
    balanced = _gained(stems, relative_db)
    mix = balanced.sum(axis=0)
    peak = max(abs(float(edge)) for x in (balanced, mix) for edge in (x.max(), x.min()))
    return np.asarray(balanced * np.float32(db_to_gain(PEAK_DBFS) / peak), dtype=np.float32)


def _per_stem(values: Curve) -> PerStem:
    vocals, drums, bass, other = (float(value) for value in values)
    return vocals, drums, bass, other
