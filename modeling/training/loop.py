"""Training one advisor with one seed, from songs on the device to its best weights (torch).

Randomness is a function of seed and step alone, so a run that was killed and resumed takes the
same steps as one that was not.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from modeling.errors import USUAL
from modeling.models.advisors import Advisor, Heard
from modeling.models.likelihood import evidence_loss, posterior_loss
from modeling.training.data import Batch, SongBank
from modeling.training.deadline import Deadline
from modeling.training.presets import TrainingConfig
from modeling.training.start import Start
from modeling.training.state import RunState, TrainingError, load_state, save_state

_LONGEST_GRADIENT = 1.0
_VALIDATION_SEED = 20_250_301
_VALIDATION_DRAWS = 3
_STEP_SEEDS = 1_000_003


@dataclass(frozen=True)
class TrainedMember:
    """One trained network: its weights on the CPU, its curve, and where the time went."""

    weights: dict[str, Tensor]
    curve: list[dict[str, float]]
    n_steps: int
    best_step: int
    best_loss: float
    ear_rmse_db: tuple[float, ...]
    seconds: float
    preparing_share: float
    songs_per_s: float


class MemberRun:
    """The run of one advisor with one seed. `train` does all of it."""

    def __init__(
        self,
        conditioning: str,
        training: SongBank,
        validation: SongBank,
        start: Start,
        config: TrainingConfig,
        seed: int,
    ) -> None:
        torch.manual_seed(seed)
        self.conditioning, self.config, self.seed = conditioning, config, seed
        self.training, self.device, self.start = training, training.device, start
        self.model = start.begin(Advisor(conditioning, config.trunk).to(self.device))
        self.model.in_bf16 = config.bf16
        self._checks = _validation_batches(validation)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.state = RunState()
        self.state.average = _copy(self.model)
        self.state.best = _copy(self.model)
        self.preparing_s = self.stepping_s = 0.0

    def train(
        self,
        folder: Path,
        *,
        resume: bool,
        on_step: Callable[[int, float], None] | None = None,
        deadline: Deadline | None = None,
    ) -> TrainedMember:
        """Take the steps that are left, saving the state in `folder` at every check.

        Raises:
            OutOfTimeError: the deadline has passed; the state of the last step is saved.
            TrainingError: the loss is no number; the state before that step is kept.
        """
        settings = {**self.config.as_json(), "seed": self.seed, "songs": len(self.training)}
        if resume:
            state = load_state(folder, self.model, self.optimiser, settings)
            self.state = state or self.state
        started_s, before_s = time.monotonic(), self.state.seconds
        while self.state.step < self.config.n_steps and not self._is_done():
            loss = self._step(self.state.step)
            self.state.step += 1
            self.state.seconds = before_s + time.monotonic() - started_s
            is_checked = self.state.step % self.config.check_every == 0 or self._is_last()
            is_over = deadline is not None and deadline.passed
            if is_checked:
                self._check(loss)
            if is_checked or is_over:
                save_state(folder, self.state, self.model, self.optimiser, settings)
            if on_step is not None:
                on_step(self.state.step, loss)
            if deadline is not None:
                deadline.check()
        return self._result()

    def _is_last(self) -> bool:
        return self.state.step == self.config.n_steps

    def _is_done(self) -> bool:
        return self.state.checks_without_better >= self.config.patience

    def _step(self, step: int) -> float:
        started_s = time.monotonic()
        rng = np.random.default_rng([self.seed, step])
        torch.manual_seed(self.seed * _STEP_SEEDS + step)
        batch = self.training.batch(self._songs_of(step), USUAL, rng)
        heard = _cropped(batch.heard, self.config.shortest_crop, rng)
        self._wait()
        prepared_s = time.monotonic()
        self.model.train()
        from_ear = self.start.left_out_db[batch.draw, torch.as_tensor(batch.songs)]
        offset, sigma, _ = self.model(heard, batch.relative_db, from_ear.to(self.device))
        losses = self._losses(offset, sigma, batch)
        self._refuse_nan(losses, batch, step)
        loss = losses.mean()
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * _schedule(step, self.config)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), _LONGEST_GRADIENT)
        self.optimiser.step()
        _average(self.state.average, self.model, self.config.average_decay)
        value = float(loss.detach())
        self.preparing_s += prepared_s - started_s
        self.stepping_s += time.monotonic() - started_s
        return value

    def _losses(self, offset: Tensor, sigma: Tensor, batch: Batch) -> Tensor:
        """Of each set. The differential evidence depends on the error by a plain difference, so
        the marginal says nothing about its weights and is left out."""
        active = batch.heard.active
        if self.conditioning == "baseline":
            return posterior_loss(offset, sigma, batch.errors_db, active, USUAL)
        return evidence_loss(offset, sigma, batch.errors_db, active)

    def _songs_of(self, step: int) -> NDArray[np.int64]:
        """The songs of a step: every song once per round, in a new order each round."""
        n, size = len(self.training), min(self.config.batch_songs, len(self.training))
        per_round = n // size
        order = np.random.default_rng([self.seed, step // per_round, 1]).permutation(n)
        first = (step % per_round) * size
        return np.asarray(order[first : first + size], dtype=np.int64)

    def _check(self, loss: float) -> None:
        state = self.state
        live = _copy(self.model)
        self.model.load_state_dict(state.average)
        held_out, rmse_db = self._validate()
        self.model.load_state_dict(live)
        state.curve.append(
            {"step": state.step, "loss": loss, "validation_loss": held_out, "rmse_db": rmse_db}
        )
        if held_out < state.best_loss:
            state.best_loss, state.best_step = held_out, state.step
            state.best = {name: value.clone() for name, value in state.average.items()}
            state.checks_without_better = 0
        else:
            state.checks_without_better += 1

    @torch.no_grad()
    def _validate(self) -> tuple[float, float]:
        """Posterior loss and centred RMSE (dB) of the evidence, on validation songs."""
        self.model.eval()
        losses, squares = [], []
        for batch in self._checks:
            offset, sigma, _ = self.model(batch.heard, batch.relative_db)
            active = batch.heard.active
            losses.append(posterior_loss(offset, sigma, batch.errors_db, active, USUAL).mean())
            left = offset - batch.errors_db
            left = left - left.mean(dim=1, keepdim=True)
            squares.append((left**2).mean())
        return float(torch.stack(losses).mean()), float(torch.stack(squares).mean().sqrt())

    def _refuse_nan(self, losses: Tensor, batch: Batch, step: int) -> None:
        bad = ~torch.isfinite(losses.detach())
        if bad.any():
            song = self.training.titles[int(batch.songs[int(bad.float().argmax())])]
            raise TrainingError(
                f"{self.conditioning}, seed {self.seed}: the loss is no number at step {step} "
                f"on the song {song!r}; the state of step {self.state.best_step} is kept, "
                "remove or mend that song and resume"
            )

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _result(self) -> TrainedMember:
        state = self.state
        taken = max(1e-9, self.stepping_s)
        n_heard = min(self.config.batch_songs, len(self.training)) * state.step
        return TrainedMember(
            weights={name: value.cpu() for name, value in state.best.items()},
            curve=state.curve,
            n_steps=state.step,
            best_step=state.best_step,
            best_loss=state.best_loss,
            ear_rmse_db=self.start.ear_rmse_db,
            seconds=state.seconds,
            preparing_share=self.preparing_s / taken,
            songs_per_s=n_heard / max(1e-9, state.seconds),
        )


def _schedule(step: int, config: TrainingConfig) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to 0.02."""
    rise = max(1, round(config.warm_up * config.n_steps))
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, config.n_steps - rise)
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * done))


def _cropped(heard: Heard, shortest: float, rng: np.random.Generator) -> Heard:
    """A random window of the columns; the scalars stay those of the whole excerpt."""
    n = heard.tracks.shape[-1]
    length = max(8, int(n * rng.uniform(shortest, 1.0)))
    first = int(rng.integers(0, n - length + 1))
    tracks = heard.tracks[..., first : first + length]
    return Heard(tracks, heard.scalars, heard.pairs, heard.active)


def _validation_batches(validation: SongBank) -> list[Batch]:
    """The same errors for both advisors and every seed."""
    rng = np.random.default_rng(_VALIDATION_SEED)
    songs = np.arange(len(validation))
    return [validation.batch(songs, USUAL, rng) for _ in range(_VALIDATION_DRAWS)]


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@torch.no_grad()
def _average(average: dict[str, Tensor], model: nn.Module, decay: float) -> None:
    for name, value in model.named_parameters():
        average[name].lerp_(value, 1.0 - decay)
