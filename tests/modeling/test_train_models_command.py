"""`train_models` trains both advisors for real, from songs that are there already."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import CommandError, call_command

from modeling.checkpoint import load_checkpoint
from modeling.corpus import generated_names, measured, write_excerpt
from modeling.demo_songs.song import artist_of_song
from modeling.rules import load_rules
from modeling.training import refit
from modeling.training.deadline import Deadline, OutOfTimeError
from modeling.training.pipeline import Conduct, train_both
from modeling.training.presets import PRESETS
from modeling.training.songs import FOREIGN_SEED, TEST_SEED, real_excerpts
from tests.modeling.training_songs import noise_excerpt, noise_stems

SEED, N_SONGS = 5, 12
TINY = PRESETS["tiny"]


def song_names() -> dict[int, list[str]]:
    """File names of all songs that a run asks for, by seed."""
    return {
        SEED: generated_names(SEED, range(N_SONGS), TINY.duration_s),
        SEED + TEST_SEED: generated_names(
            SEED + TEST_SEED, range(TINY.n_test_songs), TINY.duration_s
        ),
        SEED + FOREIGN_SEED: generated_names(
            SEED + FOREIGN_SEED, range(TINY.n_foreign_songs), TINY.duration_s, foreign=True
        ),
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise under the names of the songs that would be generated."""
    folder = tmp_path_factory.mktemp("corpus")
    for seed, names in song_names().items():
        for index, name in enumerate(names):
            # By the artists of the songs that would be generated.
            excerpt = noise_excerpt(100 * seed + index)
            origin = replace(excerpt.origin, artist=artist_of_song(seed, index))
            excerpt = replace(excerpt, origin=origin)
            write_excerpt(folder, name.removesuffix(".excerpt.npz"), excerpt)
    return folder


def train(data: Path, out: Path, *more: str) -> str:
    stdout = io.StringIO()
    call_command(
        "train_models", "--data", data, "--out", out, "--seed", str(SEED), "--songs",
        str(N_SONGS), "--jobs", "1", "--device", "cpu", *more, stdout=stdout, stderr=io.StringIO(),
    )  # fmt: skip
    return stdout.getvalue()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of one song that somebody recorded."""
    folder = tmp_path_factory.mktemp("real")
    origin = replace(noise_excerpt(1).origin, artist="Band", title="Recorded", generated=False)
    origin = replace(origin, duration_s=TINY.duration_s, fingerprint="f" * 64)
    write_excerpt(folder, "recorded", measured(noise_stems(900, TINY.duration_s), origin))
    return folder


@pytest.mark.slow
def test_it_writes_both_advisors_and_the_rules_and_prints_one_object(
    data: Path, real: Path, tmp_path: Path
) -> None:
    figures: dict[str, Any] = json.loads(
        train(data, tmp_path / "out", "--json", "--real", str(real))
    )
    card = load_checkpoint(tmp_path / "out" / "differential").card
    assert card.data["training_songs"] + card.data["validation_songs"] == N_SONGS + 1
    assert card.data["real_songs"] == ["Recorded"]
    assert card.saw("f" * 64, "")
    assert card.training["preset"] == "tiny"
    assert load_checkpoint(tmp_path / "out" / "baseline").card.fingerprints == card.fingerprints
    assert load_rules(tmp_path / "out" / "rules").template_db.shape == (4,)
    told = figures["tables"]["usual"]["systems"]["differential"]["centred_mae_db"]
    assert told == card.metrics["usual"]["systems"]["differential"]["centred_mae_db"]
    assert told["low"] <= told["estimate"] <= told["high"]
    on_real = card.metrics["real_songs"]
    assert [song["artist"] for song in on_real["left_out"]["songs"]] == ["Band"]
    assert set(on_real) == {"left_out", "seen_in_training"}

    # The closed-form parts anew: networks and trust stay, cards tell both revisions.
    again = tmp_path / "again"
    status = refit.main(
        [
            *["--checkpoints", str(tmp_path / "out"), "--data", str(data), "--out", str(again)],
            *["--real", str(real), "--jobs", "1"],
        ]
    )
    assert status == 0
    old, new = (load_checkpoint(at / "differential") for at in (tmp_path / "out", again))
    weights, refitted = (found.ensemble.state_dict() for found in (old, new))
    assert all(
        torch.equal(weights[name], refitted[name])
        for name in weights
        if ".ear." not in name and name != "sigma_scale"
    )
    unchanged = weights["members.0.ear.mean"], weights["members.0.ear.spread"]
    assert torch.equal(refitted["members.0.ear.mean"], unchanged[0])
    assert torch.equal(refitted["members.0.ear.spread"], unchanged[1])
    assert new.card.data["networks_of_revision"] == old.card.revision
    assert new.card.sigma_scale == pytest.approx(old.card.sigma_scale, rel=0.1)
    assert new.card.metrics["real_songs"]["left_out"] == on_real["left_out"]


@pytest.mark.slow
def test_two_jobs_give_the_bytes_of_one(data: Path, real: Path, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        train(data, tmp_path / jobs, "--real", str(real), "--jobs", jobs)
    for name in ("baseline", "differential"):
        one, two = (tmp_path / jobs / name / "weights.safetensors" for jobs in ("1", "2"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_the_gpu_preset_stops_and_goes_on_in_a_second_call_with_few_small_files(
    data: Path, real: Path, tmp_path: Path
) -> None:
    config = replace(
        PRESETS["gpu"], n_songs=N_SONGS, n_test_songs=TINY.n_test_songs, n_foreign_songs=8,
        duration_s=TINY.duration_s, n_steps=8, check_every=4, batch_songs=4, mixes_per_song=2,
    )  # fmt: skip
    assert config.bf16
    out, runs = tmp_path / "out", tmp_path / "runs"
    recorded = real_excerpts([real], config.duration_s)

    def train_until(deadline: Deadline, *, resume: bool) -> dict[str, Any]:
        conduct = Conduct(torch.device("cpu"), resume, 1, deadline, runs)
        return train_both(config, data, out, SEED, conduct, recorded)

    minutes = iter(range(1000))
    with pytest.raises(OutOfTimeError):
        train_until(Deadline(100.0, clock=lambda: 60.0 * next(minutes)), resume=False)
    kept = [path for path in runs.rglob("*") if path.is_file()]
    assert 1 < len(kept) < 8
    assert max(path.stat().st_size for path in kept) < 16 * 2**20
    assert not out.exists()

    figures = train_until(Deadline(), resume=True)
    assert figures["real_songs"]["left_out"]["songs"][0]["artist"] == "Band"
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) <= 8
    assert max(path.stat().st_size for path in written) < 16 * 2**20
    assert not runs.exists()
    card = load_checkpoint(out / "differential").card
    assert card.training["bf16"]
    assert [curve["n_steps"] for curve in card.curves] == [8, 8, 8]


def test_a_damaged_song_ends_it_with_one_line_and_earlier_checkpoints_stay(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    (out / "differential").mkdir(parents=True)
    (out / "differential" / "card.json").write_text("earlier")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    whole = write_excerpt(tmp_path, "whole", noise_excerpt(1))
    names = [name for names in song_names().values() for name in names]
    for name in names:
        (corpus / name).symlink_to(whole)
    (corpus / names[0]).unlink()
    (corpus / names[0]).write_bytes(b"no song")
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
