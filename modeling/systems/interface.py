"""The one interface of every system, and what all entries share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modeling.advice.compose import Speaker
from modeling.advice.facts import Fact
from modeling.advice.structure import Advice, Provenance
from modeling.systems.hearing import Heard

if TYPE_CHECKING:
    from modeling.endpoint.client import Endpoint

BUNDLED_CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"


class SystemFailedError(Exception):
    """A system that cannot advise: which, why, what to do; one line."""


@dataclass(frozen=True)
class Options:
    """How advice is asked for.

    `seed` draws words and whatever else is random. `reasons` and `self_check` are factors of their
    own that a comparison of systems can switch off. `checkpoints` holds the folders baseline,
    differential and rules. `endpoint` is what an LLM is asked through.
    """

    seed: int = 0
    reasons: bool = True
    self_check: bool = True
    checkpoints: Path = BUNDLED_CHECKPOINTS
    endpoint: "Endpoint | None" = None


class System(Protocol):
    """Whatever advises.

    `hears` holds what it gets and nothing else: mix, stems, loudness_table; the answer is for
    systems with `evaluation_only` alone. A change of what a system says changes its `version`.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def hears(self) -> frozenset[str]: ...
    @property
    def evaluation_only(self) -> bool: ...

    def advise(self, heard: Heard, options: Options) -> Advice:
        """Advice on a set whose faders stand at 0 dB as far as the system knows.

        Raises:
            SystemFailedError: it cannot advise, such as without its weights or its endpoint.
        """
        ...


@dataclass(frozen=True)
class Card:
    """What every entry says of itself; entries inherit it."""

    name: str
    title: str
    hears: frozenset[str]
    version: str = "1"
    evaluation_only: bool = False

    def speaker(
        self, options: Options, facts: Iterable[Fact] = (), checkpoint: str = ""
    ) -> Speaker:
        """Who speaks: this system, with these facts."""
        provenance = Provenance(
            system=self.name,
            version=self.version,
            hears=tuple(sorted(self.hears)),
            checkpoint=checkpoint,
            seed=options.seed,
        )
        return Speaker(provenance, tuple(facts), options.reasons)


Registry = Mapping[str, System]
