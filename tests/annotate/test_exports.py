"""What leaves the site as tables: every column explained, nothing that runs, nothing lost."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from analysis.cells import plain_text
from analysis.vectors import STEMS
from annotate import exports
from annotate.models import Annotation, Campaign, Excerpt
from annotate.services.consensus import compute_draft, freeze
from annotate.simulation import simulate_annotators
from tests.annotate.conftest import NOW
from tests.annotate.researcher_cast import annotate_all


@pytest.fixture
def annotated(make_campaign: Callable[..., Campaign]) -> Campaign:
    """Three excerpts, three people, one frozen version."""
    campaign = make_campaign(3, overlap=3, repeats=0)
    annotate_all(campaign, 3)
    freeze(campaign, by=None, now=NOW)
    return campaign


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def export(campaign: Campaign, out: Path, **options: Any) -> list[str]:
    told = io.StringIO()
    call_command("export_annotations", campaign.key, out=out, json=True, stdout=told, **options)
    return json.loads(told.getvalue())["files"]


def test_rows_hold_exactly_the_columns_of_the_codebook(annotated: Campaign) -> None:
    for row in exports.annotation_rows(annotated):
        assert list(row) == list(exports.CODEBOOK)
    for row in exports.consensus_rows(annotated.consensuses.get()):
        assert list(row) == list(exports.CONSENSUS_CODEBOOK)


def test_csv_writes_the_answers_the_codebook_and_every_frozen_version(
    annotated: Campaign, tmp_path: Path
) -> None:
    freeze(annotated, by=None, now=NOW)
    files = export(annotated, tmp_path / "out.csv")
    assert [Path(file).name for file in files] == [
        "out.csv",
        "out-codebook.csv",
        "out-consensus-v1.csv",
        "out-consensus-v2.csv",
    ]
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == sorted(
        Path(file).name for file in files
    )
    explained = {(row["table"], row["column"]) for row in table(Path(files[1]).read_text())}
    columns = {("annotations", column) for column in table(Path(files[0]).read_text())[0]}
    columns |= {("consensus", column) for column in table(Path(files[2]).read_text())[0]}
    assert columns == explained


def test_csv_gives_every_number_back_exactly(annotated: Campaign) -> None:
    rows = table(exports.annotations_csv(annotated))
    stored = list(Annotation.objects.order_by("assignment__item", "assignment__annotator__number"))
    assert len(rows) == len(stored) == 9
    for row, annotation in zip(rows, stored, strict=True):
        for stem in STEMS:
            assert float(row[f"balance_{stem}_db"]) == annotation.balance_db[stem]
            assert float(row[f"fader_{stem}_db"]) == annotation.fader_db[stem]
        assert row["is_current"] == "true"
        assert row["headphone_passed"] == "true"


def test_an_off_fader_is_an_empty_cell_and_null(annotated: Campaign) -> None:
    Annotation.objects.update(balance_db={stem: None if stem == "bass" else 1.0 for stem in STEMS})
    text = exports.annotations_csv(annotated)
    assert table(text)[0]["balance_bass_db"] == ""
    assert json.loads(exports.json_text(annotated))["annotations"][0]["balance_bass_db"] is None


def test_json_is_strict_and_says_the_same_as_csv(annotated: Campaign, tmp_path: Path) -> None:
    export(annotated, tmp_path / "out.json", format="json")

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    data = json.loads((tmp_path / "out.json").read_text(), parse_constant=refuse)
    rows = table(exports.annotations_csv(annotated))
    assert len(data["annotations"]) == len(rows)
    for given_row, row in zip(data["annotations"], rows, strict=True):
        cells = {k: exports.safe_cell(v) for k, v in given_row.items()}
        assert {k: str(v) for k, v in cells.items()} == row
    (version,) = data["consensus"]
    assert version["content_hash"] == annotated.consensuses.get().content_hash
    assert len(version["excerpts"]) == 3
    assert set(data["codebook"]["annotations"]) == set(data["annotations"][0])


def test_a_campaign_without_answers_exports_empty_tables(
    make_campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    campaign = make_campaign(1)
    files = export(campaign, tmp_path / "out.csv")
    assert len(files) == 2
    assert len(Path(files[0]).read_text().splitlines()) == 1
    assert json.loads(exports.json_text(campaign))["annotations"] == []


@given(st.text())
def test_no_text_becomes_a_formula(text: str) -> None:
    cell = exports.safe_cell(text)
    starts = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    assert not cell.startswith(starts)
    assert not cell.lstrip().startswith(starts)
    assert plain_text(cell) == text


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1
    )
)
def test_any_text_comes_back_from_the_csv(texts: list[str]) -> None:
    written = exports.csv_text(["a"], ({"a": text} for text in texts))
    rows = list(csv.reader(io.StringIO(written, newline="")))[1:]
    cells = [row[0] if row else "" for row in rows]
    assert cells == [exports.safe_cell(text) for text in texts]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "-1+1", "@SUM(A1)", " =1", "\t=1"])
def test_a_comment_that_would_run_is_text_in_the_table_and_itself_in_json(
    annotated: Campaign, text: str
) -> None:
    Annotation.objects.update(comment=text)
    assert {row["comment"] for row in table(exports.annotations_csv(annotated))} == {f"'{text}"}
    assert json.loads(exports.json_text(annotated))["annotations"][0]["comment"] == text


def test_keys_stay_as_they_are_in_the_table(annotated: Campaign) -> None:
    keys = {row["assignment"] for row in table(exports.annotations_csv(annotated))}
    assert keys == set(Annotation.objects.values_list("assignment__key", flat=True))


def test_no_name_note_or_link_is_in_an_export(annotated: Campaign) -> None:
    person = annotated.annotators.first()
    person.note = "Jane Doe, jane@example.org"
    person.save()
    for text in (exports.annotations_csv(annotated), exports.json_text(annotated)):
        assert "Jane" not in text
        assert person.token_hash not in text


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_place_that_cannot_be_written_is_one_line(
    annotated: Campaign, tmp_path: Path, format_: str
) -> None:
    (tmp_path / "file").write_text("")
    for out, told in [
        (tmp_path / "no" / "out.csv", "is no folder"),
        (tmp_path / "file" / "out.csv", "is no folder"),
        (tmp_path, "is a folder"),
        (Path(), "is a folder"),
        (Path("/proc/out.csv"), "cannot be written"),
    ]:
        with pytest.raises(CommandError, match=told) as fault:
            export(annotated, out, format=format_)
        assert "\n" not in str(fault.value)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


def test_rendering_without_a_frozen_version_writes_nothing_at_all(
    make_campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="freeze one before --render"):
        export(make_campaign(1), tmp_path / "out.csv", render=tmp_path / "audio")
    assert [path for path in tmp_path.iterdir() if path.name != "media"] == []


def test_an_export_made_into_an_import_gives_the_same_consensus(
    annotated: Campaign, researcher: Any, tmp_path: Path
) -> None:
    data = json.loads(exports.json_text(annotated))
    rows = data["annotations"]
    excerpts = {
        row["excerpt"]: {
            "song": row["song"],
            "excerpt": row["excerpt"],
            "stem_loudness_lufs": {s: row[f"loudness_{s}_lufs"] for s in STEMS},
        }
        for row in rows
    }
    entries = [
        {
            "song": row["song"],
            "excerpt": row["excerpt"],
            "annotator": row["annotator"],
            "balance_db": {s: row[f"balance_{s}_db"] for s in STEMS},
        }
        for row in rows
    ]
    path = tmp_path / "again.json"
    path.write_text(
        json.dumps(
            {
                "format": "gainsay-annotations/1",
                "excerpts": list(excerpts.values()),
                "annotations": entries,
            }
        )
    )
    # As on another site, where nobody has these songs.
    Excerpt.objects.update(has_audio=False)
    call_command("import_annotations", str(path), owner="researcher", stdout=io.StringIO())
    again = Campaign.objects.get(name="again")
    here, there = (
        compute_draft(campaign, now=NOW).result["excerpts"] for campaign in (annotated, again)
    )
    for one, other in zip(here, there, strict=True):
        assert other["balance_db"] == pytest.approx(one["balance_db"], abs=1e-6)
        assert other["n"] == one["n"] == 3


def test_simulated_annotators_are_marked_in_every_table(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(1)
    simulate_annotators(campaign=campaign, count=3, seed=1, now=NOW)
    kinds = {row["annotator_kind"] for row in table(exports.annotations_csv(campaign))}
    assert kinds == {"simulated"}
