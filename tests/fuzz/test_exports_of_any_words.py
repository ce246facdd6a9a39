"""Whatever people wrote: an export is read back as it was, and no cell of it is run."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.cells import plain_text
from analysis.study_export import read_export
from studies.exports.files import write_folder
from studies.exports.scope import Scope
from studies.exports.who import WHO
from studies.models import Judgement, PersonalData, Trial
from tests.annotate.conftest import NOW
from tests.studies.answered_study import AnsweredStudy
from tests.studies.conftest import make_excerpt, media, researcher  # noqa: F401

LATER = NOW + timedelta(days=1)
# What a page takes: no half of a pair, and no NUL, which PostgreSQL cannot hold.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
HARMFUL = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(
        ["=", "+", "-", "@", "\t=", "\r=", "\uff1d", " =", "'=", "''", '"=', ";=", "\n"]
    ),
    WORDS,
)
RUNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_any_words_are_exported_as_they_are_and_never_run(
    researcher: Any,  # noqa: F811
    make_excerpt: Callable[..., Any],  # noqa: F811
    tmp_path: Path,
) -> None:
    answered = AnsweredStudy(researcher, make_excerpt)
    answered.person()
    trial = Trial.objects.get(rater__number=1, position=1)
    answered.answer(trial, {"better": "A", "why": "placeholder"}, revision=2)

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(why=WORDS | HARMFUL, person=WORDS | HARMFUL, key=WORDS | HARMFUL, value=WORDS | HARMFUL)
    def export(why: str, person: str, key: str, value: str) -> None:
        with transaction.atomic():
            Judgement.objects.filter(question="why").update(value=why)
            PersonalData.objects.update(person=person, session=person, questionnaire={key: value})
            write_folder(Scope(answered.version, LATER), tmp_path)
            transaction.set_rollback(True)
        whole = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
        assert why in [one["value"] for one in whole["judgements"] if one["question"] == "why"]
        assert read_export(whole).raters
        for path in tmp_path.glob("*.csv"):
            check_cells(path)
        assert [why] == told(tmp_path / "answers.csv", "value", scale="why")
        assert person in told(tmp_path / f"{WHO.name}.csv", "person")

    export()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def check_cells(path: Path) -> None:
    for row in rows(path):
        assert None not in row, path.name
        for name, cell in row.items():
            assert is_number(cell) or not cell.lstrip().startswith(RUNS), (path.name, name, cell)


def told(path: Path, name: str, **where: str) -> list[str]:
    """What a column held before its cells were made safe."""
    found = [row for row in rows(path) if all(row[key] == one for key, one in where.items())]
    return [plain_text(row[name]) for row in found]
