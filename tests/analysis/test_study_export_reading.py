"""A study's export becomes columns, and one that was edited by hand is refused with one line."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.preference_votes import BOTH_BAD, SECOND
from analysis.study_export import read_export
from analysis.study_parts import ExportError
from tests.analysis.simulated_study import Scene, export

SMALL = Scene(people={"good": 3}, items=3, votes_each=2, rated_each=1, repeats=1)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return export(SMALL)


@pytest.fixture
def edited(whole: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(whole)


def test_votes_and_ratings_are_columns_with_the_stimulus_that_was_shown(
    whole: dict[str, Any],
) -> None:
    study = read_export(whole)
    assert len(study.choices) == 3 * (2 + 1)
    assert len(study.ratings) == 3 * 3 * 2
    row = int(np.flatnonzero(study.choices.trial == 1)[0])
    first, second = study.trials.first_sides(study.choices.trial[row : row + 1])
    sides = whole["trials"][1]["sides"]
    assert study.stimuli[first[0]].key == sides["A"]
    assert study.stimuli[second[0]].key == sides["B"]


def test_a_file_gives_the_same_study_as_the_object(whole: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text(json.dumps(whole, sort_keys=True, indent=1))
    from_file, from_object = read_export(path), read_export(whole)
    assert (from_file.ratings.value == from_object.ratings.value).all()
    assert from_file.trials.key == from_object.trials.key
    assert from_file.raters == from_object.raters


def test_choices_use_the_codes_of_preference(edited: dict[str, Any]) -> None:
    edited["judgements"][0]["value"], edited["judgements"][1]["value"] = "B", "both bad"
    assert read_export(edited).choices.choice[:2].tolist() == [SECOND, BOTH_BAD]


def test_superseded_revisions_are_counted_and_left_out(edited: dict[str, Any]) -> None:
    old = dict(edited["judgements"][0]) | {"is_current": False, "revision": 2}
    edited["judgements"].append(old)
    study = read_export(edited)
    assert (study.n_superseded, study.n_judgements) == (1, len(edited["judgements"]) - 1)


def test_equal_places_of_a_ranking_share_the_mean_of_their_places(edited: dict[str, Any]) -> None:
    block = edited["protocol"]["blocks"][0]
    block["type"] = "ranking"
    block["questions"].append({"key": "order", "kind": "ranking", "text": ""})
    trial = edited["trials"][0]
    edited["judgements"].append(
        {"trial": trial["trial"], "question": "order", "phase": "before", "value": [["B", "A"]]}
    )
    assert read_export(edited).rankings.rank.tolist() == [1.5, 1.5]


def wrong(edited: dict[str, Any], where: str, value: Any) -> dict[str, Any]:
    """Set `a.0.b` of the export; a value of `...` removes it."""
    *path, last = [int(part) if part.isdigit() else part for part in where.split(".")]
    place: Any = edited
    for part in path:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return edited


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        ("format", "csv", "format = 'csv': expected gainsay-study"),
        ("version", 7, "version = 7: this reads 1"),
        ("systems", ..., "systems is missing"),
        ("trials.0.rater", "r999", "trial t000000: no rater 'r999' in this export"),
        ("trials.0.item", "x", "trial t000000: no item 'x' in this export"),
        ("trials.1.trial", "t000000", "trial t000000 stands there twice"),
        ("trials.0.sides.A", "rm00.0", "trial t000000: side A = 'rm00.0' is not of its item"),
        ("trials.0.state", "gone", "trial t000000: state = 'gone': one of answered, open, failed"),
        ("judgements.0.trial", "t9", "judgements[0]: no trial 't9'"),
        ("judgements.0.question", "taste", "question = 'taste': asked were better"),
        ("judgements.0.value", "C", "better = 'C': one of A, B, tie, both bad"),
        ("judgements.0.revision", 0, "revision = 0: 1 or more is expected"),
        ("raters.0.kind", "cat", "rater r000: kind = 'cat'"),
        ("protocol.blocks.1.questions.0.low", 9, "low = 9 must be under high = 7"),
        ("items.0.stimuli.0.system", "S9", "no system 'S9' in this export"),
        ("items.0.block", "none", "item pm00: no block 'none'"),
    ],
)
def test_what_was_edited_by_hand_is_named(
    edited: dict[str, Any], where: str, value: Any, told: str
) -> None:
    with pytest.raises(ExportError) as caught:
        read_export(wrong(edited, where, value))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rating_out_of_its_scale_is_refused(edited: dict[str, Any]) -> None:
    rated = next(one for one in edited["judgements"] if one["question"] == "clear")
    rated["value"] = 8
    with pytest.raises(ExportError, match="clear = 8: outside 1 to 7"):
        read_export(edited)


def test_two_answers_to_one_question_of_a_trial_are_refused(edited: dict[str, Any]) -> None:
    edited["judgements"].append({**edited["judgements"][0], "revision": 2})
    with pytest.raises(ExportError, match="two of better on trial t000000"):
        read_export(edited)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1} more', '{"a": NaN}', '{"a":1,"a":2}'])
def test_a_file_that_is_no_json_object_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text(text)
    with pytest.raises(ExportError, match=r"study\.json: no JSON object"):
        read_export(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"study\.json: No such file"):
        read_export(tmp_path / "study.json")
