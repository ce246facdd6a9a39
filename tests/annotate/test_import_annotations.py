"""Balances made elsewhere: what is taken, what is refused, and that it is all or nothing."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.sessions import main as convert_sessions
from analysis.vectors import STEMS, centre
from annotate.models import Annotation, Annotator, Assignment, Campaign, Excerpt, Song
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import open_campaign
from annotate.services.consensus import compute_draft
from annotate.services.people import invite
from tests.annotate.conftest import NOW

LOUDNESS = {"vocals": -19.8, "drums": -22.4, "bass": -23.9, "other": None}
BALANCE = {"vocals": 1.5, "drums": None, "bass": -2.0, "other": None}
CSV_HEADER = "song,excerpt,annotator,stem,balance_db,loudness_lufs,comment\n"


def entry(**fields: Any) -> dict[str, Any]:
    base = {"song": "Song", "excerpt": "Chorus", "annotator": "A", "balance_db": BALANCE}
    return base | fields


def document(**fields: Any) -> dict[str, Any]:
    excerpt = {"song": "Song", "excerpt": "Chorus", "stem_loudness_lufs": LOUDNESS}
    base = {
        "format": "gainsay-annotations/1",
        "source": "a test",
        "excerpts": [excerpt],
        "annotations": [entry()],
    }
    return base | fields


@pytest.fixture
def imported(researcher: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write a file, import it, return the command's JSON."""

    def run(content: object, *, suffix: str = ".json", name: str = "Made elsewhere") -> Any:
        path = tmp_path / f"file{suffix}"
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        out = io.StringIO()
        call_command(
            "import_annotations", str(path), owner="researcher", name=name, json=True, stdout=out
        )
        return json.loads(out.getvalue())

    return run


def nothing_is_stored() -> bool:
    return not any(m.objects.exists() for m in (Campaign, Song, Excerpt, Annotator, Assignment))


def test_a_file_becomes_a_closed_campaign_without_audio(imported: Any) -> None:
    told = imported(document())
    assert {k: told[k] for k in ("excerpts", "annotators", "annotations")} == {
        "excerpts": 1,
        "annotators": 1,
        "annotations": 1,
    }
    campaign = Campaign.objects.get(key=told["campaign"])
    assert campaign.state == "closed"
    assert Annotator.objects.get().kind == "imported"
    assert Annotation.objects.get().balance_db == BALANCE
    assert Excerpt.objects.get().loudness_lufs == LOUDNESS


def test_csv_and_json_say_the_same(imported: Any) -> None:
    lines = [
        f"Song,Chorus,A,{stem},{'' if BALANCE[stem] is None else BALANCE[stem]},"
        f"{'' if LOUDNESS[stem] is None else LOUDNESS[stem]},the voice leads"
        for stem in STEMS
    ]
    imported(CSV_HEADER + "\n".join(lines), suffix=".csv")
    assert Annotation.objects.get().balance_db == BALANCE
    assert Annotation.objects.get().comment == "the voice leads"
    assert Excerpt.objects.get().loudness_lufs == LOUDNESS


