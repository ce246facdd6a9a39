"""The forms of the differential advisor side by side, on cached songs.

    python -m modeling.training.ablations --data corpus --songs 800 --steps 400 --seed 1

All learn from the same songs with the same number of updates and are scored on the same test songs,
at the usual errors: centred RMSE of the evidence on balanced sets, centred MAE of the correction.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from modeling.corpus import CorpusError
from modeling.errors import USUAL
from modeling.evaluation.bootstrap import SongBootstrap
from modeling.evaluation.cases import Cases, answers_from_evidence, usual_cases
from modeling.evaluation.metrics import per_case
from modeling.models.advisors import Advisor
from modeling.models.ear import N_FEATURES, adaptive_ridge
from modeling.models.likelihood import posterior_loss
from modeling.models.posterior import Evidence
from modeling.training.calibration import fit_sigma_scale
from modeling.training.data import Batch, SongBank
from modeling.training.forms import Direct, LevelTrunk, Siamese
from modeling.training.loop import MemberRun
from modeling.training.presets import PRESETS, TrainingConfig
from modeling.training.songs import Songs, prepare_songs
from modeling.training.start import Start, fit_start

SHIPPED = "balance of the set: ear and trunk"
N_OTHERS = 4
CHECK_EVERY = 50
_CPU = torch.device("cpu")

Hear = Callable[[SongBank, Cases], Evidence]
Tensors = Callable[[Batch], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Bench:
    """Songs as the differential advisor hears them, and where its members start."""

    config: TrainingConfig
    training: SongBank
    validation: SongBank
    test: SongBank
    start: Start
    seed: int


def prepare(songs: Songs, config: TrainingConfig, seed: int) -> Bench:
    """Banks and the fitted start."""
    training, validation, test = (
        SongBank(excerpts, "differential", _CPU)
        for excerpts in (songs.training, songs.validation, songs.test)
    )
    torch.manual_seed(seed)
    artists = [excerpt.origin.group for excerpt in songs.training]
    start = fit_start(Advisor("differential", config.trunk), training, artists, seed)
    return Bench(config, training, validation, test, start, seed)


def forms(bench: Bench, folder: Path) -> dict[str, Callable[[], Hear]]:
    """Every form by name, each a function that trains it."""
    return {
        "template alone": lambda: _template(bench),
        "balance of the set: ear alone": lambda: _balance(bench, ear=True, folder=None),
        "balance of the set: trunk alone": lambda: _balance(bench, ear=False, folder=folder / "t"),
        SHIPPED: lambda: _balance(bench, ear=True, folder=folder / "e"),
        "error directly: ear alone": lambda: _direct_ear(bench),
        "error directly: network": lambda: _direct(bench),
        "error, siamese with another balanced song": lambda: _siamese(bench),
    }


def measure(
    hear: Hear, bench: Bench, songs: Songs, per_song: int
) -> tuple[dict[str, NDArray[np.float64]], Cases]:
    """Values by case on the test songs, sigma scaled on the validation songs."""
    known = usual_cases(songs.validation, per_song, bench.seed)
    scale = fit_sigma_scale(hear(bench.validation, known), known)
    cases = usual_cases(songs.test, per_song, bench.seed)
    found = hear(bench.test, cases)
    evidence = Evidence(found.offset_db, found.sigma_db * scale)
    values = per_case(answers_from_evidence("form", evidence, cases, 0.5), cases)
    left_db = evidence.offset_db - cases.errors_db
    left_db = left_db - left_db.mean(axis=1, keepdims=True)
    return {
        "squared_db": (left_db**2).mean(axis=1),
        "centred_mae_db": values["centred_mae_db"],
        "joint": values["joint"],
    }, cases


def table(songs: Songs, config: TrainingConfig, seed: int, folder: Path) -> list[dict[str, object]]:
    """A row for each form, with its paired difference in centred MAE from the shipped one."""
    bench = prepare(songs, config, seed)
    values = {}
    for name, train in forms(bench, folder).items():
        values[name], cases = measure(train(), bench, songs, config.cases_per_song)
        sys.stderr.write(f"{name}: {values[name]['centred_mae_db'].mean():.3f} dB\n")
    bootstrap = SongBootstrap(cases.songs, seed)
    return [
        {
            "form": name,
            "evidence_rmse_db": math.sqrt(float(found["squared_db"].mean())),
            "centred_mae_db": bootstrap.mean(found["centred_mae_db"]).as_json(),
            "joint": bootstrap.mean(found["joint"]).as_json(),
            "centred_mae_db_minus_shipped": bootstrap.difference(
                found["centred_mae_db"], values[SHIPPED]["centred_mae_db"]
            ).as_json(),
        }
        for name, found in values.items()
    ]


def _template(bench: Bench) -> Hear:
    template_db = bench.start.advisor.template_db.double().numpy()
    sigma_db = (bench.training.target_db() - template_db).std(axis=0) * math.sqrt(4.0 / 3.0)

    def hear(bank: SongBank, cases: Cases) -> Evidence:
        return Evidence(cases.relative_db - template_db, np.tile(sigma_db, (len(cases), 1)))

    return hear


def _balance(bench: Bench, *, ear: bool, folder: Path | None) -> Hear:
    """The balanced relative loudness is regressed; the error follows by subtraction."""
    start = bench.start
    if not ear:
        # A copy with a deaf ear, and the template's spread to begin with.
        deaf = start.begin(Advisor("differential", bench.config.trunk))
        deaf.ear.load_state_dict(type(deaf.ear)().state_dict())
        deaf.trunk.first_sigma_db.fill_(2.7)
        start = replace(start, advisor=deaf, left_out_db=torch.zeros_like(start.left_out_db))
    model = start.begin(Advisor("differential", bench.config.trunk))
    if folder is not None:
        run = MemberRun(
            "differential", bench.training, bench.validation, start, bench.config, bench.seed
        )
        model.load_state_dict(run.train(folder, resume=False).weights)
    model.eval()

    @torch.no_grad()
    def hear(bank: SongBank, cases: Cases) -> Evidence:
        return _in_parts(bank, cases, lambda b: model(b.heard, b.relative_db)[:2])

    return hear


def _direct_ear(bench: Bench) -> Hear:
    """Adaptive ridge regression of the error on the scalars and the present loudness."""
    ear, rng = bench.start.advisor.ear, np.random.default_rng([bench.seed, 21])
    batches = [
        bench.training.fresh(np.arange(len(bench.training)), USUAL, rng)
        for _ in range(bench.config.cases_per_song)
    ]

    def features(batch: Batch) -> Tensor:
        assert batch.relative_db is not None
        heard = ear.features(batch.heard.scalars, batch.heard.pairs, batch.heard.active)
        # Wide, so that the ridge hardly touches them: what is measured needs no shrinking.
        return torch.cat([heard, batch.relative_db * 10.0], dim=1)

    rows = torch.cat([features(batch) for batch in batches])
    wanted = torch.cat([b.errors_db - b.errors_db.mean(dim=1, keepdim=True) for b in batches])
    strength = bench.start.ear_strength * len(batches)
    weight = torch.stack([adaptive_ridge(rows, wanted[:, k], strength) for k in range(4)], dim=1)
    assert weight.shape == (N_FEATURES + 4, 4)
    sigma_db = (rows @ weight - wanted).std(dim=0) * math.sqrt(4.0 / 3.0)

    def hear(bank: SongBank, cases: Cases) -> Evidence:
        return _in_parts(
            bank,
            cases,
            lambda b: (features(b) @ weight, sigma_db.expand(len(b.songs), -1)),
        )

    return hear


def _direct(bench: Bench) -> Hear:
    torch.manual_seed(bench.seed)
    model = Direct(bench.config.trunk)
    _begin(model.trunk, bench)
    said = _trained(model, bench, lambda batch: model(batch.heard, _present(batch)))

    @torch.no_grad()
    def hear(bank: SongBank, cases: Cases) -> Evidence:
        return _in_parts(bank, cases, said)

    return hear


def _siamese(bench: Bench) -> Hear:
    torch.manual_seed(bench.seed)
    model = Siamese(bench.config.trunk)
    _begin(model.trunk, bench)
    rng = np.random.default_rng([bench.seed, 22])
    balances = torch.as_tensor(bench.training.target_db(), dtype=torch.float32)

    def beside_another(batch: Batch) -> tuple[Tensor, Tensor]:
        offsets, sigmas = [], []
        for _ in range(1 if model.training else N_OTHERS):
            other = torch.as_tensor(rng.integers(len(balances), size=len(batch.songs)))
            heard = bench.training.all_heard()[other]
            heard = replace(heard, tracks=heard.tracks.float())
            n = min(heard.tracks.shape[-1], batch.heard.tracks.shape[-1])
            heard = replace(heard, tracks=heard.tracks[..., :n])
            offset, sigma = model(batch.heard, _present(batch), heard, balances[other])
            offsets.append(offset)
            sigmas.append(sigma)
        return torch.stack(offsets).mean(dim=0), torch.stack(sigmas).mean(dim=0)

    said = _trained(model, bench, beside_another)

    @torch.no_grad()
    def hear(bank: SongBank, cases: Cases) -> Evidence:
        return _in_parts(bank, cases, said)

    return hear


def _begin(trunk: LevelTrunk, bench: Bench) -> None:
    fitted = bench.start.advisor.trunk
    for name in ("band_scale", "scalar_scale", "pair_scale"):
        getattr(trunk, name).load_state_dict(getattr(fitted, name).state_dict())


def _trained(model: nn.Module, bench: Bench, said: Tensors) -> Tensors:
    """Train with fresh errors by the posterior loss; the best check on validation songs counts."""
    config, n = bench.config, len(bench.training)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.n_steps)
    checks = _checks(bench)
    best, kept = math.inf, {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(config.n_steps):
        rng = np.random.default_rng([bench.seed, step])
        songs = rng.permutation(n)[: config.batch_songs]
        batch = bench.training.fresh(songs, USUAL, rng)
        model.train()
        loss = _loss(said, batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % CHECK_EVERY == 0:
            model.eval()
            with torch.no_grad():
                held_out = float(np.mean([float(_loss(said, check)) for check in checks]))
            if held_out < best:
                best = held_out
                kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    model.eval()
    return said


def _checks(bench: Bench) -> list[Batch]:
    rng = np.random.default_rng([bench.seed, 23])
    everyone = np.arange(len(bench.validation))
    return [
        bench.validation.fresh(part, USUAL, rng)
        for part in np.array_split(everyone, min(4, len(everyone)))
    ]


def _loss(said: Tensors, batch: Batch) -> Tensor:
    offset, sigma = said(batch)
    return posterior_loss(offset, sigma, batch.errors_db, batch.heard.active, USUAL).mean()


def _in_parts(bank: SongBank, cases: Cases, said: Tensors) -> Evidence:
    parts = []
    for first in range(0, len(cases), 64):
        rows = slice(first, first + 64)
        offset, sigma = said(bank.with_errors(cases.songs[rows], cases.errors_db[rows]))
        parts.append((offset.double().numpy(), sigma.double().numpy()))
    offset_db, sigma_db = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Evidence(offset_db, sigma_db)


def _present(batch: Batch) -> Tensor:
    assert batch.relative_db is not None
    return batch.relative_db - batch.relative_db.mean(dim=1, keepdim=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m modeling.training.ablations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("var/corpus"), help="cached songs")
    parser.add_argument("--songs", type=int, default=800)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args(arguments)
    config = replace(PRESETS["small"], n_songs=given.songs, n_steps=given.steps, n_foreign_songs=0)
    try:
        songs = prepare_songs(config, given.data, given.seed, given.jobs)
    except (CorpusError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    rows = table(songs, config, given.seed, given.data / ".ablations")
    sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
