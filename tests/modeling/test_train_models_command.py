"""`train_models` trains both advisors for real, from songs that are there already."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from modeling.checkpoint import load_checkpoint
from modeling.corpus import generated_names, write_excerpt
from modeling.rules import load_rules
from modeling.training.presets import PRESETS
from tests.modeling.training_songs import noise_excerpt

SEED, N_SONGS = 5, 12
TINY = PRESETS["tiny"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise under the names of the songs that would be generated."""
    folder = tmp_path_factory.mktemp("corpus")
    for seed, count in ((SEED, N_SONGS), (SEED + 1, TINY.n_test_songs)):
        for index, name in enumerate(generated_names(seed, range(count), TINY.duration_s)):
            # Two songs by each artist; the songs of the other seed are by others.
            excerpt = noise_excerpt(100 * seed + index)
            write_excerpt(folder, name.removesuffix(".excerpt.npz"), excerpt)
    return folder


def train(data: Path, out: Path, *more: str) -> str:
    stdout = io.StringIO()
    call_command(
        "train_models", "--data", data, "--out", out, "--seed", str(SEED), "--songs",
        str(N_SONGS), "--jobs", "1", "--device", "cpu", *more, stdout=stdout, stderr=io.StringIO(),
    )  # fmt: skip
    return stdout.getvalue()


@pytest.mark.slow
def test_it_writes_both_advisors_and_the_rules_and_prints_one_object(
    data: Path, tmp_path: Path
) -> None:
    figures: dict[str, Any] = json.loads(train(data, tmp_path / "out", "--json"))
    card = load_checkpoint(tmp_path / "out" / "differential").card
    assert card.data["training_songs"] + card.data["validation_songs"] == N_SONGS
    assert card.training["preset"] == "tiny"
    assert load_checkpoint(tmp_path / "out" / "baseline").card.fingerprints == card.fingerprints
    assert load_rules(tmp_path / "out" / "rules").template_db.shape == (4,)
    told = figures["tables"]["usual"]["systems"]["differential"]["centred_mae_db"]
    assert told == card.metrics["usual"]["systems"]["differential"]["centred_mae_db"]
    assert told["low"] <= told["estimate"] <= told["high"]


def test_a_damaged_song_ends_it_with_one_line_and_earlier_checkpoints_stay(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "differential").mkdir(parents=True)
    (out / "differential" / "card.json").write_text("earlier")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in data.glob("*.npz"):
        (corpus / path.name).symlink_to(path)
    broken = sorted(corpus.iterdir())[0]
    broken.unlink()
    broken.write_bytes(b"no song")
    with pytest.raises(CommandError, match="missing or damaged; delete it") as refusal:
        train(corpus, out)
    assert "\n" not in str(refusal.value)
    assert [str(path.relative_to(out)) for path in out.rglob("*")] == [
        "differential",
        "differential/card.json",
    ]
    assert (out / "differential" / "card.json").read_text() == "earlier"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--seed", "-1", "--seed -1: 0 or more is needed"),
        ("--jobs", "0", "--jobs 0: at least 1 is needed"),
        ("--songs", "1", "--songs 1: at least 2 are needed"),
        ("--device", "abacus", "--device abacus: unknown"),
        ("--real", "nowhere", "nowhere: does not exist"),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(
    option: str, value: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=said) as refusal:
        train(tmp_path, tmp_path / "out", option, value)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []
