"""The leaks that would let an advisor read the answer instead of hearing it."""

import numpy as np
import pytest
import torch

from modeling.corpus import Excerpt, measured
from modeling.features import band_powers
from modeling.models.advisors import Advisor, Heard, hear_mix
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import TrunkConfig
from modeling.training.data import heard_stems_of
from tests.modeling.training_songs import noise_excerpt, noise_stems, with_gains

CONFIG = TrunkConfig(width=16, token=16, heads=2, mixer_layers=1)
Stems = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def _advisor(conditioning: str) -> Advisor:
    """An advisor whose every weight says something, as after training."""
    torch.manual_seed(1)
    advisor = Advisor(conditioning, CONFIG)
    with torch.no_grad():
        advisor.ear.weight.normal_(0.0, 0.05)
        advisor.trunk.head.weight.normal_(0.0, 0.5)
    return advisor.eval()


def _excerpt(stems: Stems) -> Excerpt:
    return measured(stems, noise_excerpt(1).origin)


def _mu(heard: Heard) -> np.ndarray:
    with torch.no_grad():
        balanced, _ = _advisor("differential").balanced_db(heard)
    return balanced[0].numpy()


@pytest.fixture(scope="module")
def song() -> Heard:
    """One song as imported."""
    return heard_stems_of(_excerpt(noise_stems(1)))


def _mix_heard(stems: Stems) -> Heard:
    bands, steps = (torch.as_tensor(part)[None] for part in band_powers(stems.sum(axis=0)))
    return hear_mix(bands, steps, torch.ones(1, 4, dtype=torch.bool))


def _baseline_offset(stems: Stems) -> np.ndarray:
    with torch.no_grad():
        offset, _, _ = _advisor("baseline")(_mix_heard(stems), None)
    return offset[0].numpy()


@pytest.mark.parametrize("gain_db", [-12.0, 12.0])
@pytest.mark.parametrize("stem", range(4))
def test_one_stems_gain_moves_no_content_feature_and_no_mu(
    song: Heard, stem: int, gain_db: float
) -> None:
    gains_db = [0.0] * 4
    gains_db[stem] = gain_db
    after = heard_stems_of(_excerpt(with_gains(noise_stems(1), gains_db)))
    assert torch.allclose(after.scalars, song.scalars, rtol=0.0, atol=1e-3)
    assert torch.allclose(after.pairs, song.pairs, rtol=0.0, atol=1e-3)
    assert torch.allclose(after.tracks, song.tracks, rtol=0.0, atol=1e-3)
    assert _mu(after) == pytest.approx(_mu(song), abs=1e-4)


def test_seven_db_on_every_stem_changes_neither_advisors_evidence() -> None:
    stems = noise_stems(2)
    louder = with_gains(stems, [7.0] * 4)
    before, after = _excerpt(stems), _excerpt(louder)
    assert _mu(heard_stems_of(after)) == pytest.approx(_mu(heard_stems_of(before)), abs=1e-4)
    assert _baseline_offset(louder) == pytest.approx(_baseline_offset(stems), abs=1e-3)
    moved_db = after.loudness_lufs - before.loudness_lufs
    assert moved_db == pytest.approx([7.0] * 4, abs=1e-4)


def test_two_sets_with_the_same_sum_get_identical_advice_from_the_baseline() -> None:
    stems = noise_stems(3).astype(np.float64)
    other = stems.copy()
    # Move some of the bass into the drums: other stems, the same mix.
    other[1] += 0.5 * stems[2]
    other[2] -= 0.5 * stems[2]
    remixed = [_baseline_offset(audio.astype(np.float32)) for audio in (stems, other)]
    assert remixed[0] == pytest.approx(remixed[1], abs=1e-4)


def test_the_baseline_refuses_to_be_told_any_loudness() -> None:
    with pytest.raises(ValueError, match="does not fit the baseline"):
        _advisor("baseline")(_mix_heard(noise_stems(4)), torch.zeros(1, 4))


def test_a_silent_stem_reaches_no_other_stems_evidence() -> None:
    stems = noise_stems(5)
    stems[3] = 0.0
    heard = heard_stems_of(_excerpt(stems))
    assert heard.active[0].tolist() == [True, True, True, False]
    ensemble = Ensemble("differential", CONFIG, 1)
    ensemble.members[0] = _advisor("differential")
    relative_db = np.array([[0.0, 1.0, -1.0, np.nan]])
    found = ensemble.evidence(heard, relative_db).evidence
    assert np.isnan(found.offset_db[0]).tolist() == [False, False, False, True]
    # Whatever stands in the masked stem's place is not heard.
    spoiled = Heard(heard.tracks, heard.scalars.clone(), heard.pairs.clone(), heard.active)
    spoiled.scalars[0, 3] = 50.0
    spoiled.pairs[0, 3], spoiled.pairs[0, :, 3] = 50.0, 50.0
    again = ensemble.evidence(spoiled, relative_db).evidence
    assert again.offset_db[0, :3] == pytest.approx(found.offset_db[0, :3], abs=1e-5)


def test_sigma_of_foreign_input_is_widened_and_the_template_takes_over() -> None:
    songs = [heard_stems_of(noise_excerpt(seed)) for seed in range(8)]
    familiar = Heard(
        *(torch.cat([getattr(song, name) for song in songs]) for name in Heard.__annotations__)
    )
    ensemble = Ensemble("differential", CONFIG, 1)
    member = _advisor("differential")
    member.ear.fit_scale(familiar.scalars, familiar.pairs)
    member.template_db.copy_(torch.tensor([4.0, -2.0, -5.0, 3.0]))
    ensemble.members[0] = member
    ensemble.fit_familiarity(familiar, familiar)
    ensemble.fallback_sigma_db.fill_(3.0)
    trusted = ensemble.evidence(familiar, np.zeros((8, 4)))
    assert trusted.trust.max() == 1.0
    strange = Heard(
        familiar.tracks, familiar.scalars + 40.0, familiar.pairs - 40.0, familiar.active
    )
    found = ensemble.evidence(strange, np.zeros((8, 4)))
    assert found.trust.max() == 0.0
    # So far out that the template says next to nothing.
    assert found.evidence.sigma_db == pytest.approx(np.full((8, 4), 12.0))
    assert found.evidence.offset_db[0] == pytest.approx([-4.0, 2.0, 5.0, -3.0])
