"""REAPER projects: read back by a reader of the format, faders in linear gain, stems beside it."""

import io
import math
import shlex
import zipfile
from pathlib import Path

import pytest
import soundfile

from analysis.vectors import STEMS, Balance
from modeling import reaper
from tests.audio_files import write_song

BALANCE = Balance(-3.0, 0.0, 6.0, None)
Node = dict


def read(text: str) -> Node:
    """An .rpp as nested {"head": [...], "lines": {key: values}, "children": [...]}."""
    stack: list[Node] = []
    for line in text.splitlines():
        tokens = shlex.split(line.strip().replace("`", '"'))
        if line.strip().startswith("<"):
            stack.append({"head": [tokens[0][1:], *tokens[1:]], "lines": {}, "children": []})
            if len(stack) > 1:
                stack[-2]["children"].append(stack[-1])
        elif line.strip() == ">":
            last = stack.pop()
        else:
            stack[-1]["lines"][tokens[0]] = tokens[1:]
    assert not stack
    return last


def tracks(files: dict[str, str] | None = None, **more: object) -> list[reaper.Track]:
    return reaper.tracks_of(BALANCE, files or {s: f"{s}.flac" for s in STEMS}, 12.5, **more)


def test_a_project_has_one_track_a_stem_with_its_item_and_source():
    root = read(reaper.project(tracks()))
    assert root["head"][0] == "REAPER_PROJECT"
    assert [node["lines"]["NAME"] for node in root["children"]] == [[stem] for stem in STEMS]
    for stem, track in zip(STEMS, root["children"], strict=True):
        (item,) = track["children"]
        (source,) = item["children"]
        assert float(item["lines"]["LENGTH"][0]) == 12.5
        assert float(item["lines"]["POSITION"][0]) == 0.0
        assert source["head"] == ["SOURCE", "FLAC"]
        assert source["lines"]["FILE"] == [f"{stem}.flac"]


def test_faders_are_linear_gains_of_the_balance():
    gains = [
        float(track["lines"]["VOLPAN"][0]) for track in read(reaper.project(tracks()))["children"]
    ]
    assert [20 * math.log10(gain) for gain in gains] == pytest.approx([-3.0, 0.0, 6.0, 0.0])


def test_a_stem_that_is_off_is_muted_and_the_others_are_not():
    muted = [track["lines"]["MUTESOLO"][0] for track in read(reaper.project(tracks()))["children"]]
    assert muted == ["0", "0", "0", "1"]


def test_the_scale_of_a_file_is_undone_by_the_item_not_by_the_fader():
    made = read(reaper.project(tracks(item_gain_db={"vocals": 20 * math.log10(2)})))
    vocals = made["children"][0]
    assert float(vocals["children"][0]["lines"]["VOLPAN"][0]) == pytest.approx(2.0)
    assert 20 * math.log10(float(vocals["lines"]["VOLPAN"][0])) == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(".wav", "WAVE"), (".AIFF", "WAVE"), (".flac", "FLAC"), (".mp3", "MP3"), (".ogg", "VORBIS")],
)
def test_a_source_is_of_the_kind_of_its_file(suffix, kind):
    text = reaper.project(tracks({"drums": f"Drum bus{suffix}"}))
    assert f"<SOURCE {kind}\n" in text
    assert f'FILE "Drum bus{suffix}"' in text


@pytest.mark.parametrize("name", ["/tmp/a.wav", "../a.wav", "", "drums.txt", "drums"])
def test_a_file_that_is_not_beside_the_project_or_no_audio_is_refused(name):
    with pytest.raises(ValueError, match=r"drums|beside"):
        reaper.project(tracks({"drums": name}))


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("plain", '"plain"'),
        ('12" mix', "'12\" mix'"),
        ("it's 12\"", "`it's 12\"`"),
        ("a`b'c\"", "`a'b'c\"`"),
        ("two\nlines\x00>", '"twolines>"'),
    ],
)
def test_names_cannot_break_out_of_their_quotes(text, token):
    assert reaper.quoted(text) == token


def test_ids_differ_within_a_project_and_the_text_is_the_same_every_time():
    text = reaper.project(tracks())
    ids = [word for line in text.splitlines() for word in line.split() if word.startswith("{")]
    assert len(set(ids)) == 2 * len(STEMS)
    assert text == reaper.project(tracks())


def test_a_zip_holds_the_project_and_stems_that_decode(tmp_path: Path):
    folder = write_song(tmp_path / "song", suffix=".flac")
    made = tracks()
    buffer = io.BytesIO()
    reaper.write_zip(buffer, "My song", made, {t.file_name: folder / t.file_name for t in made})
    with zipfile.ZipFile(buffer) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        archive.extractall(tmp_path / "out")
    assert names[0] == "My song/My song.rpp"
    text = (tmp_path / "out" / names[0]).read_text()
    for track in read(text)["children"]:
        file = track["children"][0]["children"][0]["lines"]["FILE"][0]
        assert soundfile.info(tmp_path / "out" / "My song" / file).frames == 44_100


def test_the_same_stems_give_the_same_zip(tmp_path: Path):
    folder = write_song(tmp_path / "song", suffix=".flac", duration_s=0.2)
    made = tracks()
    packed = []
    for _ in range(2):
        buffer = io.BytesIO()
        reaper.write_zip(buffer, "s", made, {t.file_name: folder / t.file_name for t in made})
        packed.append(buffer.getvalue())
    assert packed[0] == packed[1]
