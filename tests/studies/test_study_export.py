"""The export of a study: complete, blind unless asked otherwise, the same twice."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from analysis.study_export import read_export
from studies.exports.codebook import CODEBOOK
from studies.exports.files import files
from studies.exports.scope import Scope, snapshot
from studies.exports.whole import json_parts
from studies.models import Judgement, Rater, StudyVersion, Trial
from studies.protocol.hashing import canonical
from tests.annotate.conftest import NOW
from tests.conftest import ROOT
from tests.studies.answered_study import SYSTEMS, AnsweredStudy

LATER = NOW + timedelta(days=1)


@pytest.fixture
def answered(researcher: Any, make_excerpt: Callable[..., Any]) -> AnsweredStudy:
    """Two people who finished, one still at work; a pilot, a preview, a simulated rater."""
    study = AnsweredStudy(researcher, make_excerpt)
    study.person()
    study.person(choose="B", attention="A")
    study.person(answers=2, state="active", at=LATER - timedelta(minutes=30))
    study.person(run="pilot")
    study.person(run="preview")
    study.person(kind="simulated", about={"manner": "careless"})
    return study


def exported(study: AnsweredStudy, **more: Any) -> dict[str, Any]:
    text = "".join(json_parts(Scope(study.version, LATER, **more)))
    found: dict[str, Any] = json.loads(text)
    assert text == canonical(found)
    return found


def run(study: AnsweredStudy, folder: Path, *flags: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(
        "export_study_data", study.study.key, "--out", str(folder), "--now", LATER.isoformat(),
        "--json", *flags, stdout=out, stderr=io.StringIO(),
    )  # fmt: skip
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_answer_of_the_study_itself_is_in_it_and_no_other(answered: AnsweredStudy) -> None:
    export = exported(answered)
    assert [one["rater"] for one in export["raters"]] == ["r001", "r002", "r003"]
    counted = Judgement.objects.filter(trial__rater__number__lte=3)
    assert len(export["judgements"]) == counted.count() == 8 + 8 + 2
    assert len(export["trials"]) == Trial.objects.filter(rater__number__lte=3).count()


def test_the_analysis_reads_it(answered: AnsweredStudy) -> None:
    study = read_export(exported(answered))
    assert len(study.trials) == 24
    assert study.n_judgements == 18


def test_an_answer_says_which_stimulus_was_meant(answered: AnsweredStudy) -> None:
    export = exported(answered, is_blinded=False)
    names = {one["system"]: one["name"] for one in export["systems"]}
    stimuli = {
        one["stimulus"]: names.get(one["system"])
        for item in export["items"]
        for one in item["stimuli"]
    }
    first = next(one for one in export["trials"] if one["trial"] == "t001-001")
    trial = Trial.objects.get(rater__number=1, position=1)
    rows = trial.item.stimuli.in_bulk(trial.sides)
    shown = {letter: rows[pk].name for letter, pk in zip("AB", trial.sides, strict=True)}
    assert {letter: stimuli[one] for letter, one in first["sides"].items()} == shown
    said = next(one for one in export["judgements"] if one["trial"] == "t001-001")
    assert (said["question"], said["value"], said["is_current"]) == ("better", "A", True)


def test_an_amended_answer_is_another_revision_and_what_it_leaves_out_is_not_current(
    answered: AnsweredStudy,
) -> None:
    trial = Trial.objects.get(rater__number=1, position=1)
    answered.answer(trial, {"better": "B", "why": "clearer"}, revision=2)
    answered.answer(trial, {"better": "tie"}, revision=3)
    found = [
        (one["question"], one["revision"], one["value"], one["is_current"])
        for one in exported(answered)["judgements"]
        if one["trial"] == "t001-001"
    ]
    assert found == [
        ("better", 1, "A", False),
        ("better", 2, "B", False),
        ("why", 2, "clearer", False),
        ("better", 3, "tie", True),
    ]


@pytest.mark.parametrize("flags", [(), ("--include", "simulated,pilot,preview")])
def test_no_byte_of_a_blinded_export_names_a_system(
    answered: AnsweredStudy, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    run(answered, tmp_path, *flags)
    for path in tmp_path.iterdir():
        content = path.read_text(encoding="utf-8").casefold()
        for name in SYSTEMS:
            for spelled in (name, name.replace("_", " "), name.replace("_", "-")):
                assert spelled not in content, path.name


def test_blinded_protocols_do_not_tell_by_order_which_label_is_which(
    answered: AnsweredStudy,
) -> None:
    protocol = exported(answered)["protocol"]
    assert protocol["blocks"][0]["systems"] == ["S1", "S2", "S3"]
    contrast = protocol["plan"]["primary"]["contrast"]
    assert contrast == sorted(contrast)
    assert "S" in protocol["title"]


def test_stimuli_are_numbered_by_label_not_by_their_place_in_the_spec(
    answered: AnsweredStudy,
) -> None:
    for item in exported(answered)["items"]:
        labels = [one["system"] for one in item["stimuli"] if one["system"]]
        assert labels == sorted(labels)


def test_unblinded_names_stand_beside_the_same_labels(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    blind = exported(answered)
    told = exported(answered, is_blinded=False)
    assert {one["name"] for one in told["systems"]} == set(SYSTEMS)
    assert [one["name"] for one in blind["systems"]] == [None, None, None]
    assert blind["trials"] == told["trials"]
    assert told["protocol"]["title"] == answered.version.spec["title"]
    assert run(answered, tmp_path, "--unblind")["blinded"] is False
    who = table(tmp_path, "who-is-who")
    assert {row["name"] for row in who if row["what"] == "system"} == set(SYSTEMS)


def test_a_system_called_like_a_word_of_the_schema_leaves_the_schema_alone(
    researcher: Any, make_excerpt: Any
) -> None:
    study = AnsweredStudy(researcher, make_excerpt, n_items=1)
    spec = json.loads(json.dumps(study.version.spec).replace("zapbaseline", "mixed"))
    spec["plan"]["primary"]["model"] = "mixed"
    study.version.spec = spec
    protocol = exported(study)["protocol"]
    assert protocol["plan"]["primary"]["model"] == "mixed"
    assert "mixed" not in protocol["title"]


@pytest.mark.parametrize("extra", ["pilot", "preview", "simulated"])
def test_extras_come_only_when_named_and_are_marked(answered: AnsweredStudy, extra: str) -> None:
    export = exported(answered, include=frozenset({extra}))
    added = [one for one in export["raters"] if one["rater"] not in ("r001", "r002", "r003")]
    assert [one["run"] if extra != "simulated" else one["kind"] for one in added] == [extra]
    assert export["study"]["included"] == [extra]


def test_raters_carry_gates_checks_steps_and_review(answered: AnsweredStudy) -> None:
    raters = {one["rater"]: one for one in exported(answered)["raters"]}
    assert raters["r001"]["gates"] == {
        "headphones": {"passed": True, "policy": "record"},
        "attention": {"passed": 1, "of": 1},
    }
    assert raters["r002"]["gates"]["attention"] == {"passed": 0, "of": 1}
    assert [one["step"] for one in raters["r001"]["steps"]][:2] == ["consent", "questionnaire"]
    assert raters["r003"]["state"] == "active"
    assert raters["r001"]["review"] == {"verdict": None, "reason": ""}


def test_who_stayed_away_longer_than_a_lease_has_dropped_out(answered: AnsweredStudy) -> None:
    scope = Scope(answered.version, LATER + timedelta(hours=3))
    states = {
        one["rater"]: one["state"] for one in json.loads("".join(json_parts(scope)))["raters"]
    }
    assert states == {"r001": "complete", "r002": "complete", "r003": "dropped"}


def test_the_same_moment_gives_the_same_bytes(answered: AnsweredStudy, tmp_path: Path) -> None:
    first = run(answered, tmp_path / "one")
    run(answered, tmp_path / "two")
    for name in (Path(path).name for path in first["files"]):
        one, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert one == other, name


def test_every_column_of_every_table_is_in_the_codebook(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    run(answered, tmp_path)
    tables = {path.stem for path in tmp_path.glob("*.csv")}
    assert tables == set(CODEBOOK)
    for name in tables:
        with (tmp_path / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            assert next(csv.reader(file)) == list(CODEBOOK[name])


def test_the_long_table_maps_sides_back_to_systems(answered: AnsweredStudy, tmp_path: Path) -> None:
    run(answered, tmp_path)
    labels = Scope(answered.version, LATER).labels.by_name
    rows = table(tmp_path, "answers")
    vote = next(row for row in rows if (row["trial"], row["scale"]) == ("t002-001", "better"))
    assert (vote["system"], vote["against"]) == (labels[SYSTEMS[0]], labels[SYSTEMS[2]])
    assert vote["value"] == "0"
    rating = next(row for row in rows if (row["rater"], row["scale"]) == ("r001", "clarity"))
    assert (rating["system"], rating["value"]) == (labels[SYSTEMS[0]], "5.0")


def test_who_is_who_holds_the_codes_and_nobody_else_does(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    run(answered, tmp_path)
    who = table(tmp_path, "who-is-who")
    assert [(row["id"], row["person"], row["code"]) for row in who] == [
        ("r001", "pid-1", "DONE1"),
        ("r002", "pid-2", "DONE1"),
        ("r003", "pid-3", ""),
    ]
    assert {row["protocol_hash"] for row in who} == {answered.version.protocol_hash}
    for path in tmp_path.iterdir():
        if path.name != "who-is-who.csv":
            assert "pid-1" not in path.read_text(encoding="utf-8")


def test_a_comment_that_a_spreadsheet_would_run_is_text(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    trial = Trial.objects.get(rater__number=1, position=1)
    answered.answer(trial, {"better": "A", "why": "=cmd|' /C calc'!A0"}, revision=2)
    run(answered, tmp_path)
    comment = next(row for row in table(tmp_path, "answers") if row["scale"] == "why")
    assert comment["value"] == "'=cmd|' /C calc'!A0"


def test_every_export_carries_both_hashes_and_is_in_the_audit(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    told = run(answered, tmp_path)
    assert told["protocol_hash"] == answered.version.protocol_hash
    about = {row["field"]: row["value"] for row in table(tmp_path, "about")}
    assert about["plan_hash"] == answered.version.plan_hash
    line = answered.study.audit.get()
    assert line.act == "exported"
    assert line.detail["blinded"] is True
    assert line.detail["interim"] is True


def test_an_unblinded_export_before_closing_is_an_interim_look_with_its_reason(
    answered: AnsweredStudy, tmp_path: Path
) -> None:
    run(answered, tmp_path, "--unblind", "--reason", "the data board asked for it")
    look = answered.study.audit.get(act="unblinded")
    assert look.detail["reason"] == "the data board asked for it"
    assert look.detail["interim"] is True
    StudyVersion.objects.update(state="closed", closed_at=LATER)
    run(answered, tmp_path, "--unblind")
    assert answered.study.audit.filter(act="unblinded").last().detail["interim"] is False


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--include", "pilots"), "--include pilots: give any of simulated,pilot,preview"),
        (("--study-version", "9"), "--study-version 9: "),
        (("--now", "yesterday"), "--now yesterday: give an ISO time"),
    ],
)
def test_bad_options_are_refused_in_one_line_and_nothing_is_written(
    answered: AnsweredStudy, tmp_path: Path, flags: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        run(answered, tmp_path / "new", *flags)
    assert not (tmp_path / "new").exists()
    assert not answered.study.audit.exists()


def test_queries_do_not_grow_with_the_answers(
    answered: AnsweredStudy, django_assert_max_num_queries: Any
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(80) as captured:
            for one in files(Scope(answered.version, LATER), with_who=True):
                one.write(io.BytesIO())
        return len(captured)

    before = queries()
    answered.person()
    answered.person(choose="B")
    assert queries() == before


def test_every_column_is_on_the_codebook_page() -> None:
    page = (ROOT / "docs" / "study-export.md").read_text(encoding="utf-8")
    for name, columns in CODEBOOK.items():
        table_ = page.split(f"### {name}\n", 1)[1].split("\n### ", 1)[0]
        told = [f"| `{column}` | {meaning} |" for column, meaning in columns.items()]
        assert [row for row in told if row not in table_] == []


def test_what_somebody_answered_who_withdrew_is_in_no_export(answered: AnsweredStudy) -> None:
    Rater.objects.filter(number=1).update(state="withdrawn")
    export = exported(answered)
    assert {one["rater"]: one["state"] for one in export["raters"]}["r001"] == "withdrawn"
    assert not [one for one in export["trials"] if one["rater"] == "r001"]
    assert not [one for one in export["judgements"] if one["trial"].startswith("t001")]
    assert read_export(export).n_judgements == 10


@pytest.mark.django_db(transaction=True)
def test_an_export_is_of_one_moment_and_holds_nobody_up(
    researcher: Any, make_excerpt: Callable[..., Any]
) -> None:
    study = AnsweredStudy(researcher, make_excerpt, n_items=1)
    study.person()
    trial = Trial.objects.get(rater__number=1, position=1)

    def amend() -> None:
        try:
            study.answer(trial, {"better": "B"}, revision=2)
        finally:
            connection.close()

    with snapshot():
        parts = json_parts(Scope(study.version, LATER))
        text = next(parts)
        before = Judgement.objects.count()
        meanwhile = Thread(target=amend)
        meanwhile.start()
        meanwhile.join()
        text += "".join(parts)
    assert Judgement.objects.count() == before + 1
    assert len(json.loads(text)["judgements"]) == before
