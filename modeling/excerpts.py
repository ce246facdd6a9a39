"""Choosing the excerpts of a song that people hear, and cutting them out.

A good excerpt has every stem sounding, is among the loud parts of the song, keeps its level, and
starts where little is sounding, just before something begins. All of it is read from the loudness
Gram and the peaks per 100 ms hop; no audio is touched until the excerpt is cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import SAMPLE_RATE_HZ
from modeling.loudness import ACTIVITY_FLOOR_LU, HOP_S, OFFSET_LU, gram_of_stems, stem_loudness_lufs
from modeling.songs import CutExcerpt, Levels, read_song, write_excerpt
from modeling.storage import (
    STORED_SCALE,
    StorageError,
    new_folder,
    read_stem,
    samples_of,
    write_stem,
)
from modeling.waveform import EnvelopeMeter

FADE_S = 0.010
SHORTEST_S = 0.4
# A stem that sounds in half of a window is as good as one that always sounds.
ENOUGH_ACTIVITY = 0.5
# Weights of the score, chosen so that a silent stem outweighs everything else.
_ACTIVITY_WEIGHT = 2.0
_PER_LU_BELOW_LOUDEST = 0.06
_PER_DB_OF_CHANGE = 0.04
_PER_DB_OF_DIP = 0.02
_DEEPEST_DIP_DB = 12.0
_FLOOR_DB = -40.0  # relative to the loudest hop: what is softer is equally soft
_LENGTH_STEP_HOPS = 10
_HOPS_PER_S = round(1.0 / HOP_S)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExcerptWindow:
    """A window of a song; a higher score is better, 1.0 or so is good. Reasons are sentences."""

    start_s: float
    duration_s: float
    score: float
    reasons: tuple[str, ...]


def choose_excerpts(
    gram: Floats, peaks: Floats, n: int = 1, min_s: float = 20.0, max_s: float = 30.0
) -> list[ExcerptWindow]:
    """The best `n` windows that do not overlap, best first; fewer where the song has no more room.

    A song shorter than `min_s` gives one window, the whole song. Deterministic.

    Args:
        gram: (n_hops, 4, 4) of modeling.loudness.
        peaks: (n_hops or one more, 4) linear sample peaks.

    Raises:
        ValueError: bad bounds, n below 1, or a song without one loud block.
    """
    if not SHORTEST_S <= min_s <= max_s or n < 1:
        raise ValueError(f"min_s {min_s}, max_s {max_s}, n {n}: need 0.4 <= min_s <= max_s, n >= 1")
    if np.isnan(stem_loudness_lufs(gram)).all():
        raise ValueError("no stem of this song has a loudness; there is nothing to choose from")
    song = _Curves(gram, peaks)
    shortest, longest = round(min_s / HOP_S), round(max_s / HOP_S)
    if len(gram) < shortest:
        return [song.window(0, len(gram), (_too_short(len(gram) * HOP_S, min_s),))]
    lengths = range(shortest, min(longest, len(gram)) + 1, _LENGTH_STEP_HOPS)
    scores = {length: song.scores(length) for length in lengths}
    chosen: list[tuple[int, int]] = []
    while len(chosen) < n and (best := _best(scores, chosen)) is not None:
        chosen.append(best)
    return [song.window(start, length, ()) for start, length in chosen]


def cut_excerpt(song_folder: Path, start_s: float, duration_s: float, out_dir: Path) -> CutExcerpt:
    """Cut a window out of a stored song into the new folder `out_dir`, whole or not at all.

    Both edges of every stem are faded over 10 ms (raised cosine), so that a loop does not click;
    Gram, peaks and waveform are those of the faded audio, as people hear it.

    Raises:
        ValueError: a window that is shorter than 0.4 s or not inside the song.
        StorageError: the song is damaged, the disk is full, or `out_dir` exists.
    """
    song = read_song(song_folder)
    start, n_samples = samples_of("start_s", start_s), samples_of("duration_s", duration_s)
    if duration_s < SHORTEST_S or start + n_samples > song.n_samples:
        raise ValueError(
            f"an excerpt from {start_s:g} s lasting {duration_s:g} s does not fit: it needs "
            f"{SHORTEST_S} s or more inside a song of {song.duration_s:.2f} s"
        )
    stems = np.stack([_faded(read_stem(song_folder, stem, start_s, duration_s)) for stem in STEMS])
    envelope = EnvelopeMeter()
    envelope.push(stems)
    levels = Levels.measured(gram_of_stems(stems, SAMPLE_RATE_HZ), envelope.finish())
    excerpt = CutExcerpt(
        folder=out_dir,
        song_fingerprint=song.fingerprint,
        start_s=start_s,
        duration_s=n_samples / SAMPLE_RATE_HZ,
        n_samples=n_samples,
        fade_s=FADE_S,
        stored_scale={stem: STORED_SCALE[song.stems[stem].bits] for stem in STEMS},
        loudness_lufs=levels.loudness_lufs(),
        activity=levels.activity(),
    )
    with new_folder(out_dir.parent) as folder:
        for stem, samples in zip(STEMS, stems, strict=True):
            write_stem(folder / f"{stem}.flac", samples, song.stems[stem].bits)
        levels.write(folder)
        write_excerpt(folder, excerpt)
        try:
            folder.rename(out_dir)
        except OSError as error:
            raise StorageError(out_dir, f"cannot be made: {error.strerror}") from error
    return excerpt


class _Curves:
    """What the score of a window needs to know of a song, hop by hop."""

    def __init__(self, gram: Floats, peaks: Floats) -> None:
        powers = np.diagonal(gram, axis1=1, axis2=2)
        self.is_active = ~np.isnan(stem_loudness_lufs(gram))
        self.sounds = _sounds(gram, powers)
        self.mix = np.maximum(gram.sum(axis=(1, 2)), 0.0)
        self.level_db = _relative_db(self.mix)
        # The sum of the stems' peaks bounds what can be heard in a hop.
        self.peak_db = _relative_db(peaks[: len(gram)].sum(axis=1) ** 2)

    def scores(self, length: int) -> Floats:
        """Score of every window of `length` hops, by its first hop."""
        share = _sliding_mean(self.sounds, length)
        activity = _activity_score(share[:, self.is_active])
        energy_db = self._below_loudest_db(length)
        change_db = self._change_db(length)
        # Rounded, so that of windows that sound the same the earliest wins.
        return np.round(
            _ACTIVITY_WEIGHT * (activity - 0.5)
            + _PER_LU_BELOW_LOUDEST * energy_db
            - _PER_DB_OF_CHANGE * change_db
            + _PER_DB_OF_DIP * self._dip_db(length),
            6,
        )

    def window(self, start: int, length: int, reasons: Sequence[str]) -> ExcerptWindow:
        """The window with its score and the sentences that explain it."""
        return ExcerptWindow(
            start_s=round(start * HOP_S, 3),
            duration_s=round(length * HOP_S, 3),
            score=float(self.scores(length)[start]),
            reasons=(*reasons, *self._reasons(start, length)),
        )

    def _below_loudest_db(self, length: int) -> Floats:
        energy = _sliding_mean(self.mix[:, np.newaxis], length)[:, 0]
        return np.asarray(10.0 * np.log10(np.maximum(energy / energy.max(), 1e-6)))

    def _change_db(self, length: int) -> Floats:
        """Standard deviation of the level over the seconds of each window."""
        seconds = _relative_db(
            _sliding_mean(self.mix[:, np.newaxis], min(_HOPS_PER_S, length))[:, 0]
        )
        inner = max(1, length - _HOPS_PER_S + 1)
        moments = _sliding_mean(np.stack([seconds, seconds**2], axis=1), inner)
        n_windows = len(self.mix) - length + 1
        variance = np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0)
        return np.asarray(np.sqrt(variance[:n_windows]))

    def _dip_db(self, length: int) -> Floats:
        """How far the hop before each window lies under the window's first half second."""
        before = np.concatenate([self.peak_db[:1], self.peak_db])
        n_first = min(_HOPS_PER_S // 2, length)
        first = _sliding_mean(self.peak_db[:, np.newaxis], n_first)[:, 0]
        n_windows = len(self.mix) - length + 1
        dip_db = first[:n_windows] - before[:n_windows]
        return np.asarray(np.clip(dip_db, 0.0, _DEEPEST_DIP_DB))

    def _reasons(self, start: int, length: int) -> list[str]:
        share = self.sounds[start : start + length].mean(axis=0)
        below_lu = abs(float(self._below_loudest_db(length)[start]))
        never = [stem for stem, active in zip(STEMS, self.is_active, strict=True) if not active]
        rare = [
            f"{stem} sounds in only {part:.0%} of it" if part else f"{stem} does not sound in it"
            for stem, part, active in zip(STEMS, share, self.is_active, strict=True)
            if active and part < ENOUGH_ACTIVITY
        ]
        reasons = [f"{stem} never sounds in this song" for stem in never] + rare
        if not reasons:
            reasons.append("every stem sounds in at least half of it")
        change_db = float(self._change_db(length)[start])
        reasons.append(f"{below_lu:.1f} LU under the loudest window of this length")
        reasons.append(f"its level varies by {change_db:.1f} dB from second to second")
        return reasons


def _sounds(gram: Floats, powers: Floats) -> Floats:
    """1.0 where a stem sounds in a hop: within 20 dB of its own gated level; (n_hops, 4)."""
    floor_lufs = stem_loudness_lufs(gram) + ACTIVITY_FLOOR_LU
    floor_power = 10.0 ** ((floor_lufs - OFFSET_LU) / 10.0)
    return np.asarray(powers >= np.nan_to_num(floor_power, nan=np.inf), dtype=np.float64)


def _activity_score(share: Floats) -> Floats:
    """0 to 1: mostly the rarest stem, so that one silent stem is not made up for by three."""
    enough = np.minimum(share / ENOUGH_ACTIVITY, 1.0)
    return np.asarray(0.7 * enough.min(axis=1) + 0.3 * enough.mean(axis=1))


def _relative_db(power: Floats) -> Floats:
    """Power relative to its largest value, never below the floor."""
    top = max(float(power.max()), np.finfo(np.float64).tiny)
    return np.asarray(10.0 * np.log10(np.maximum(power / top, 10.0 ** (_FLOOR_DB / 10.0))))


def _sliding_mean(values: Floats, length: int) -> Floats:
    """Means of `length` rows in a row, (n_rows - length + 1, columns)."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return np.asarray((sums[length:] - sums[:-length]) / length)


def _best(scores: dict[int, Floats], chosen: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """(start, length) of the best window beside those chosen; the earliest of equals."""
    best: tuple[float, int, int] | None = None
    for length, values in scores.items():
        free = values.copy()
        for start, taken in chosen:
            free[max(0, start - length + 1) : start + taken] = -np.inf
        first = int(free.argmax())
        candidate = (float(free[first]), -first, length)
        if np.isfinite(candidate[0]) and (best is None or candidate > best):
            best = candidate
    return None if best is None else (-best[1], best[2])


def _too_short(duration_s: float, min_s: float) -> str:
    return f"the song lasts {duration_s:.1f} s, less than {min_s:g} s: all of it is taken"


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    n_fade = round(FADE_S * SAMPLE_RATE_HZ)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / n_fade)
    faded = samples.copy()
    faded[:, :n_fade] *= ramp.astype(np.float32)
    faded[:, -n_fade:] *= ramp[::-1].astype(np.float32)
    return faded
