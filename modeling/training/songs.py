"""The songs of a training run by their use: generated ones, foreign ones, real ones."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from modeling.corpus import (
    SUFFIX,
    CorpusError,
    Excerpt,
    excerpts_of_song,
    generate,
    generated_names,
    read_corpus,
    read_excerpt,
    shortened,
)
from modeling.training.presets import TrainingConfig

# Added to the seed of the training songs.
TEST_SEED, FOREIGN_SEED = 10, 2
PAIRS_FILE, PAIRS_LINES = "dataset.json", "pairs.jsonl"


@dataclass(frozen=True)
class Songs:
    """Excerpts by their use; no artist is in two of training, validation and test.

    `foreign` are generated songs produced in another way: they show how far from its training songs
    an advisor may be trusted.
    """

    training: list[Excerpt]
    validation: list[Excerpt]
    test: list[Excerpt]
    foreign: list[Excerpt]

    @property
    def real(self) -> list[Excerpt]:
        """The real songs among the training songs."""
        return [excerpt for excerpt in self.training if not excerpt.origin.generated]

    def without_real(self) -> "Songs":
        """The same, with generated songs alone to train on."""
        generated = [excerpt for excerpt in self.training if excerpt.origin.generated]
        return replace(self, training=generated)


def prepare_songs(
    config: TrainingConfig,
    data: Path,
    seed: int,
    jobs: int,
    real: Sequence[Excerpt] = (),
    on_song: Callable[[], None] | None = None,
) -> Songs:
    """Generate what is missing in `data` and split it by artist; `real` songs join the training.

    Test songs come from another seed and foreign ones from a third: other artists. `on_song` is
    called after each song that was made.

    Raises:
        CorpusError: a file in `data` is damaged.
    """
    duration_s = config.duration_s
    generate(data, seed, range(config.n_songs), duration_s, jobs, on_song=on_song)
    generate(data, seed + TEST_SEED, range(config.n_test_songs), duration_s, jobs, on_song=on_song)
    generate(
        data, seed + FOREIGN_SEED, range(config.n_foreign_songs), duration_s, jobs,
        foreign=True, on_song=on_song,
    )  # fmt: skip
    names = generated_names(seed, range(config.n_songs), duration_s)
    test = generated_names(seed + TEST_SEED, range(config.n_test_songs), duration_s)
    foreign = generated_names(
        seed + FOREIGN_SEED, range(config.n_foreign_songs), duration_s, foreign=True
    )
    known = [read_excerpt(data / name) for name in names]
    chosen = _held_out({excerpt.origin.group for excerpt in known}, config, seed)
    return Songs(
        [e for e in known if e.origin.group not in chosen] + list(real),
        [e for e in known if e.origin.group in chosen],
        [read_excerpt(data / name) for name in test],
        [read_excerpt(data / name) for name in foreign],
    )


def generated_sides(config: TrainingConfig, seed: int) -> tuple[list[str], list[int]]:
    """The artist of each generated training song, in order, and the indices of validation songs.

    As `prepare_songs` splits them, without making a song.
    """
    from modeling.demo_songs.song import artist_of_song

    artists = [artist_of_song(seed, index) for index in range(config.n_songs)]
    chosen = _held_out(set(artists), config, seed)
    return (
        [artist for artist in artists if artist not in chosen],
        [index for index, artist in enumerate(artists) if artist in chosen],
    )


def _held_out(groups: set[str], config: TrainingConfig, seed: int) -> set[str]:
    """The artists whose songs are kept for validation."""
    drawn = sorted(groups)
    np.random.default_rng([seed, 8]).shuffle(drawn)
    return set(drawn[: max(1, round(config.validation_share * len(drawn)))])


def real_excerpts(paths: Sequence[Path], duration_s: float) -> list[Excerpt]:
    """Excerpts of `duration_s` to learn from, each at the balance that counts as right.

    A path is a song, a folder of features (`modeling.corpus` writes them), or a folder that
    make_pairs wrote with `--format features`: there the reference is the frozen consensus where
    there is one, and only songs of the split `train` are taken.

    Raises:
        CorpusError: a path holds none of them, or an excerpt is too short; one line.
    """
    return [excerpt for path in paths for excerpt in _of_path(path, duration_s)]


def _of_path(path: Path, duration_s: float) -> list[Excerpt]:
    if (path / PAIRS_FILE).is_file():
        found = _of_pairs(path)
    elif path.is_dir() and any(path.glob(f"*{SUFFIX}")):
        found = read_corpus(path)
    else:
        return excerpts_of_song(path, duration_s)
    try:
        return [shortened(excerpt, duration_s) for excerpt in found]
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from error


def _of_pairs(folder: Path) -> list[Excerpt]:
    try:
        lines = (folder / PAIRS_LINES).read_text(encoding="utf-8").splitlines()
        pairs = [json.loads(line) for line in lines]
        names = {pair["files"].get("features") for pair in pairs if pair["split"] == "train"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"{folder / PAIRS_LINES} is missing or damaged; make it again") from error
    if not names or None in names:
        raise CorpusError(
            f"{folder} holds no features of training songs; "
            "make it with make_pairs --format features"
        )
    return [read_excerpt(folder / name) for name in sorted(names)]
