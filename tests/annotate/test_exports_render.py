"""The frozen consensus as audio: stems that sum to the mix and stand where the consensus says."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from analysis.vectors import STEMS, centre
from annotate.models import Campaign, Consensus
from annotate.services.consensus import freeze
from annotate.simulation import simulate_annotators
from modeling.headroom import true_peak_dbtp
from modeling.loudness import gram_of_stems, stem_loudness_lufs
from tests.annotate.conftest import NOW


@pytest.fixture
def frozen(heard_campaign: Campaign) -> Consensus:
    simulate_annotators(campaign=heard_campaign, count=4, seed=2, now=NOW)
    return freeze(heard_campaign, by=None, now=NOW)


def render(campaign: Campaign, folder: Path, out: Path) -> list[Path]:
    told = io.StringIO()
    options: dict[str, Any] = {"out": out, "render": folder, "json": True}
    call_command("export_annotations", campaign.key, stdout=told, stderr=io.StringIO(), **options)
    return [Path(file) for file in json.loads(told.getvalue())["files"]]


def test_rendered_stems_sum_to_the_mix_and_stand_at_the_consensus(
    frozen: Consensus, tmp_path: Path
) -> None:
    files = render(frozen.campaign, tmp_path / "audio", tmp_path / "out.csv")
    audio = {path.stem: path for path in files if path.suffix == ".flac"}
    assert set(audio) == {*STEMS, "mix"}
    read = {name: soundfile.read(path, dtype="float64") for name, path in audio.items()}
    assert {rate for _, rate in read.values()} == {44_100}
    stems = np.stack([read[stem][0].T for stem in STEMS])
    mix = read["mix"][0].T
    assert np.abs(stems.sum(axis=0) - mix).max() < 5 * 2.0**-24
    row = frozen.excerpts.get()
    loudness = stem_loudness_lufs(gram_of_stems(stems, 44_100))
    imported = np.array([row.item.excerpt.loudness_lufs[stem] for stem in STEMS])
    wanted = np.array([row.balance_db[stem] for stem in STEMS])
    assert centre(loudness - imported) == pytest.approx(centre(wanted), abs=0.02)
    assert max(true_peak_dbtp(each) or -99.0 for each in (mix, *stems)) <= -1.0 + 1e-3


def test_a_folder_that_cannot_be_made_is_one_line(frozen: Consensus, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="file cannot be written") as fault:
        render(frozen.campaign, tmp_path / "file", tmp_path / "out.csv")
    assert "\n" not in str(fault.value)


def test_audio_that_is_gone_is_one_line(frozen: Consensus, tmp_path: Path) -> None:
    excerpt = frozen.excerpts.get().item.excerpt
    (excerpt.folder / "bass.flac").unlink()
    with pytest.raises(CommandError, match=r"rendering stopped: .*bass.flac") as fault:
        render(frozen.campaign, tmp_path / "audio", tmp_path / "out.csv")
    assert "\n" not in str(fault.value)
    assert not list((tmp_path / "audio").rglob("*.flac"))
