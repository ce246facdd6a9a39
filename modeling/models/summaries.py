"""Scalars that describe a track and a pair of tracks, from band powers at own level 0 dB (torch).

One function serves stems and mixes, so both advisors are described in the same words: spectrum,
fullness, level over time, crest, onsets, pulse, width; for pairs, how one covers the other at equal
loudness. Everything is relative to the track's own level and per second, so neither gain nor
length can be read from it.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from modeling.features import COLUMNS_PER_S, N_BANDS, STEPS_PER_S, k_weights

FLOOR_DB = -60.0
_SPECTRUM_BANDS = 20
_TOP_SHARE = 0.05
_PULSE_S = (0.25, 1.2)
_LEVEL_POINTS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
# Bounds of four registers in bands: about 25-150, 150-800, 800-4000 and 4000-16000 Hz.
_REGISTERS = ((0, 5), (5, 15), (15, 28), (28, N_BANDS))
N_SCALARS = 95
# Of a track's scalars those that tell how it sounds: spectrum, fullness and width.
SOUND_SCALARS = (*range(44), *range(90, 95))
N_PAIR_SCALARS = 15


def to_db(power: Tensor) -> Tensor:
    """10 log10, floored at `FLOOR_DB`."""
    return 10.0 * torch.log10(power + 10.0 ** (FLOOR_DB / 10.0))


def track_scalars(bands: Tensor, steps: Tensor) -> Tensor:
    """Scalars (n, N_SCALARS) of tracks: bands (n, columns, 40, 2), steps (n, steps, 6)."""
    total = bands.sum(dim=3)
    parts = [
        _spectrum(total),
        _fullness(total),
        _levels(total),
        _crest(steps),
        _onsets(steps),
        _width(bands),
    ]
    return torch.cat(parts, dim=1)


def pair_scalars(bands: Tensor) -> Tensor:
    """Scalars (n, k, k, N_PAIR_SCALARS) of how track j covers track i; bands (n, k, t, 40, 2)."""
    total = bands.sum(dim=4)
    level = total @ _weights(total)
    rows = []
    for i in range(total.shape[1]):
        covers = [
            _covering(total[:, i], total[:, j], level[:, i], level[:, j])
            for j in range(total.shape[1])
        ]
        rows.append(torch.stack(covers, dim=1))
    return torch.stack(rows, dim=1)


def _weights(like: Tensor) -> Tensor:
    return torch.as_tensor(k_weights(), dtype=like.dtype, device=like.device)


def _spectrum(total: Tensor) -> Tensor:
    """Mean spectrum in 20 bands (dB), mean compressed spectrum in 10, two centroids, spread."""
    mean = total.mean(dim=1)
    coarse = to_db(mean.reshape(len(mean), _SPECTRUM_BANDS, -1).sum(dim=2))
    pressed = (total**0.3).mean(dim=1).reshape(len(mean), 10, -1).mean(dim=2)
    place = torch.linspace(0.0, 1.0, N_BANDS, dtype=total.dtype, device=total.device)
    share = mean / mean.sum(dim=1, keepdim=True).clamp_min(1e-12)
    centroid = share @ place
    spread = (share @ place**2 - centroid**2).clamp_min(0.0).sqrt()
    heard = torch.sqrt(mean)
    heard_centroid = (heard / heard.sum(dim=1, keepdim=True).clamp_min(1e-12)) @ place
    registers = torch.stack([mean[:, low:high].sum(dim=1) for low, high in _REGISTERS], dim=1)
    tilts = to_db(registers) - to_db(mean.sum(dim=1, keepdim=True))
    moments = torch.stack([centroid, spread, heard_centroid], dim=1)
    return torch.cat([coarse / 10.0, pressed, moments * 5.0, tilts / 10.0], dim=1)


def _fullness(total: Tensor) -> Tensor:
    """Share of cells within 15 to 45 dB of the mean cell, and flatness over bands."""
    cell = to_db(total) - to_db(total.mean(dim=(1, 2), keepdim=True))
    shares = [torch.sigmoid((cell + depth) / 2.0).mean(dim=(1, 2)) for depth in (5, 15, 25, 35, 45)]
    flatness = (to_db(total).mean(dim=2) - to_db(total.mean(dim=2))).mean(dim=1) / 10.0
    change = (cell[:, 1:] - cell[:, :-1]).abs().mean(dim=(1, 2)) / 10.0
    return torch.stack([*shares, flatness, change], dim=1)


def _levels(total: Tensor) -> Tensor:
    """Percentiles of the level over time, and the share of time in which the track sounds."""
    level = to_db(total @ _weights(total)).clamp_min(-50.0)
    points = torch.tensor(_LEVEL_POINTS, dtype=level.dtype, device=level.device)
    quantiles = torch.quantile(level, points, dim=1).T / 10.0
    sounding = [torch.sigmoid(level + depth).mean(dim=1) for depth in (10.0, 20.0, 30.0)]
    slow = functional.avg_pool1d(level.unsqueeze(1), round(3 * COLUMNS_PER_S), stride=8).squeeze(1)
    spread = (slow.amax(dim=1) - slow.amin(dim=1)) / 10.0
    return torch.cat([quantiles, torch.stack([*sounding, spread], dim=1)], dim=1)


def _crest(steps: Tensor) -> Tensor:
    """Loudest 5 % of steps, and the loudest step, over the mean: all, low, middle and high."""
    low, middle, high = _thirds(steps)
    values = []
    for power in (steps.sum(dim=2), low, middle, high):
        mean = power.mean(dim=1)
        n_top = max(1, round(_TOP_SHARE * power.shape[1]))
        top = power.topk(n_top, dim=1).values
        values += [to_db(top.mean(dim=1)) - to_db(mean), to_db(top[:, 0]) - to_db(mean)]
    return torch.stack(values, dim=1) / 10.0


def _onsets(steps: Tensor) -> Tensor:
    """Per register: mean rise, onsets a second, pulse clarity, its lag, the beat's regularity."""
    values = []
    for power in (steps, *(part.unsqueeze(2) for part in _thirds(steps))):
        rise = _rise(power)
        values += [rise.mean(dim=1) * 10.0, rise.std(dim=1) * 10.0]
        values += [count / 5.0 for count in _peaks_per_s(rise)]
        values += list(_pulse(rise))
    return torch.stack(values, dim=1)


