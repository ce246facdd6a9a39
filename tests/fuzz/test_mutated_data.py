"""Saves, files and archives with anything anywhere: taken, or refused in a line; never a fault."""

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from annotate.models import Annotation, Campaign, EventBatch
from annotate.services.assigning import next_assignment
from annotate.services.people import Invitation
from studies.models import Study, System
from studies.services.refusing import Refused
from studies.services.study_files import export_study, import_study
from studies.unpacking import unpack
from tests.annotate.conftest import NOW, answer, batch, invitation  # noqa: F401
from tests.fuzz.mutations import mutate_bytes, mutate_data, tried
from tests.studies.conftest import (  # noqa: F401
    _quick,
    campaign,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)
from tests.studies.study_cast import make_excerpts, make_study
from tests.studies.walking import arrived, plain, submission
from tests.studies.walking import batch as trial_batch

REFUSALS = (400, 404, 409, 413)
SHORT, LONG = 60, 3000
counts = pytest.mark.parametrize("count", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)])


def check_save(client: Client, address: str, body: Any) -> int:
    text = body if isinstance(body, bytes) else json.dumps(body)
    client.raise_request_exception = False
    # An outer block: what it changed is taken back, and each mutation meets the same rows.
    with transaction.atomic():
        answered = client.post(address, text, content_type="application/json")
        told = answered.json()
        transaction.set_rollback(True)
    assert answered.status_code in (200, *REFUSALS), (answered.status_code, text[:500])
    if answered.status_code != 200:
        assert len(str(told["error"]).splitlines()) == 1
    return answered.status_code


@counts
def test_saves_of_a_desk(invitation: Invitation, count: int) -> None:  # noqa: F811
    assignment = next_assignment(annotator=invitation.annotator, now=NOW)
    assert assignment is not None
    address = reverse("save", args=[invitation.token, assignment.key])
    good = batch(submit=answer())
    text = json.dumps(good).encode()
    codes = tried(count, lambda draw: check_save(Client(), address, mutate_data(good, draw)))
    codes += tried(count, lambda draw: check_save(Client(), address, mutate_bytes(text, draw)))
    assert {200, 400} <= set(codes)
    assert not Annotation.objects.exists()
    assert not EventBatch.objects.exists()


@counts
@pytest.mark.parametrize("type_", ["rated advice", "ranking"])
def test_saves_of_a_trial(db: None, type_: str, count: int) -> None:
    person = arrived(plain(type_))
    trial = person.trial()
    good = trial_batch(trial, submit=submission(trial), draft=submission(trial)["values"])
    address = trial["save_url"]
    codes = tried(count, lambda draw: check_save(person.client, address, mutate_data(good, draw)))
    assert {200, 400} <= set(codes)


def refused(run: Callable[[], Any], fault: type[Exception]) -> str:
    """Its one line, or "" where it was taken; taken back either way."""
    with transaction.atomic():
        try:
            run()
            said = ""
        except fault as error:
            said = str(error)
            assert said
            assert len(said.splitlines()) == 1, said
            assert len(said) < 700, said
        transaction.set_rollback(True)
    return said


@counts
def test_annotation_files(researcher: Any, tmp_path: Path, count: int) -> None:  # noqa: F811
    level = dict.fromkeys(STEMS, -1.0)
    row = {"song": "A Song", "excerpt": "chorus", "annotator": "Ann", "balance_db": level}
    good = {
        "format": "gainsay-annotations/1",
        "source": "elsewhere",
        "excerpts": [{"song": "A Song", "excerpt": "chorus", "loudness_lufs": level}],
        "annotations": [row, row | {"annotator": "Bob", "comment": "=1+1"}],
    }
    head = "song,excerpt,annotator,stem,balance_db,loudness_lufs,comment\n"
    lines = [f"A Song,chorus,Ann,{stem},-1.5,-20,'=1\n" for stem in STEMS]

    def load(path: Path) -> None:
        call_command("import_annotations", str(path), owner="researcher", stdout=io.StringIO())

    def load_both(draw: random.Random) -> list[str]:
        path = tmp_path / "a.json"
        path.write_text(json.dumps(mutate_data(good, draw)))
        table = tmp_path / "a.csv"
        table.write_bytes(mutate_bytes((head + "".join(lines)).encode(), draw))
        return [refused(partial(load, one), CommandError) for one in (path, table)]

    assert any("" in both for both in tried(count, load_both))
    assert not Campaign.objects.exists()


@counts
def test_experts_files(db: None, tmp_path: Path, count: int) -> None:
    (excerpt,) = make_excerpts(1)
    good = {
        "format": "gainsay-expert-advice/1",
        "advice": [
            {
                "excerpt": excerpt.key,
                "expert": "Ada",
                "prose": "Turn the vocals down by 2 dB.",
                "balance_db": {"vocals": -2.0, "drums": 0.0, "bass": 0.0, "other": 0.0},
            }
        ],
    }

    path = tmp_path / "e.json"

    def load() -> None:
        call_command("import_expert_advice", str(path), stdout=io.StringIO())

    def load_mutated(draw: random.Random) -> str:
        path.write_text(json.dumps(mutate_data(good, draw)))
        return refused(load, CommandError)

    assert len(set(tried(count, load_mutated))) > 3
    assert not System.objects.experts().exists()


@pytest.mark.parametrize("count", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_archives_of_studies(db: None, tmp_path: Path, media: Path, count: int) -> None:  # noqa: F811
    """Their JSON and their bytes changed, taken apart in this process: a fault would be seen."""
    study, good = make_study(songs=2), tmp_path / "good.zip"
    export_study(study, good)
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    known = set((media / "excerpts").iterdir())
    before = sorted(path.name for path in known)
    path = tmp_path / "mutated.zip"

    def load() -> None:
        with transaction.atomic():
            import_study(path, study.owner, NOW, unpack=unpack)
            raise Refused("taken")

    def load_mutated(draw: random.Random) -> str:
        if draw.randrange(3):
            told = mutate_data(json.loads(parts["study.json"]), draw)
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in parts.items():
                    archive.writestr(name, json.dumps(told) if name == "study.json" else content)
        else:
            path.write_bytes(mutate_bytes(good.read_bytes(), draw))
        said = refused(load, Refused)
        if said == "taken":
            # Its rows were taken back by this test, and its folders with them.
            for folder in set((media / "excerpts").iterdir()) - known:
                shutil.rmtree(folder)
        return said

    assert set(tried(count, load_mutated)) - {"taken"}
    assert Study.objects.count() == 1
    assert sorted(path.name for path in (media / "excerpts").iterdir()) == before
