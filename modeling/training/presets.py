"""What a training run is: one dataclass, saved in the card, and its three presets."""

from dataclasses import asdict, dataclass, field
from typing import Any

from modeling.models.trunk import TrunkConfig


@dataclass(frozen=True)
class TrainingConfig:
    """Both advisors are trained with the same values, but for their conditioning."""

    preset: str
    n_songs: int  # generated, for training and validation
    n_test_songs: int  # generated from another seed, for the card's figures
    duration_s: float
    n_members: int  # seeds per advisor; they advise together
    n_steps: int
    n_foreign_songs: int = 0  # generated, produced in another way, to know what not to trust
    batch_songs: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    warm_up: float = 0.05
    average_decay: float = 0.98
    check_every: int = 50
    patience: int = 8  # checks without a better loss on validation songs; the best one counts
    shortest_crop: float = 0.5
    validation_share: float = 0.15
    mixes_per_song: int = 16  # rendered for the baseline, shared by its members
    cases_per_song: int = 8
    bf16: bool = False  # the trunk's arithmetic while training
    trunk: TrunkConfig = field(default_factory=TrunkConfig)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the card and for comparing a run with its state."""
        return asdict(self)


PRESETS = {
    "tiny": TrainingConfig(
        "tiny", 32, 12, 10.0, 1, 30, n_foreign_songs=8, batch_songs=16, check_every=10
    ),
    "small": TrainingConfig("small", 1400, 120, 15.0, 3, 2000, n_foreign_songs=96),
    "gpu": TrainingConfig(
        "gpu",
        3000,
        200,
        15.0,
        3,
        3000,
        n_foreign_songs=200,
        batch_songs=64,
        check_every=100,
        bf16=True,
    ),
}