def _thirds(steps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return steps[:, :, :2].sum(dim=2), steps[:, :, 2:4].sum(dim=2), steps[:, :, 4:].sum(dim=2)


def _rise(power: Tensor) -> Tensor:
    """Rise of the compressed level from step to step, (n, steps - 1), mean over regions."""
    pressed = torch.log1p(30.0 * torch.sqrt(power.clamp_min(0.0)))
    return (pressed[:, 1:] - pressed[:, :-1]).clamp_min(0.0).mean(dim=2)


def _peaks_per_s(rise: Tensor) -> list[Tensor]:
    """Onsets a second, of all sizes and of the large ones."""
    n = rise.shape[1]
    padded = functional.pad(rise, (2, 2))
    top = rise
    for shift in (0, 1, 3, 4):
        top = torch.maximum(top, padded[:, shift : shift + n])
    half = 20
    sums = functional.pad(rise.cumsum(dim=1), (1, 0))
    place = torch.arange(n, device=rise.device)
    first, last = (place - half).clamp_min(0), (place + half + 1).clamp_max(n)
    around = (sums[:, last] - sums[:, first]) / (last - first)
    peaks = (rise >= top) & (rise > 1.5 * around + 1e-4)
    loud = rise.topk(max(1, n // 50), dim=1).values[:, -1:]
    per_s = STEPS_PER_S / n
    return [(peaks & (rise > share * loud)).float().sum(dim=1) * per_s for share in (0.1, 0.3)]


def _pulse(rise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Highest autocorrelation at beat-like lags, its lag (octaves above 0.25 s), and the mean."""
    kernel = torch.tensor([0.25, 0.5, 0.25], dtype=rise.dtype, device=rise.device)
    smooth = functional.conv1d(rise.unsqueeze(1), kernel.view(1, 1, 3), padding=1).squeeze(1)
    smooth = smooth - smooth.mean(dim=1, keepdim=True)
    size = 2 * smooth.shape[1]
    spectrum = torch.fft.rfft(smooth.float(), n=size, dim=1)
    correlation = torch.fft.irfft(spectrum.abs() ** 2, n=size, dim=1)
    first, last = (round(lag_s * STEPS_PER_S) for lag_s in _PULSE_S)
    lags = correlation[:, first:last] / correlation[:, :1].clamp_min(1e-9)
    best = lags.max(dim=1)
    octaves = torch.log2((best.indices.to(lags.dtype) + first) / first)
    return best.values, octaves * 0.3, lags.clamp_min(0.0).mean(dim=1) * 3.0


def _width(bands: Tensor) -> Tensor:
    """Side power over all of it, in dB: everywhere and in four registers."""
    mean = bands.mean(dim=1)
    parts = [mean] + [mean[:, low:high] for low, high in _REGISTERS]
    shares = [part[..., 1].sum(dim=1) / part.sum(dim=(1, 2)).clamp_min(1e-9) for part in parts]
    return 10.0 * torch.log10(torch.stack(shares, dim=1) + 1e-4) / 10.0


def _covering(heard: Tensor, cover: Tensor, heard_level: Tensor, cover_level: Tensor) -> Tensor:
    """How `cover` (n, t, 40) lies over `heard`, by register, and how their levels go together."""
    audible = to_db(heard)
    margin = audible - to_db(cover)
    weight = torch.sqrt(heard + 1e-9) * torch.sigmoid((audible + 45.0) / 2.0)
    values = []
    for low, high in ((0, N_BANDS), *_REGISTERS):
        part, share = margin[:, :, low:high], weight[:, :, low:high]
        total = share.sum(dim=(1, 2)).clamp_min(1e-6)
        values.append((share * torch.sigmoid(-part / 3.0)).sum(dim=(1, 2)) / total)
        values.append((share * part.clamp(-30.0, 30.0)).sum(dim=(1, 2)) / total / 10.0)
    mean_heard, mean_cover = heard.mean(dim=1), cover.mean(dim=1)
    norm = torch.sqrt((mean_heard**2).sum(dim=1) * (mean_cover**2).sum(dim=1)).clamp_min(1e-12)
    values.append((mean_heard * mean_cover).sum(dim=1) / norm)
    first, second = to_db(heard_level).clamp_min(-30.0), to_db(cover_level).clamp_min(-30.0)
    values.append(_correlation(first, second))
    both = torch.sigmoid(first + 20.0) * torch.sigmoid(second + 20.0)
    values.append(both.mean(dim=1))
    values.append((first - second).std(dim=1) / 10.0)
    root = torch.sqrt(heard * cover).sum(dim=(1, 2))
    values.append(root / torch.sqrt(heard.sum(dim=(1, 2)) * cover.sum(dim=(1, 2))).clamp_min(1e-9))
    return torch.stack(values, dim=1)


def _correlation(first: Tensor, second: Tensor) -> Tensor:
    first = first - first.mean(dim=1, keepdim=True)
    second = second - second.mean(dim=1, keepdim=True)
    norm = torch.sqrt((first**2).sum(dim=1) * (second**2).sum(dim=1))
    return (first * second).sum(dim=1) / (norm + math.sqrt(1e-6))
