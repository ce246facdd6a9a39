"""The corpus on disk: what is written comes back, what is there is not made again."""

from pathlib import Path

import numpy as np
import pytest

from modeling.corpus import (
    CorpusError,
    excerpts_of_song,
    generate,
    generated_names,
    read_corpus,
    read_excerpt,
    write_excerpt,
)
from modeling.training.presets import TrainingConfig
from modeling.training.songs import TEST_SEED, prepare_songs
from tests.modeling.training_songs import noise_excerpt


def test_an_excerpt_comes_back_with_its_powers_to_a_hundredth_of_a_db(tmp_path: Path) -> None:
    excerpt = noise_excerpt(1)
    loaded = read_excerpt(write_excerpt(tmp_path, "one", excerpt))
    assert loaded.origin == excerpt.origin
    assert loaded.loudness_lufs == pytest.approx(excerpt.loudness_lufs)
    own = excerpt.products.bands[..., 0]
    heard = own > 1e-9
    ratio = loaded.products.bands[..., 0][heard] / own[heard]
    assert np.abs(10.0 * np.log10(ratio)).max() < 0.02


def test_a_damaged_file_is_refused_with_one_line(tmp_path: Path) -> None:
    path = write_excerpt(tmp_path, "one", noise_excerpt(1))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CorpusError, match="missing or damaged; delete it and make it again"):
        read_excerpt(path)


def test_an_empty_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no excerpt"):
        read_corpus(tmp_path)


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    names = generated_names(3, range(2), 10.0)
    excerpt = noise_excerpt(1)
    for name in names:
        write_excerpt(tmp_path, name.removesuffix(".excerpt.npz"), excerpt)
    before = [(tmp_path / name).stat().st_mtime_ns for name in names]
    generate(tmp_path, 3, range(2), 10.0, jobs=1)
    assert [(tmp_path / name).stat().st_mtime_ns for name in names] == before


def test_no_artist_is_on_two_sides_of_a_split(tmp_path: Path) -> None:
    config = TrainingConfig("test", 12, 2, 4.0, 1, 1)
    for seed, count in ((1, 12), (1 + TEST_SEED, 2)):
        for index, name in enumerate(generated_names(seed, range(count), 4.0)):
            # Two songs by each artist; the songs of the other seed are by others.
            excerpt = noise_excerpt(100 * seed + index)
            write_excerpt(tmp_path, name.removesuffix(".excerpt.npz"), excerpt)
    songs = prepare_songs(config, tmp_path, 1, jobs=1)
    sides = [
        {excerpt.origin.artist for excerpt in side}
        for side in (songs.training, songs.validation, songs.test)
    ]
    assert len(songs.training) + len(songs.validation) == 12
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_a_real_song_joins_with_its_fingerprint_and_loudness(shared_dir: Path) -> None:
    (excerpt,) = excerpts_of_song(shared_dir / "stems" / "falcon69-flac")
    assert len(excerpt.origin.fingerprint) == 64
    assert excerpt.active.all()
    assert excerpt.loudness_lufs == pytest.approx([-19.0, -19.3, -18.6, -18.9], abs=0.2)
    assert np.isnan(excerpt.heard_db).all()


def test_a_song_without_vocals_is_refused_with_its_reason(shared_dir: Path) -> None:
    with pytest.raises(CorpusError, match="has no vocals"):
        excerpts_of_song(shared_dir / "stems" / "no-vocals")