def test_line_breaks_in_a_quoted_comment_and_odd_separators_in_a_name_survive(
    imported: Any,
) -> None:
    song = "So\u2028ng\x0b"
    lines = [f'"{song}",Chorus,A,{stem},1.0,-20,"two\nlines"' for stem in STEMS]
    imported(CSV_HEADER + "\r\n".join(lines), suffix=".csv")
    assert Annotation.objects.get().comment == "two\nlines"
    assert Song.objects.get().title == "So\u2028ng"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", '"format" must be'),
        (document(format="gainsay-annotations/2"), '"format" must be'),
        (document(annotations=[]), "holds no annotation"),
        (document(annotations={"A": 1}), "annotations must be a list of objects"),
        (document(excerpts=[1]), "excerpts must be a list of objects"),
        (document(annotations=[entry(song="")]), r"annotations\[1\]: song is missing"),
        (document(annotations=[entry(song="\x00 ")]), r"annotations\[1\]: song is missing"),
        (document(annotations=[entry(song="x" * 201)]), r"\[1\]: song has 201 characters"),
        (document(annotations=[entry(excerpt="x" * 101)]), r"\[1\]: excerpt has 101"),
        (document(annotations=[entry(excerpt=3)]), r"\[1\]: excerpt is no text"),
        (document(annotations=[entry(annotator=7)]), r"\[1\]: annotator is missing"),
        (document(annotations=[entry(), entry()]), "A has two balances of 'Song' / 'Chorus'"),
        (document(annotations=[entry(balance_db=[0, 0, 0, 0])]), r"\[1\]: balance_db: a value"),
        (document(annotations=[entry(balance_db={"vocals": 1.0})]), "missing: .*drums"),
        (document(annotations=[entry(balance_db=dict(BALANCE, bass="0"))]), "bass: '0' is not"),
        (document(annotations=[entry(balance_db=dict(BALANCE, bass=float("nan")))]), "bass: nan"),
        (document(annotations=[entry(balance_db=dict(BALANCE, bass=10**400))]), "bass: 1000"),
        (document(annotations=[entry(balance_db=dict(BALANCE, bass=121))]), "bass = 121 is no"),
        (document(annotations=[entry(balance_db=dict(BALANCE, bass=None))]), "fewer than two"),
        (document(excerpts=[]), "the file gives no loudness"),
        (document(excerpts=document()["excerpts"] * 2), r"excerpts\[2\]: .* is there twice"),
        (
            document(excerpts=[{"song": "Song", "excerpt": "Chorus", "stem_loudness_lufs": {}}]),
            r"excerpts\[1\]: stem_loudness_lufs",
        ),
    ],
)
def test_a_malformed_json_gets_one_line_that_names_the_place(
    imported: Any, content: object, told: str
) -> None:
    with pytest.raises(CommandError, match=told) as fault:
        imported(content)
    assert "\n" not in str(fault.value)
    assert len(str(fault.value)) < 400
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "column 'song' is missing"),
        ("song,excerpt,annotator,stem\nS,C,A,bass", "column 'balance_db' is missing"),
        (CSV_HEADER, "holds no annotation"),
        (CSV_HEADER + "S,C,A,guitar,1,-20,", "line 2: stem 'guitar' is none of"),
        (CSV_HEADER + "S,C,A,bass,loud,-20,", "line 2: balance_db 'loud' is no number"),
        (CSV_HEADER + "S,C,A,bass,nan,-20,", "line 2: balance_db 'nan' is not finite"),
        (CSV_HEADER + "S,C,A,bass,1e6,-20,", "line 2: balance_db '1e6' is no level"),
        (CSV_HEADER + "S,C,A,bass,1,-inf,", "line 2: loudness_lufs '-inf' is not finite"),
        (CSV_HEADER + "S,C,A,bass,1,-20,\nS,C,A,bass,2,-20,", "line 3: A has bass of 'S' twice"),
        (CSV_HEADER + "S,C,A,bass,1,-20,\nS,C,B,bass,2,-21,", "line 3: bass of 'S' has loudness"),
        (CSV_HEADER + "S,C,A,bass,1,-20,", "fewer than two stems"),
        (CSV_HEADER + "S,C", "line 2: annotator is missing"),
        (CSV_HEADER + f"S,C,A,bass,1,-20,{'x' * 140_000}", "line 2: field larger than"),
    ],
)
def test_a_malformed_csv_gets_one_line_that_names_the_line(
    imported: Any, lines: str, told: str
) -> None:
    with pytest.raises(CommandError, match=told) as fault:
        imported(lines, suffix=".csv")
    assert "\n" not in str(fault.value)
    assert nothing_is_stored()


def test_a_file_that_is_no_text_or_of_another_kind_or_not_there_is_one_line(
    imported: Any, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="is not UTF-8"):
        imported(b"\xff\xfe\x00", suffix=".csv")
    with pytest.raises(CommandError, match=r"must end in .json or .csv"):
        imported("", suffix=".xlsx")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_annotations", str(tmp_path / "no.json"), owner="researcher")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        call_command("import_annotations", str(tmp_path / "folder.json"), owner="researcher")


def test_a_name_is_used_once_and_has_a_length(imported: Any) -> None:
    imported(document())
    with pytest.raises(CommandError, match="exists already"):
        imported(document())
    with pytest.raises(CommandError, match="201 characters"):
        imported(document(), name="x" * 201)
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("import_annotations", "file.json", owner="nobody")
    assert Campaign.objects.count() == 1


