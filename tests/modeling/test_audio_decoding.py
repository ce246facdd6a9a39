"""Whatever the container, a stem comes out as the same stereo samples at 44.1 kHz."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modeling.audio import StemDecoder, StemFile, decode, probe
from tests.audio_files import noise, write_audio, write_stem_mp4


def decoded(file: StemFile | Path) -> NDArray[np.float32]:
    return np.concatenate(list(decode(file)), axis=1)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        (".wav", "PCM_16"),
        (".wav", "PCM_24"),
        (".wav", "FLOAT"),
        (".wav", "DOUBLE"),
        (".flac", "PCM_16"),
        (".flac", "PCM_24"),
        (".aiff", "PCM_16"),
    ],
)
def test_a_lossless_container_gives_every_sample_back(
    tmp_path: Path, suffix: str, subtype: str
) -> None:
    samples = noise(1, 2.5)
    path = write_audio(tmp_path / f"vocals{suffix}", samples, subtype=subtype)
    assert np.array_equal(decoded(path), samples.T)


@pytest.mark.parametrize(("suffix", "within_db"), [(".ogg", 0.1), (".mp3", 0.5)])
def test_a_lossy_container_keeps_length_and_level(
    tmp_path: Path, suffix: str, within_db: float
) -> None:
    t = np.arange(2 * 44_100) / 44_100
    tone = np.repeat(0.5 * np.sin(2 * np.pi * 440.0 * t)[:, np.newaxis], 2, axis=1)
    out = decoded(write_audio(tmp_path / f"bass{suffix}", tone.astype(np.float32)))
    assert out.shape == (2, 2 * 44_100)
    ratio = np.std(out[:, 10_000:70_000].astype(np.float64)) / np.std(tone[10_000:70_000])
    assert 20 * np.log10(ratio) == pytest.approx(0.0, abs=within_db)


def test_mono_is_doubled_to_stereo(tmp_path: Path) -> None:
    mono = noise(2, 1.0)[:, :1]
    out = decoded(write_audio(tmp_path / "drums.wav", mono))
    assert np.array_equal(out, np.repeat(mono, 2, axis=1).T)


def test_the_digest_depends_on_the_samples_and_not_on_the_container(tmp_path: Path) -> None:
    samples, digests = noise(3, 1.5), set()
    for name, subtype in (("a.wav", "PCM_16"), ("b.flac", "PCM_24"), ("c.wav", "FLOAT")):
        decoder = StemDecoder(write_audio(tmp_path / name, samples, subtype=subtype))
        list(decoder.blocks())
        digests.add(decoder.digest())
    other = StemDecoder(write_audio(tmp_path / "d.wav", noise(4, 1.5)))
    list(other.blocks())
    assert len(digests) == 1
    assert other.digest() not in digests


def test_a_stem_mp4_gives_the_stream_that_was_asked_for(tmp_path: Path) -> None:
    t = np.arange(44_100) / 44_100
    streams = [
        np.repeat(0.3 * np.sin(2 * np.pi * hz * t)[:, np.newaxis], 2, axis=1).astype(np.float32)
        for hz in (300.0, 600.0, 900.0, 1200.0, 1500.0)
    ]
    path = write_stem_mp4(tmp_path / "A - B.stem.mp4", streams)
    for index, hz in enumerate((300.0, 600.0, 900.0, 1200.0, 1500.0)):
        out = decoded(StemFile(path, index))
        spectrum = np.abs(np.fft.rfft(out[0, :44_100]))
        assert np.argmax(spectrum) == pytest.approx(hz, abs=1.0)


def test_probing_reads_the_header_only(tmp_path: Path) -> None:
    info = probe(write_audio(tmp_path / "other.flac", noise(5, 1.25), subtype="PCM_24"))
    assert (info.sample_rate_hz, info.channels, info.duration_s) == (44_100, 2, 1.25)
    assert not info.fits_16_bit


def test_a_wav_written_by_a_stream_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    samples = noise(6, 0.5)
    path = write_audio(tmp_path / "vocals.wav", samples)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"data") + 4
    whole[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(whole)
    assert np.array_equal(decoded(path), samples.T)


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path: Path) -> None:
    peaks_bytes = []
    for duration_s in (5.0, 40.0):
        path = write_audio(tmp_path / f"{duration_s}.wav", noise(7, duration_s))
        tracemalloc.start()
        for _ in decode(path):
            pass
        peaks_bytes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks_bytes[1] < 1.1 * peaks_bytes[0]


def test_the_real_stem_file_decodes_to_what_its_publisher_decoded(shared_dir: Path) -> None:
    path = shared_dir / "stems/musdb18/train/The Easton Ellises - Falcon 69.stem.mp4"
    ours = decoded(StemFile(path, 4))
    theirs = decoded(shared_dir / "stems/falcon69-flac/vocals.flac")
    n = 100_000
    start = next(
        lag
        for lag in range(20_000)
        if np.abs(ours[:, lag + 50_000 : lag + 50_100] - theirs[:, 50_000:50_100]).max() < 2e-4
    )
    difference = ours[:, start + 50_000 : start + 50_000 + n] - theirs[:, 50_000 : 50_000 + n]
    assert np.sqrt(np.mean(difference**2)) < 10 ** (-80 / 20)
