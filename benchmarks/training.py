"""Training: examples a second, the share of a step that prepares them, and one piece of advice."""

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.table import CannotRun, Row
from modeling.corpus import Excerpt, generated_excerpt
from modeling.errors import USUAL
from modeling.features import remix

MOST_PREPARING = 0.10
MOST_ADVICE_S = 0.3
_DURATION_S = 15.0


def run(quick: bool) -> list[Row]:
    """Rows of both advisors at the sizes of the preset `small`."""
    try:
        import torch
    except ImportError as error:
        raise CannotRun("torch is not installed") from error
    from modeling.models.advisors import CONDITIONINGS

    excerpts = [generated_excerpt(1, index, _DURATION_S) for index in range(6 if quick else 16)]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = [row for name in CONDITIONINGS for row in _training_rows(name, excerpts, device, quick)]
    return [*rows, _remix_row(excerpts[0]), _advice_row(excerpts[0])]


def _training_rows(conditioning: str, excerpts: list[Excerpt], device, quick: bool) -> list[Row]:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from modeling.models.advisors import Advisor
    from modeling.training.data import SongBank
    from modeling.training.loop import MemberRun
    from modeling.training.presets import PRESETS
    from modeling.training.start import fit_start

    n_steps = 6 if quick else 30
    config = replace(
        PRESETS["small"], n_steps=n_steps, check_every=n_steps, batch_songs=len(excerpts)
    )
    songs = SongBank(excerpts, conditioning, device)
    songs.render(USUAL, 2, 1)
    artists = [str(number) for number in range(len(excerpts))]
    start = fit_start(Advisor(conditioning, config.trunk).to(device), songs, artists, 1)
    member = MemberRun(conditioning, songs, songs, start, config, 1)
    with tempfile.TemporaryDirectory() as folder:
        result = member.train(Path(folder), resume=False)
    share = result.preparing_share
    return [
        Row(
            name=f"{conditioning}: training examples, {device}",
            value=result.songs_per_s,
            unit="songs/s",
        ),
        Row(
            name=f"{conditioning}: share of a step that prepares examples, {device}",
            value=share,
            unit="",
            aim="under 10 %",
            met=share < MOST_PREPARING,
        ),
    ]


def _remix_row(excerpt: Excerpt) -> Row:
    """The mix of a balance from band products, beside doing it with audio again."""
    rng = np.random.default_rng(1)
    started_s = perf_counter()
    n = 20
    for _ in range(n):
        remix(excerpt.products, rng.uniform(-12.0, 12.0, 4))
    each_s = (perf_counter() - started_s) / n
    return Row(
        name="band powers of one balance's mix, from band products",
        value=1000.0 * each_s,
        unit="ms",
        compared_with="playing it",
        compared_value=1000.0 * _DURATION_S,
    )


def _advice_row(excerpt: Excerpt) -> Row:
    from modeling.models.ensemble import Ensemble
    from modeling.models.posterior import posterior
    from modeling.models.trunk import TrunkConfig
    from modeling.training.data import heard_stems_of

    ensemble = Ensemble("differential", TrunkConfig(), 3)
    loudness = excerpt.loudness_lufs - excerpt.loudness_lufs.mean()
    posterior(ensemble.evidence(heard_stems_of(excerpt), loudness[None]).evidence[0], USUAL)
    started_s = perf_counter()
    found = ensemble.evidence(heard_stems_of(excerpt), loudness[None])
    posterior(found.evidence[0], USUAL)
    taken_s = perf_counter() - started_s
    return Row(
        name="differential advice from stored features, three members",
        value=taken_s,
        unit="s",
        aim=f"under {MOST_ADVICE_S:g} s",
        met=taken_s < MOST_ADVICE_S,
    )
