"""Real songs to learn from: folders of features, what make_pairs wrote, and the bundle's own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modeling import corpus
from modeling.corpus import CorpusError, measured, shortened, write_excerpt
from modeling.training.presets import PRESETS
from modeling.training.songs import Songs, real_excerpts
from tests.modeling.training_songs import noise_excerpt, noise_stems

BUNDLED = Path(corpus.__file__).parent / "cc0_songs"


def write_pairs(folder: Path, splits: list[str]) -> Path:
    """What make_pairs --format features writes, as far as it is read here."""
    lines = []
    for number, split in enumerate(splits):
        write_excerpt(folder / "features", str(number), noise_excerpt(number))
        files = {"features": f"features/{number}.excerpt.npz"}
        lines += [json.dumps({"split": split, "files": files})] * 2
    (folder / "pairs.jsonl").write_text("\n".join(lines))
    (folder / "dataset.json").write_text("{}")
    return folder


def test_a_shortened_excerpt_is_measured_anew_from_what_is_left() -> None:
    excerpt = noise_excerpt(1)
    short = shortened(excerpt, 3.2)
    amplitude = 10.0 ** ((excerpt.loudness_lufs - measured_plain(1).loudness_lufs) / 20.0)
    stems = noise_stems(1)[:, :, : round(3.2 * 44_100)] * amplitude[:, None, None]
    expected = measured(stems.astype(np.float32), excerpt.origin)
    assert short.products.bands.shape == expected.products.bands.shape
    assert short.products.envelope.shape == expected.products.envelope.shape
    assert short.loudness_lufs == pytest.approx(expected.loudness_lufs, abs=0.02)
    assert short.products.level_db == pytest.approx(expected.products.level_db, abs=0.02)
    loud = expected.products.bands > 1e-3
    ratio = short.products.bands[loud] / expected.products.bands[loud]
    assert ratio == pytest.approx(np.ones_like(ratio), abs=0.02)


def measured_plain(seed: int) -> corpus.Excerpt:
    return measured(noise_stems(seed), noise_excerpt(seed).origin)


def test_an_excerpt_of_the_asked_length_is_left_as_it_is() -> None:
    excerpt = noise_excerpt(1)
    assert shortened(excerpt, 4.0) is excerpt


def test_a_folder_of_features_is_read(tmp_path: Path) -> None:
    write_excerpt(tmp_path, "one", noise_excerpt(1))
    write_excerpt(tmp_path, "two", noise_excerpt(2))
    found = real_excerpts([tmp_path], 4.0)
    assert [excerpt.origin.title for excerpt in found] == ["noise 1", "noise 2"]


def test_of_pairs_only_the_training_songs_are_taken_each_once(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path, ["train", "test", "train", "validation"])
    found = real_excerpts([folder], 4.0)
    assert [excerpt.origin.title for excerpt in found] == ["noise 0", "noise 2"]


def test_pairs_without_features_of_training_songs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no features of training songs"):
        real_excerpts([write_pairs(tmp_path, ["test"])], 4.0)


def test_damaged_pairs_are_refused(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path, ["train"])
    (folder / "pairs.jsonl").write_text("{")
    with pytest.raises(CorpusError, match=r"pairs\.jsonl is missing or damaged"):
        real_excerpts([folder], 4.0)


def test_an_excerpt_that_is_too_short_is_refused_with_one_line(tmp_path: Path) -> None:
    write_excerpt(tmp_path, "one", noise_excerpt(1))
    with pytest.raises(CorpusError, match=r"noise 1: lasts 4\.0 s, 15 s are needed") as refusal:
        real_excerpts([tmp_path], 15.0)
    assert "\n" not in str(refusal.value)


def test_the_bundles_own_songs_are_cc0_and_long_enough() -> None:
    found = real_excerpts([BUNDLED], PRESETS["small"].duration_s)
    assert len(found) == 6
    assert {excerpt.origin.licence for excerpt in found} == {"CC0-1.0"}
    assert not any(excerpt.origin.generated for excerpt in found)
    assert {excerpt.origin.artist for excerpt in found} == {"Software-Entwicklungskit"}


def test_without_real_songs_only_generated_ones_are_left() -> None:
    generated = noise_excerpt(1)
    real = replace(noise_excerpt(2), origin=replace(noise_excerpt(2).origin, generated=False))
    songs = Songs([generated, real], [generated], [], [])
    assert songs.real == [real]
    assert songs.without_real().training == [generated]
