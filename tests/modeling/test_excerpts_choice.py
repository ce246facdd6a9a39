"""The excerpt that is chosen is one in which there is something to balance."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modeling.excerpts import ExcerptWindow, choose_excerpts
from modeling.headroom import peaks_of_stems
from modeling.ingest import ingest
from modeling.layouts import SongSource
from modeling.loudness import gram_of_stems
from modeling.songs import read_levels

Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
RATE_HZ = 8000  # enough for a Gram, and quick


def song(levels: list[list[float]], step_s: float = 5.0, seed: int = 0) -> Arrays:
    """Noise stems whose amplitude changes every `step_s`: one row of four amplitudes a step."""
    rng = np.random.default_rng(seed)
    amplitudes = np.repeat(np.array(levels).T, round(step_s * RATE_HZ), axis=1)[:, np.newaxis]
    stems = rng.normal(size=(4, 2, amplitudes.shape[2])) * amplitudes
    return gram_of_stems(stems, RATE_HZ), peaks_of_stems(stems, RATE_HZ)


def overlap_s(a: ExcerptWindow, b: ExcerptWindow) -> float:
    return min(a.start_s + a.duration_s, b.start_s + b.duration_s) - max(a.start_s, b.start_s)


FULL = [0.1, 0.1, 0.1, 0.1]
NO_VOCALS = [0.0, 0.1, 0.1, 0.1]
SOFT = [0.01, 0.01, 0.01, 0.01]


def test_the_part_in_which_all_stems_sound_is_taken() -> None:
    (window,) = choose_excerpts(*song([NO_VOCALS] * 6 + [FULL] * 5 + [NO_VOCALS] * 6))
    assert window.start_s >= 28.0
    assert window.start_s + window.duration_s <= 57.0
    assert 20.0 <= window.duration_s <= 30.0
    assert window.reasons[0] == "every stem sounds in at least half of it"


def test_the_loud_part_is_taken() -> None:
    soft_but_active = [0.04] * 4
    (window,) = choose_excerpts(*song([soft_but_active] * 6 + [FULL] * 6 + [soft_but_active] * 6))
    assert window.start_s >= 30.0
    assert window.start_s + window.duration_s <= 60.0
    assert window.reasons[1].startswith("0.0 LU under")


def test_the_steady_part_is_taken() -> None:
    louder, softer = [0.14] * 4, [0.02] * 4
    restless = [louder, softer] * 15
    (window,) = choose_excerpts(*song(restless + [FULL] * 30 + restless, step_s=1.0))
    assert window.start_s >= 29.0
    assert window.start_s + window.duration_s <= 61.0


def test_it_starts_just_after_a_pause() -> None:
    # A song that is the same all along, but for half a second of near silence.
    gram, peaks = song([FULL] * 66 + [SOFT] + [FULL] * 66, step_s=0.5)
    (window,) = choose_excerpts(gram, peaks, min_s=20.0, max_s=20.0)
    assert window.start_s == pytest.approx(33.5)


def test_a_stem_that_never_sounds_is_said_and_does_not_matter() -> None:
    (window,) = choose_excerpts(*song([NO_VOCALS] * 10))
    assert window.reasons[0] == "vocals never sounds in this song"
    assert window.duration_s >= 20.0


def test_a_stem_that_sounds_rarely_is_sought_and_said() -> None:
    (window,) = choose_excerpts(*song([NO_VOCALS] * 10 + [FULL] + [NO_VOCALS] * 10))
    assert window.start_s <= 50.0 <= window.start_s + window.duration_s - 5.0
    assert window.reasons[0].startswith("vocals sounds in only 2")


def test_a_short_song_is_taken_whole() -> None:
    (window,) = choose_excerpts(*song([FULL] * 3), n=3)
    assert (window.start_s, window.duration_s) == (0.0, 15.0)
    assert window.reasons[0] == "the song lasts 15.0 s, less than 20 s: all of it is taken"


def test_several_windows_do_not_overlap_and_come_best_first() -> None:
    windows = choose_excerpts(*song([FULL, NO_VOCALS, FULL, FULL] * 7), n=3)
    assert len(windows) == 3
    assert [w.score for w in windows] == sorted((w.score for w in windows), reverse=True)
    for index, window in enumerate(windows):
        assert all(overlap_s(window, other) <= 1e-9 for other in windows[index + 1 :])


def test_there_are_fewer_windows_where_there_is_no_more_room() -> None:
    assert len(choose_excerpts(*song([FULL] * 9), n=5)) <= 2


def test_the_choice_is_the_same_every_time_and_at_every_level() -> None:
    gram, peaks = song([NO_VOCALS, FULL, FULL, SOFT, FULL] * 4)
    windows = choose_excerpts(gram, peaks, n=2)
    again = choose_excerpts(gram * 4.0, peaks * 2.0, n=2)
    assert [(w.start_s, w.duration_s) for w in windows] == [
        (w.start_s, w.duration_s) for w in again
    ]


@pytest.mark.parametrize(
    ("n", "min_s", "max_s"),
    [(0, 20.0, 30.0), (1, 30.0, 20.0), (1, 0.1, 20.0), (1, float("nan"), 20.0)],
)
def test_bounds_that_make_no_sense_are_refused(n: int, min_s: float, max_s: float) -> None:
    with pytest.raises(ValueError, match=r"need 0\.4 <= min_s <= max_s, n >= 1"):
        choose_excerpts(*song([FULL] * 2), n=n, min_s=min_s, max_s=max_s)


def test_a_silent_song_has_no_excerpt() -> None:
    with pytest.raises(ValueError, match="no stem of this song has a loudness"):
        choose_excerpts(*song([[0.0] * 4] * 5))


def test_real_songs_get_an_excerpt_with_as_much_of_every_stem_as_they_have(
    tmp_path: Path, shared_dir: Path, only_song: Callable[[Path], SongSource]
) -> None:
    for name in ("Lithium", "Rubidium"):
        stored = ingest(only_song(shared_dir / "stems/cc0" / name), tmp_path)
        levels = read_levels(stored.folder)
        (window,) = choose_excerpts(levels.gram, levels.peaks)
        assert window.start_s + window.duration_s <= stored.duration_s
        assert window.reasons[0] == "every stem sounds in at least half of it"
