"""Audio files for tests: good ones, odd ones and broken ones, made on the spot."""

import os
import resource
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from analysis.vectors import STEMS

RATE_HZ = 44_100
NOBODY = 65_534

Samples = NDArray[np.float32]


def noise(seed: int, duration_s: float, level: float = 0.1, rate_hz: int = RATE_HZ) -> Samples:
    """Stereo noise (n, 2) whose values are whole 16-bit steps, so every container holds it."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.0, level, (round(duration_s * rate_hz), 2))
    return (np.rint(np.clip(values, -0.99, 0.99) * 2**15) / 2**15).astype(np.float32)


def write_audio(
    path: Path, samples: Samples, rate_hz: int = RATE_HZ, subtype: str | None = None
) -> Path:
    """Write (n, channels) samples; 16 bits where the suffix allows and nothing else is said."""
    is_lossless = path.suffix.lower() in (".wav", ".flac", ".aiff")
    soundfile.write(path, samples, rate_hz, subtype or ("PCM_16" if is_lossless else None))
    return path


def write_song(
    folder: Path,
    stems: Mapping[str, Samples] | None = None,
    suffix: str = ".wav",
    duration_s: float = 1.0,
    subtype: str | None = None,
) -> Path:
    """A folder of four stems: those given, and noise for the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, stem in enumerate(STEMS):
        samples = (stems or {}).get(stem)
        samples = noise(seed, duration_s) if samples is None else samples
        write_audio(folder / f"{stem}{suffix}", samples, subtype=subtype)
    return folder


def write_stem_mp4(path: Path, streams: Sequence[Samples]) -> Path:
    """A `.stem.mp4` with one AAC stream for each (n, 2) signal, interleaved frame by frame."""
    with av.open(str(path), "w", format="mp4") as container:
        outputs = [container.add_stream("aac", rate=RATE_HZ, layout="stereo") for _ in streams]
        for start in range(0, len(streams[0]), 1024):
            for output, samples in zip(outputs, streams, strict=True):
                planar = np.ascontiguousarray(samples[start : start + 1024].T)
                frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = RATE_HZ, start
                container.mux(output.encode(frame))
        for output in outputs:
            container.mux(output.encode(None))
    return path


def keep_share(path: Path, share: float) -> Path:
    """Cut a file off after a share of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def overwrite(path: Path, offset: int, data: bytes) -> Path:
    """Replace bytes in the middle of a file."""
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(data)] = data
    path.write_bytes(whole)
    return path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may enter (pytest's own may not be entered)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Act as an ordinary user, since root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def full_disk(n_bytes: int) -> Iterator[None]:
    """No file may grow beyond `n_bytes`: the next write fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
