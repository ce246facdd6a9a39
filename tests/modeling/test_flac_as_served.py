"""FLACs hold exactly the samples given, and nothing else that could tell one from another."""

import io

import numpy as np
import pytest
import soundfile

from modeling.flac import equal_length_flacs, flac_bytes, padded_flac, write_whole

RATE = 44_100


@pytest.fixture
def audio():
    return np.random.default_rng(0).uniform(-0.99, 0.99, (2, RATE // 2))


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_come_back_within_half_a_step(audio, bits):
    back, rate = soundfile.read(io.BytesIO(flac_bytes(audio, RATE, bits=bits)))
    assert rate == RATE
    assert np.abs(back.T - audio).max() <= 0.5001 / 2 ** (bits - 1)


def test_full_scale_does_not_wrap_around():
    back, _ = soundfile.read(io.BytesIO(flac_bytes(np.array([[1.0, -1.0] * 5000]), RATE)))
    assert back[0] == pytest.approx(1.0, abs=1e-4)
    assert back[1] == -1.0


def test_16_bit_samples_survive_unchanged():
    steps = np.random.default_rng(1).integers(-32768, 32768, (2, 9000))
    back, _ = soundfile.read(io.BytesIO(flac_bytes(steps / 32768, RATE)), dtype="int16")
    assert np.array_equal(back.T, steps)


@pytest.mark.parametrize("value", [1.01, np.nan, np.inf])
def test_samples_that_would_clip_or_are_no_numbers_are_refused(audio, value):
    audio[1, 7] = value
    with pytest.raises(ValueError, match=r"samples reach .* lower them to 1 or less"):
        flac_bytes(audio, RATE)


def test_another_depth_is_refused(audio):
    with pytest.raises(ValueError, match="12 bits is no depth"):
        flac_bytes(audio, RATE, bits=12)


def test_padding_makes_lengths_equal_and_leaves_the_audio_alone(audio):
    sounds = [audio, 0.01 * audio, 0 * audio]
    flacs = [flac_bytes(sound, RATE) for sound in sounds]
    padded = equal_length_flacs(flacs)
    assert len({len(flac) for flac in flacs}) == 3
    assert len({len(flac) for flac in padded}) == 1
    for before, after in zip(flacs, padded, strict=True):
        old, new = (soundfile.read(io.BytesIO(flac), dtype="int16")[0] for flac in (before, after))
        assert np.array_equal(old, new)
    assert equal_length_flacs([]) == []


def test_what_cannot_be_padded_is_refused(audio):
    flac = flac_bytes(audio, RATE)
    with pytest.raises(ValueError, match="this is no FLAC file"):
        padded_flac(b"RIFF" + flac, 10**6)
    with pytest.raises(ValueError, match="cannot be padded to"):
        padded_flac(flac, len(flac) + 3)


def test_a_file_is_written_whole_and_replaces_the_one_before(tmp_path):
    path = tmp_path / "mix.flac"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_nothing(tmp_path):
    path = tmp_path / "mix.flac"
    path.mkdir()  # so that the rename at the end fails
    (path / "in the way").touch()
    with pytest.raises(OSError, match=r"mix\.flac"):
        write_whole(path, b"one")
    assert list(tmp_path.iterdir()) == [path]
