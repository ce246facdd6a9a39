"""Studies that people really walked through: what the export tells of every type of trial."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.study_export import read_export
from studies.exports.files import files
from studies.exports.scope import Scope
from studies.models import Answer, Judgement, StudyVersion, Trial
from tests.studies.study_cast import BLOCK_TYPES, SYSTEMS, open_study
from tests.studies.walking import Participant


def walked(type_: str, people: int = 2) -> StudyVersion:
    """An open study of one type that some have gone through."""
    version = open_study(types=(type_,), songs=5)
    for _ in range(people):
        person = Participant()
        person.join(version)
        person.go_to("done")
    return version


def contents(version: StudyVersion, **more: Any) -> dict[str, bytes]:
    scope = Scope(version, timezone.now() + timedelta(days=1), **more)
    found = {}
    for one in files(scope, with_who=True):
        buffer = io.BytesIO()
        one.write(buffer)
        found[one.name] = buffer.getvalue()
    return found


@pytest.mark.parametrize("type_", BLOCK_TYPES)
def test_every_type_of_trial_comes_whole_blind_and_readable(db: None, type_: str) -> None:
    version = walked(type_)
    found = contents(version)
    export = json.loads(found["study.json"])
    assert len(export["trials"]) == Trial.objects.count()
    assert len(export["judgements"]) == Judgement.objects.count() >= Answer.objects.count() > 0
    study = read_export(export)
    assert study.n_judgements == Judgement.objects.count()
    assert {one["state"] for one in export["raters"]} == {"complete"}
    assert {one["gates"]["attention"]["of"] for one in export["raters"]} == {1}
    for name, content in found.items():
        text = content.decode().replace("_", " ").casefold()
        told = [one for one in SYSTEMS if one.replace("_", " ") in text]
        assert not told, name


@pytest.mark.parametrize("type_", ["multi-stimulus", "mushra", "ranking"])
def test_the_long_table_has_a_row_for_each_stimulus_of_a_trial_of_mixes(
    db: None, type_: str
) -> None:
    version = walked(type_, people=1)
    rows = list(csv.DictReader(io.StringIO(contents(version)["answers.csv"].decode())))
    trial = Trial.objects.filter(kind="main").first()
    assert trial is not None
    own = [row for row in rows if row["position"] == str(trial.position) and row["scale"] != "why"]
    assert len(own) == len(trial.sides)
    assert {row["stimulus"] for row in own if row["stimulus"]} == {row["stimulus"] for row in own}


def test_pages_of_a_walked_study_open(db: None) -> None:
    version = walked("mushra")
    client = Client()
    client.force_login(version.study.owner)
    person = version.raters.get(number=1)
    for name, more in (
        ("study-dashboard", ()),
        ("study-people", ()),
        ("study-person", (person.key,)),
        ("study-exclusions", ()),
    ):
        answered = client.get(reverse(name, args=[version.study.key, *more]))
        assert answered.status_code == 200
    content = client.get(reverse("study-dashboard", args=[version.study.key])).content.decode()
    assert "2 filled, 0 held, 0 lapsed" in content
