"""Checkpoint folders: what is saved comes back, what does not fit is refused with one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from modeling.checkpoint import Card, CheckpointError, load_checkpoint, save_checkpoint
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import TrunkConfig
from modeling.training.data import heard_stems_of
from tests.modeling.training_songs import noise_excerpt

CONFIG = TrunkConfig(width=16, token=16, heads=2, mixer_layers=1)


def _card(**changes: Any) -> Card:
    values: dict[str, Any] = {
        "conditioning": "differential",
        "trunk": CONFIG.as_json(),
        "n_members": 2,
        "n_parameters_per_member": 1,
        "thresholds": {"usual": 0.6},
        "false_advice_rate": 0.25,
        "sigma_scale": 1.0,
        "seeds": (1, 1001),
        "device": "cpu",
        "torch_version": "2",
        "revision": "",
        "trained_at": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
        "training": {},
        "curves": (),
        "data": {},
        "licences": ("CC0-1.0",),
        "fingerprints": ("aa",),
        "artists": ("someone",),
        "metrics": {},
        "limits": (),
    }
    return Card(**{**values, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "differential", Ensemble("differential", CONFIG, 2), _card())
    return tmp_path / "differential"


def test_a_loaded_advisor_gives_the_same_evidence(tmp_path: Path) -> None:
    torch.manual_seed(2)
    ensemble = Ensemble("differential", CONFIG, 2)
    for member in ensemble.members:
        torch.nn.init.normal_(member.trunk.head.weight)
    save_checkpoint(tmp_path / "one", ensemble, _card())
    heard = heard_stems_of(noise_excerpt(1))
    before = ensemble.evidence(heard, np.zeros((1, 4))).evidence
    after = load_checkpoint(tmp_path / "one").ensemble.evidence(heard, np.zeros((1, 4))).evidence
    assert np.array_equal(before.offset_db, after.offset_db)
    assert np.array_equal(before.sigma_db, after.sigma_db)


def test_the_card_knows_songs_and_artists_that_were_seen(folder: Path) -> None:
    card = load_checkpoint(folder).card
    assert card.saw("aa", "")
    assert card.saw("bb", "someone")
    assert not card.saw("bb", "")


def test_truncated_weights_are_refused(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is missing or truncated"):
        load_checkpoint(folder)


def test_a_card_of_another_version_is_refused(folder: Path) -> None:
    _edit(folder, format="gainsay-checkpoint/0")
    with pytest.raises(CheckpointError, match="is not of the format gainsay-checkpoint/1"):
        load_checkpoint(folder)


def test_unknown_fields_in_the_card_are_refused(folder: Path) -> None:
    _edit(folder, mood="good")
    with pytest.raises(CheckpointError, match=r"unknown fields \(mood\)"):
        load_checkpoint(folder)


def test_unknown_and_missing_keys_in_the_weights_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    tensors["extra"] = torch.zeros(1)
    del tensors["sigma_scale"]
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match=r"1 unknown keys \(extra\) and lacks 1 \(sigma_scal"):
        load_checkpoint(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    tensors["members.1.trunk.head.bias"] = torch.tensor([float("nan"), 0.0])
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match=r"head\.bias holds NaN or infinity"):
        load_checkpoint(folder)


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    _edit(folder, trunk={**CONFIG.as_json(), "token": 32})
    with pytest.raises(CheckpointError, match="has shape"):
        load_checkpoint(folder)


def test_weights_over_six_mebibytes_are_not_written(tmp_path: Path) -> None:
    large = TrunkConfig(width=320, token=320)
    with pytest.raises(CheckpointError, match="at most 6 are allowed"):
        save_checkpoint(tmp_path / "large", Ensemble("baseline", large, 2), _card())
    assert not (tmp_path / "large").exists()


def _edit(folder: Path, **changes: Any) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
