"""The state of a run on disk, so that it goes on exactly where a kill stopped it (torch).

Tensors lie in one safetensors file, the rest in its metadata; a temporary name and a rename make
the file old or new, never half. Loading needs no pickle.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

STATE_FILE = "state.safetensors"


class TrainingError(Exception):
    """A run that cannot go on; one line with step, song and what was kept."""


@dataclass
class RunState:
    """Everything that a step changes. `curve` holds one entry per check."""

    step: int = 0
    best_step: int = 0
    best_loss: float = float("inf")
    checks_without_better: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    average: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)


def save_state(
    folder: Path,
    state: RunState,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    config: Mapping[str, Any],
) -> None:
    """Write the state, whole or not at all."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in state.average.items()}
    tensors |= {f"best.{name}": value for name, value in state.best.items()}
    for number, slots in optimiser.state_dict()["state"].items():
        for name, value in slots.items():
            tensors[f"optimiser.{number}.{name}"] = torch.as_tensor(value)
    plain = {
        "step": state.step,
        "best_step": state.best_step,
        "best_loss": state.best_loss,
        "checks_without_better": state.checks_without_better,
        "seconds": state.seconds,
        "curve": state.curve,
        "config": dict(config),
    }
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{STATE_FILE}"
    ready = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    save_file(ready, draft, metadata={"run": json.dumps(plain)})
    draft.replace(folder / STATE_FILE)


def load_state(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    config: Mapping[str, Any],
) -> RunState | None:
    """Bring model and optimiser back to the saved step; None where nothing was saved.

    Raises:
        TrainingError: the state is damaged or belongs to a run with another configuration.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            plain = json.loads((file.metadata() or {})["run"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise TrainingError(f"{path} is damaged; delete it and train again") from error
    if plain.pop("config") != json.loads(json.dumps(dict(config))):
        raise TrainingError(f"{path} belongs to another configuration; delete it or use --out")
    model.load_state_dict(_part(tensors, "model."))
    _restore_optimiser(optimiser, _part(tensors, "optimiser."))
    return RunState(**plain, average=_part(tensors, "average."), best=_part(tensors, "best."))


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, slot = name.split(".", 1)
        slots.setdefault(int(number), {})[slot] = value
    whole = optimiser.state_dict()
    whole["state"] = slots
    optimiser.load_state_dict(whole)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
