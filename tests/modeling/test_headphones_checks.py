"""The headphone checks, by physics: what each ear gets, and what loudspeakers would make of it."""

import io

import numpy as np
import pytest
import soundfile

from modeling.headphones import antiphase_check, huggins_check

RATE = 44_100
GAP = RATE // 2


@pytest.fixture(scope="module")
def huggins():
    return huggins_check(np.random.default_rng(0))


@pytest.fixture(scope="module")
def antiphase():
    return antiphase_check(np.random.default_rng(0))


def intervals_of(trial):
    """The three intervals of a trial, (3, 2, RATE); what lies between them must be silence."""
    audio, rate = soundfile.read(io.BytesIO(trial.flac))
    assert (rate, audio.shape) == (RATE, (4 * RATE, 2))
    starts = [number * (RATE + GAP) for number in range(3)]
    assert not any(audio[start - GAP : start].any() for start in starts[1:])
    return np.stack([audio[start : start + RATE].T for start in starts])


def level_dbfs(signal):
    return 10 * np.log10((signal**2).mean(axis=-1))


def ears_in_phase(interval, low_hz, high_hz):
    """Correlation of the ears in a band: 1 in phase, -1 in antiphase."""
    left, right = np.fft.rfft(interval)[:, low_hz:high_hz]  # 1 Hz bins
    return (left @ right.conj()).real / np.sqrt((abs(left) ** 2).sum() * (abs(right) ** 2).sum())


def test_only_the_huggins_answer_has_a_turned_band_and_only_there(huggins):
    for trial in huggins.trials:
        for number, interval in enumerate(intervals_of(trial), start=1):
            if number == trial.answer:
                assert ears_in_phase(interval, 568, 633) < -0.98
                assert ears_in_phase(interval, 20, 560) > 0.995
                assert ears_in_phase(interval, 641, 20_000) > 0.9999
            else:
                assert np.array_equal(interval[0], interval[1])


def test_one_ear_alone_cannot_tell_the_huggins_answer(huggins):
    for trial in huggins.trials:
        intervals = intervals_of(trial)
        assert level_dbfs(intervals) == pytest.approx(np.full((3, 2), -20.0), abs=0.02)
        power = (abs(np.fft.rfft(intervals[trial.answer - 1])) ** 2)[:, 564:637].sum(axis=1)
        assert power[0] == pytest.approx(power[1], rel=0.05)


def test_over_loudspeakers_the_huggins_tone_becomes_a_notch(huggins):
    for trial in huggins.trials:
        spectrum = np.fft.rfft(intervals_of(trial)[trial.answer - 1].sum(axis=0))
        notch_db, beside_db = level_dbfs(abs(spectrum[[range(572, 628), range(440, 496)]]))
        assert notch_db < beside_db - 15


def test_the_quiet_tone_is_6_db_down_and_only_the_foil_is_in_antiphase(antiphase):
    for trial in antiphase.trials:
        intervals = intervals_of(trial)
        levels = level_dbfs(intervals)
        assert levels[:, 0] == pytest.approx(levels[:, 1], abs=1e-3)
        quiet = trial.answer - 1
        others = [place for place in range(3) if place != quiet]
        assert levels[others, 0] - levels[quiet, 0] == pytest.approx([6.0, 6.0], abs=0.01)
        phases = [ears_in_phase(interval, 150, 250) for interval in intervals]
        assert phases[quiet] == pytest.approx(1.0)
        assert sorted(phases[place] for place in others) == pytest.approx([-1.0, 1.0])


def test_over_loudspeakers_the_foil_and_not_the_answer_is_quietest(antiphase):
    for trial in antiphase.trials:
        in_the_air = np.abs(intervals_of(trial).sum(axis=1)).max(axis=1)
        assert in_the_air.argmin() != trial.answer - 1
        assert in_the_air.min() < 1e-4


def test_antiphase_tones_are_200_hz_and_start_and_end_softly(antiphase):
    for trial in antiphase.trials:
        for interval in intervals_of(trial):
            assert abs(np.fft.rfft(interval[0])).argmax() == 200
            first, last = np.abs(interval[0][:220]).max(), np.abs(interval[0][-220:]).max()
            assert max(first, last) < 0.01 * np.abs(interval[0]).max()  # 5 ms into a 100 ms ramp


def test_the_huggins_noises_start_and_end_softly(huggins):
    for trial in huggins.trials:
        for interval in intervals_of(trial):
            edges = np.concatenate([interval[:, :44], interval[:, -44:]])
            assert np.abs(edges).max() < 0.01


@pytest.mark.parametrize("make", [huggins_check, antiphase_check])
def test_six_trials_with_every_answer_twice_and_no_cue_in_the_size(make):
    check = make(np.random.default_rng(1))
    assert sorted(trial.answer for trial in check.trials) == [1, 1, 2, 2, 3, 3]
    assert len({len(trial.flac) for trial in check.trials}) == 1


@pytest.mark.parametrize("make", [huggins_check, antiphase_check])
def test_a_check_follows_from_its_seed(make):
    assert make(np.random.default_rng(7)) == make(np.random.default_rng(7))
    assert make(np.random.default_rng(7)) != make(np.random.default_rng(8))


def test_huggins_wants_all_six_and_antiphase_five(huggins, antiphase):
    for check, wrong_allowed in ((huggins, 0), (antiphase, 1)):
        answers = [trial.answer for trial in check.trials]
        for n_wrong in range(3):
            given = [a % 3 + 1 if i < n_wrong else a for i, a in enumerate(answers)]
            assert check.n_right(given) == 6 - n_wrong
            assert check.passed(given) == (n_wrong <= wrong_allowed)


def test_another_number_of_answers_is_refused(huggins):
    with pytest.raises(ValueError, match="5 answers to 6 trials"):
        huggins.passed([1, 2, 3, 1, 2])