def test_odd_characters_are_left_out(imported: Any) -> None:
    said = entry(comment="a\x00b\ud800c", annotator="A\x00")
    imported(document(annotations=[said], source="\x00 \ud800"), name="Na\x00me")
    assert Annotation.objects.get().comment == "ab?c"
    assert Annotator.objects.get().note == "A"
    assert Campaign.objects.get().name == "Name"


def test_equal_names_in_another_file_keep_their_own_loudness(imported: Any) -> None:
    imported(document(), name="first")
    other = dict.fromkeys(STEMS, -30.0)
    excerpts = [{"song": "Song", "excerpt": "Chorus", "stem_loudness_lufs": other}]
    second = imported(document(excerpts=excerpts), name="second")
    item = Campaign.objects.get(key=second["campaign"]).items.get()
    assert item.excerpt.loudness_lufs == other


def test_the_same_file_twice_is_about_the_same_excerpts(imported: Any) -> None:
    imported(document(), name="first")
    imported(document(), name="second")
    assert Excerpt.objects.count() == Song.objects.count() == 1


def test_a_song_of_the_library_is_found_by_its_names(
    imported: Any, make_excerpt: Callable[..., Excerpt]
) -> None:
    excerpt = make_excerpt(1)
    song = str(excerpt.song)
    told = imported(document(excerpts=[], annotations=[entry(song=song, excerpt="")]))
    assert Campaign.objects.get(key=told["campaign"]).items.get().excerpt == excerpt
    assert Excerpt.objects.count() == 1


def test_two_names_of_one_excerpt_do_not_give_one_person_two_balances(
    imported: Any, make_excerpt: Callable[..., Excerpt]
) -> None:
    excerpt = make_excerpt(1)
    twice = [entry(song=name, excerpt="") for name in (str(excerpt.song), excerpt.song.title)]
    with pytest.raises(CommandError, match=r"are one excerpt, .* A has two balances"):
        imported(document(excerpts=[], annotations=twice))
    two = [twice[0], twice[1] | {"annotator": "B"}]
    told = imported(document(excerpts=[], annotations=two))
    item = Campaign.objects.get(key=told["campaign"]).items.get()
    assert item.slots.filter(is_filled=True).count() == item.completed == 2


def test_a_title_that_two_songs_have_is_refused(
    imported: Any, make_excerpt: Callable[..., Excerpt]
) -> None:
    for number in (1, 2):
        make_excerpt(number)
    Song.objects.update(title="Same")
    with pytest.raises(CommandError, match="fits 2 excerpts"):
        imported(document(excerpts=[], annotations=[entry(song="Same", excerpt="")]))


def test_nobody_is_asked_to_balance_what_cannot_be_heard(imported: Any) -> None:
    campaign = Campaign.objects.get(key=imported(document())["campaign"])
    open_campaign(campaign=campaign, now=NOW)
    annotator = invite(campaign=campaign, count=1, now=NOW)[0].annotator
    campaign.items.get().slots.create(number=9)
    assert next_assignment(annotator=annotator, now=NOW) is None


def test_real_sessions_go_through_the_same_consensus(
    researcher: Any, shared_dir: Path, tmp_path: Path
) -> None:
    converted = tmp_path / "sessions.json"
    convert_sessions(
        [str(shared_dir / "data" / "mix-evaluation-9-songs.json"), "--out", str(converted)]
    )
    call_command("import_annotations", str(converted), owner="researcher", stdout=io.StringIO())
    campaign = Campaign.objects.get(name="sessions")
    draft = compute_draft(campaign, now=NOW)
    assert (campaign.items.count(), draft.annotation_count) == (9, 57)
    assert {one["status"] for one in draft.result["excerpts"]} == {"consensus"}
    # What the data's own notes say of one engineer against another: 2.4 dB or so.
    for stem in STEMS:
        spread = draft.result["agreement"][stem]["sd_between_db"]
        assert spread["low"] < 2.4 < spread["high"]
    one = draft.result["excerpts"][0]
    assert one["off_share"] == dict.fromkeys(STEMS, 0.0)
    balance = np.array([one["balance_db"][stem] for stem in STEMS])
    assert centre(balance) == pytest.approx(balance, abs=1e-9)
