"""What each system says of a song whose bass was taken down by 9 dB."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.vectors import Balance, centre
from modeling.advice.json_form import from_json, to_json
from modeling.advice.parser import parse
from modeling.advice.structure import Advice
from modeling.checkpoint import load_checkpoint
from modeling.errors import USUAL
from modeling.evaluation.cases import Cases
from modeling.evaluation.hearing import bank_of, hear_cases
from modeling.models.posterior import posteriors
from modeling.systems.hearing import Scene
from modeling.systems.interface import Options, SystemFailedError
from modeling.systems.registry import advise, systems
from tests.modeling.systems_scene import AS_IMPORTED, FAR_OUT, scene, write_checkpoints

OFFLINE = [name for name in systems() if name != "llm_agent"]
STATING = ("template_shrinkage", "ridge", "neighbours", "baseline", "differential")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Options]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small products are slower on more
    yield Options(checkpoints=write_checkpoints(tmp_path_factory.mktemp("checkpoints")))
    torch.set_num_threads(before)


def _say(name: str, options: Options, asked: Scene | None = None) -> Advice:
    return advise(name, asked or scene(), options, evaluation=True)


@pytest.mark.parametrize("name", OFFLINE)
def test_advice_can_be_read_back_stored_and_applied(name: str, options: Options) -> None:
    advice = _say(name, options)
    assert parse(advice.prose) == advice.answer
    assert from_json(to_json(advice)) == advice
    assert advice.balance == FAR_OUT + advice.move
    assert advice.provenance.system == name
    assert set(advice.provenance.hears) == systems()[name].hears


@pytest.mark.parametrize("name", OFFLINE)
def test_the_same_seed_says_the_same_and_a_common_gain_changes_nothing(
    name: str, options: Options
) -> None:
    first = _say(name, options)
    assert _say(name, options) == first
    louder = scene(Balance(7.0, 7.0, -2.0, 7.0))
    if name != "oracle":  # its answer is taken from the balances themselves
        assert _say(name, options, louder).answer == first.answer


@pytest.mark.parametrize(
    "name", ["template", "template_shrinkage", "ridge", "differential", "oracle"]
)
def test_a_bass_that_is_far_too_quiet_is_raised(name: str, options: Options) -> None:
    advice = _say(name, options)
    assert advice.answer.moves[0].stem == "bass"
    assert 6.0 <= advice.answer.moves[0].move_db <= 11.0


@pytest.mark.parametrize("name", ["zero", "template_shrinkage", "differential", "oracle"])
def test_a_balanced_song_is_left_alone(name: str, options: Options) -> None:
    assert _say(name, options, scene(AS_IMPORTED)).leave_it


@pytest.mark.parametrize("name", STATING)
def test_who_knows_its_spread_states_uncertainty_for_every_sounding_stem(
    name: str, options: Options
) -> None:
    off = scene(Balance(0.0, 0.0, None, 0.0))
    uncertainty = _say(name, options, off).uncertainty
    assert uncertainty is not None
    assert [value is None for value in uncertainty.sigma_db] == [False, False, True, False]


def test_the_baseline_gives_only_reasons_that_a_mix_can_give(options: Options) -> None:
    for seed in range(5):
        advice = _say("baseline", replace(options, seed=seed))
        assert advice.reasons
        assert all(fact.needs <= {"mix"} for fact in advice.reasons)
        assert not re.search(r"LUFS|LU |usual place|spectrum", advice.prose)


def test_two_sets_with_one_sum_get_one_advice_from_the_baseline(options: Options) -> None:
    asked = scene()
    swapped = asked.excerpt.products
    order = np.array([3, 1, 2, 0])  # the stems change their names; the sum stays
    pairs = {(i, j): k for k, (i, j) in enumerate((i, j) for i in range(4) for j in range(i, 4))}
    moved = [pairs[(min(order[i], order[j]), max(order[i], order[j]))] for i, j in pairs]
    excerpt = replace(
        asked.excerpt,
        products=replace(
            swapped,
            bands=swapped.bands[..., moved],
            envelope=swapped.envelope[..., moved],
            level_db=swapped.level_db[order],
        ),
        gram=asked.excerpt.gram[:, order][:, :, order],
        loudness_lufs=asked.excerpt.loudness_lufs[order],
    )
    first, second = (
        _say("baseline", options, Scene(heard, AS_IMPORTED)) for heard in (asked.excerpt, excerpt)
    )
    assert (first.answer, first.prose) == (second.answer, second.prose)
    assert first.uncertainty is not None
    assert second.uncertainty is not None
    np.testing.assert_allclose(
        first.uncertainty.expected.to_array(), second.uncertainty.expected.to_array(), atol=1e-4
    )
    assert np.abs(first.uncertainty.expected.to_array()).max() > 0.05


def test_reasons_can_be_left_out(options: Options) -> None:
    advice = _say("differential", replace(options, reasons=False))
    assert advice.reasons == ()
    assert advice.answer == _say("differential", options).answer


def test_foreign_input_is_said_to_be_foreign_and_widens_the_interval(
    options: Options, tmp_path: Path
) -> None:
    wary = replace(options, checkpoints=write_checkpoints(tmp_path, trusted=1e-6))
    at_home, abroad = _say("differential", options), _say("differential", wary)
    assert abroad.reasons[0].kind == "unlike_training"
    assert not any(fact.kind == "unlike_training" for fact in at_home.reasons)


def test_weights_are_named_by_their_fingerprint(options: Options) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", _say("differential", options).provenance.checkpoint)
    assert _say("zero", options).provenance.checkpoint == ""


@pytest.mark.parametrize("name", ["template", "ridge", "baseline", "differential"])
def test_missing_weights_get_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(SystemFailedError) as caught:
        _say(name, Options(checkpoints=tmp_path))
    assert "missing" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_new_training_is_noticed_without_a_restart(options: Options, tmp_path: Path) -> None:
    folder = write_checkpoints(tmp_path)
    asked = Options(checkpoints=folder)
    _say("template", asked)
    (folder / "rules" / "rules.safetensors").write_bytes(b"broken")
    with pytest.raises(SystemFailedError, match=r"rules\.safetensors is missing or damaged"):
        _say("template", asked)


@pytest.mark.parametrize("name", ["baseline", "differential"])
def test_the_registry_hears_as_the_results_table_does(name: str, options: Options) -> None:
    error_db = np.array([[0.0, 0.0, -9.0, 0.0]])
    loudness_lufs = scene().excerpt.loudness_lufs
    cases = Cases(USUAL, np.array([0]), error_db, centre(loudness_lufs + error_db), (None,))
    ensemble = load_checkpoint(options.checkpoints / name).ensemble
    evidence = hear_cases(ensemble, bank_of([scene().excerpt], name), cases).evidence
    found = posteriors(evidence, USUAL)[0]
    uncertainty = _say(name, options).uncertainty
    assert uncertainty is not None
    np.testing.assert_allclose(uncertainty.expected.to_array(), -found.mean_error_db(), atol=0.02)
    assert uncertainty.p_error == pytest.approx(found.p_error, abs=0.005)
