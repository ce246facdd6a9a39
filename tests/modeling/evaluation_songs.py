"""Songs on disk and trained rows for the tests of an evaluation; nothing is trained or composed."""

import json
from pathlib import Path

from analysis.vectors import STEMS
from tests.audio_files import write_audio
from tests.modeling.systems_scene import write_checkpoints
from tests.modeling.training_songs import noise_stems, with_gains

GAINS_DB = [4.0, -2.0, -5.0, 3.0]


def write_songs(folder: Path, n: int = 3) -> Path:
    """Folders of four stems; the last song is longer than the others."""
    for seed in range(1, n + 1):
        stems = with_gains(noise_stems(seed, 5.0 if seed == n else 4.0), GAINS_DB)
        song = folder / f"Artist {seed} - Song {seed}"
        song.mkdir(parents=True)
        for stem, samples in zip(STEMS, stems, strict=True):
            write_audio(song / f"{stem}.wav", samples.T, subtype="FLOAT")
    return folder


def write_rows(folder: Path, *, artists: tuple[str, ...] = ()) -> Path:
    """Checkpoints and rules with a threshold for every protocol, that saw these artists."""
    write_checkpoints(folder)
    for name in ("baseline", "differential"):
        path = folder / name / "card.json"
        card = json.loads(path.read_text())
        protocols = ("usual", "published", "published_without_anchor")
        card["thresholds"] = dict.fromkeys(protocols, 0.5)
        card["artists"] = list(artists)
        path.write_text(json.dumps(card))
    return folder
