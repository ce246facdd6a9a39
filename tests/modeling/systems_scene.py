"""Scenes and small checkpoints for the tests of systems, without training or composing."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.vectors import Balance, centre
from modeling.checkpoint import Card, save_checkpoint
from modeling.corpus import Excerpt
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import TrunkConfig
from modeling.rules import fit_rules, save_rules
from modeling.systems.hearing import Scene
from modeling.training.data import heard_stems_of
from tests.modeling.training_songs import noise_excerpt, noise_stems

CONFIG = TrunkConfig(width=16, token=16, heads=2, mixer_layers=1)
FAR_OUT = Balance(0.0, 0.0, -9.0, 0.0)
AS_IMPORTED = Balance(0.0, 0.0, 0.0, 0.0)


@cache
def excerpt() -> Excerpt:
    return noise_excerpt(3)


def scene(present: Balance = FAR_OUT, *, with_audio: bool = False) -> Scene:
    """One song at a balance, the imported one being right."""
    return Scene(
        excerpt(),
        present,
        audio=noise_stems(3) if with_audio else None,
        reference=AS_IMPORTED,
    )


def write_checkpoints(folder: Path, *, trusted: float = 1e6) -> Path:
    """A baseline of chance, a differential advisor that adds nothing to its template, and rules.

    The template is the song's balance as imported.
    """
    rng = np.random.default_rng(4)
    own_db = centre(excerpt().loudness_lufs)
    heard = heard_stems_of(excerpt())
    n_features = Ensemble("differential", CONFIG, 1).features(heard).shape[1]
    features = rng.normal(size=(30, n_features))
    balances_db = centre(own_db + rng.normal(0.0, 0.8, (30, 4)))
    weights = np.zeros((n_features, 4))
    fitted = fit_rules(features[:20], balances_db[:20], features[20:], balances_db[20:], weights)
    save_rules(folder / "rules", fitted)
    for conditioning in ("baseline", "differential"):
        torch.manual_seed(5)
        ensemble = Ensemble(conditioning, CONFIG, 1)
        ensemble.familiarity.trusted.fill_(trusted)
        for member in ensemble.members:
            if conditioning == "baseline":  # it has no template: let it say something
                torch.nn.init.normal_(member.trunk.head.weight, std=0.3)
            member.template_db.copy_(torch.as_tensor(fitted.template_db))
        save_checkpoint(folder / conditioning, ensemble, _card(conditioning))
    return folder


def _card(conditioning: str) -> Card:
    values: dict[str, Any] = {
        "conditioning": conditioning,
        "trunk": CONFIG.as_json(),
        "n_members": 1,
        "n_parameters_per_member": 1,
        "thresholds": {"usual": 0.6},
        "false_advice_rate": 0.25,
        "sigma_scale": 1.0,
        "seeds": (1,),
        "device": "cpu",
        "torch_version": torch.__version__,
        "revision": "",
        "trained_at": "2026-01-01T00:00:00+00:00",
        "seconds": 0.0,
        "training": {},
        "curves": (),
        "data": {},
        "licences": ("CC0-1.0",),
        "fingerprints": (),
        "artists": (),
        "metrics": {},
        "limits": (),
    }
    return Card(**values)
