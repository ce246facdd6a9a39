"""How the trained advisors hear the cases of an evaluation (torch)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.corpus import Excerpt
from modeling.evaluation.cases import Cases
from modeling.models.ensemble import Ensemble, Heeded
from modeling.models.posterior import Evidence
from modeling.training.data import SongBank

_CASES_AT_ONCE = 64


def hear_cases(ensemble: Ensemble, bank: SongBank, cases: Cases) -> Heeded:
    """Evidence (n, 4) and trust (n,) of an advisor for every case; `bank` holds the excerpts.

    The differential advisor hears each song's stems once, since no error changes them; the
    baseline hears every mix.
    """
    if ensemble.conditioning == "differential":
        nothing = np.zeros((len(bank), cases.errors_db.shape[1]))
        heard = ensemble.evidence(bank.all_heard(), nothing)
        return Heeded(
            Evidence(
                cases.relative_db + heard.evidence.offset_db[cases.songs],
                heard.evidence.sigma_db[cases.songs],
            ),
            heard.trust[cases.songs],
        )
    parts = []
    for first in range(0, len(cases), _CASES_AT_ONCE):
        rows = slice(first, first + _CASES_AT_ONCE)
        batch = bank.with_errors(cases.songs[rows], cases.errors_db[rows])
        parts.append(ensemble.evidence(batch.heard, None))
    return Heeded(
        Evidence(
            np.concatenate([part.evidence.offset_db for part in parts]),
            np.concatenate([part.evidence.sigma_db for part in parts]),
        ),
        np.concatenate([part.trust for part in parts]),
    )


def bank_of(excerpts: Sequence[Excerpt], conditioning: str) -> SongBank:
    """The excerpts on the CPU, as one advisor hears them."""
    return SongBank(excerpts, conditioning, torch.device("cpu"))


def scalars_of(ensemble: Ensemble, bank: SongBank) -> NDArray[np.float64]:
    """Standardised level-free scalars (songs, f) of the stems, for the rows that need them."""
    features = ensemble.features(bank.all_heard())
    return np.asarray(features.double().numpy())
