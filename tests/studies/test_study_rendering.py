"""What is heard: one loudness, one ceiling, one length in samples and bytes; anchors; dry stems."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from modeling.audio import SAMPLE_RATE_HZ
from modeling.headroom import true_peak_dbtp
from modeling.loudness import gram_of_stems, loudness_lufs
from studies.models import Item, StudyVersion
from studies.protocol.reading import read_spec
from studies.services import study_rendering
from studies.services.items import prepare_items
from studies.services.refusing import Refused
from studies.services.study_rendering import audio_bytes, low_passed, path_of, sounds_of
from tests.annotate.conftest import NOW
from tests.studies.study_cast import (
    block_data,
    make_study,
    nothing,
    open_study,
    prepare,
    prepared_study,
    rater_with_list,
    study_data,
)

pytestmark = pytest.mark.django_db
ALL_IN_ONE = block_data(
    "mushra",
    include_problem=True,
    anchors=["low-pass 3.5 kHz", "low-pass 7 kHz", "known error"],
    anchor_error_db=12.0,
    dry_stems=True,
)


def decoded(content: bytes) -> NDArray[np.float64]:
    samples, rate_hz = soundfile.read(io.BytesIO(content), always_2d=True)
    assert rate_hz == SAMPLE_RATE_HZ
    return np.asarray(samples.T)


def lufs(audio: NDArray[np.float64]) -> float:
    return float(loudness_lufs(gram_of_stems(audio[np.newaxis], SAMPLE_RATE_HZ), [0.0]))


def files_of(item: Item) -> dict[str, bytes]:
    """Every sound of an item, by what it is."""
    found = {
        f"{one.number} {one.role} {one.name}": path_of(one.rendering["sha256"]).read_bytes()
        for one in item.stimuli.all()
        if one.rendering
    }
    dry = item.dry_stems or {}
    return found | {f"dry {stem}": path_of(one["sha256"]).read_bytes() for stem, one in dry.items()}


@pytest.fixture
def version(db: None) -> StudyVersion:
    return prepared_study(blocks=[ALL_IN_ONE], songs=2)


def test_all_sounds_of_an_item_are_equally_loud_under_the_ceiling(version: StudyVersion) -> None:
    for item in version.items.filter(number__in=(1, 2)):
        sounds = [decoded(content) for content in files_of(item).values()]
        mixes = sounds[: item.stimuli.count()]
        levels = [lufs(audio) for audio in mixes]
        assert max(levels) - min(levels) < 0.1
        assert max(levels) == pytest.approx(-23.0, abs=0.1)
        assert all((true_peak_dbtp(audio) or -99) < -0.99 for audio in sounds)


def test_blind_all_sounds_of_an_item_have_one_length_in_samples_and_in_bytes(
    version: StudyVersion,
) -> None:
    for item in version.items.all():
        files = files_of(item)
        assert len(files) >= 8
        assert len({len(content) for content in files.values()}) == 1
        assert len({decoded(content).shape for content in files.values()}) == 1


def test_what_is_told_of_a_rendering_is_what_its_file_holds(version: StudyVersion) -> None:
    stimulus = version.items.get(number=1).stimuli.get(number=1)
    told: dict[str, Any] = stimulus.rendering or {}
    content = path_of(told["sha256"]).read_bytes()
    audio = decoded(content)
    assert told["n_bytes"] == len(content)
    assert told["duration_s"] == audio.shape[1] / SAMPLE_RATE_HZ
    assert told["loudness_lufs"] == pytest.approx(lufs(audio), abs=0.01)
    assert told["true_peak_dbtp"] == pytest.approx(true_peak_dbtp(audio), abs=0.02)
    assert told["target_lufs"] == -23.0


def test_another_target_is_kept_to() -> None:
    version = prepared_study(types=("multi-stimulus",), songs=4, audio={"target_lufs": -30.0})
    first = version.items.get(number=1)
    assert [lufs(decoded(one)) for one in files_of(first).values()] == pytest.approx(
        [-30.0] * 3, abs=0.1
    )


def test_anchors_lack_what_lies_above_their_cutoff_and_stand_at_the_same_time(
    version: StudyVersion,
) -> None:
    files = files_of(version.items.get(number=1))
    sounds = {name.partition(" ")[2]: decoded(content) for name, content in files.items()}
    reference = sounds["reference "]

    def high_share(audio: NDArray[np.float64], above_hz: float) -> float:
        power = np.abs(np.fft.rfft(audio[0])) ** 2
        hz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE_HZ)
        return float(power[hz > above_hz].sum() / power.sum())

    for name, cutoff_hz in (("low-pass 3.5 kHz", 3500.0), ("low-pass 7 kHz", 7000.0)):
        anchor = sounds[f"anchor {name}"]
        assert high_share(anchor, 1.3 * cutoff_hz) < 1e-4 < high_share(reference, 1.3 * cutoff_hz)
        lag = np.argmax(np.correlate(anchor[0, 5000:9000], reference[0, 5000:9000], "full")) - 3999
        assert lag == 0


def test_the_anchor_with_a_known_error_has_it(version: StudyVersion) -> None:
    item = version.items.get(number=1)
    anchor = item.stimuli.get(name="known error")
    assert anchor.balance_db == item.reference_db | {"vocals": 12.0}


def test_low_passing_keeps_what_lies_below() -> None:
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = np.sin(2 * np.pi * 1000.0 * time_s)[np.newaxis]
    middle = slice(5000, -5000)
    assert low_passed(tone, 3500.0)[0, middle] == pytest.approx(tone[0, middle], abs=0.01)


def test_rendering_again_is_idempotent_and_resumes_what_is_missing(version: StudyVersion) -> None:
    assert study_rendering.render(version, nothing) == 0
    stimulus = version.items.get(number=1).stimuli.get(number=1)
    kept = dict(stimulus.rendering or {})
    stimulus.rendering = None
    stimulus.save()
    assert study_rendering.render(version, nothing) == 1
    stimulus.refresh_from_db()
    assert stimulus.rendering == kept


def test_texts_alone_need_only_the_problem_mix() -> None:
    version = prepared_study(types=("pairwise advice",), songs=4)
    for item in version.items.all():
        rendered = [one.role for one in item.stimuli.all() if one.rendering]
        assert rendered == ["problem"]


def test_where_the_mix_after_the_advice_is_heard_it_is_as_loud_as_the_problem() -> None:
    block = block_data("pairwise advice", hear_after="after the answers")
    version = prepared_study(blocks=[block], songs=4)
    for item in version.items.all():
        files = files_of(item)
        assert len(files) == 3
        levels = [lufs(decoded(content)) for content in files.values()]
        assert max(levels) - min(levels) < 0.1


def test_the_broken_mix_of_a_check_has_a_stem_15_db_louder(version: StudyVersion) -> None:
    check = version.items.get(kind="attention")
    assert check.answer == {"quality": {"lowest": 1}}
    broken = check.stimuli.get(number=1).balance_db
    louder = [stem for stem, value in broken.items() if value - check.problem_db[stem] == 15.0]
    assert len(louder) == 1


def test_an_excerpt_whose_audio_is_gone_is_named() -> None:
    version = make_study(data=study_data(types=("multi-stimulus",), songs=1)).latest

    prepare_items(version, NOW)
    item = version.items.get(number=1)
    item.stimuli.update(balance_db=item.problem_db)
    item.excerpt.folder.unlink()
    spec = read_spec(version.spec)
    spec = spec.model_copy(update={"audio": spec.audio.model_copy(update={"target_lufs": -33.3})})
    with pytest.raises(Refused, match=r"item 1 \(Artist 0 - Song 0\)"):
        study_rendering.render_item(item, spec)


@pytest.mark.parametrize(
    ("block", "labels"),
    [
        (block_data("pairwise advice"), ["problem"]),
        (
            block_data("pairwise advice", hear_after="from the start"),
            ["after A", "after B", "problem"],
        ),
        (block_data("multi-stimulus"), ["A", "B", "C"]),
        (block_data("mushra"), ["A", "B", "C", "D", "E", "reference"]),
        (
            block_data("multi-stimulus", dry_stems=True),
            ["A", "B", "C", "dry bass", "dry drums", "dry other", "dry vocals"],
        ),
    ],
)
def test_the_sounds_of_a_trial_are_those_of_its_letters(
    block: dict[str, Any], labels: list[str]
) -> None:
    version = open_study(blocks=[block], songs=5)
    trial = rater_with_list(version).trials.filter(kind="main").select_related("item")[0]
    assert sorted(sounds_of(trial, read_spec(version.spec).blocks[0])) == labels
    by_key = {one.pk: one for one in trial.item.stimuli.all()}
    first = by_key[trial.sides[0]].rendering
    if "A" in labels and first is not None:
        assert audio_bytes(trial, "A") == path_of(first["sha256"]).read_bytes()
    with pytest.raises(LookupError):
        audio_bytes(trial, "Z")


def test_the_same_sounds_are_rendered_once_for_all_versions(
    version: StudyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> None:
        raise AssertionError("rendered again")

    monkeypatch.setattr(study_rendering, "match_mixes", never)
    again = make_study(data=study_data(blocks=[ALL_IN_ONE], songs=2)).latest
    assert prepare(again)["rendered"] == 4


def test_no_file_name_says_what_a_sound_is(version: StudyVersion, media: Path) -> None:
    names = {path.name for path in (media / "stimuli").rglob("*.flac")}
    assert names
    assert all(len(name) == 64 + len(".flac") for name in names)
