"""`import_songs` as a command: what it says, what it skips, and what it leaves behind."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.management import CommandError, call_command

from annotate.models import Excerpt, Song, Stem
from tests.annotate import conftest
from tests.audio_files import keep_share


def write_song(folder: Path, *, seconds: float = 1.5, seed: int = 0) -> Path:
    return conftest.write_song(folder, seconds=seconds, seed=seed)


def run(*paths: Path, **options: Any) -> tuple[dict[str, Any], str, str]:
    """(what stdout says as JSON, stderr, the command's fault or "")."""
    out, err, fault = io.StringIO(), io.StringIO(), ""
    try:
        call_command("import_songs", *map(str, paths), json=True, stdout=out, stderr=err, **options)
    except CommandError as error:
        fault = str(error)
    return json.loads(out.getvalue()), err.getvalue(), fault


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {Path(one["path"]).name: one["reason"] for one in result["failed"]}


def folders(media: Path) -> set[str]:
    """Everything that lies in the library, hidden leftovers included."""
    kinds = ("songs", "excerpts", "journals")
    return {p.name for kind in kinds if (media / kind).is_dir() for p in (media / kind).iterdir()}


def rows() -> set[str]:
    return {*Song.objects.values_list("key", flat=True)} | {
        *Excerpt.objects.values_list("key", flat=True)
    }


@pytest.mark.django_db
def test_stdout_is_one_json_object_with_three_lists(tmp_path: Path, media: Path) -> None:
    song = write_song(tmp_path / "An Artist - A Song")
    result, said, fault = run(song, tmp_path / "nowhere")
    assert set(result) == {"imported", "skipped", "failed"}
    assert fault == "1 of 2 not imported"
    assert result["failed"] == [
        {"path": str(tmp_path / "nowhere"), "reason": "does not exist; check the path"}
    ]
    (entry,) = result["imported"]
    assert entry["path"] == str(song)
    assert (entry["artist"], entry["title"]) == ("An Artist", "A Song")
    assert Song.objects.get(key=entry["key"]).excerpts.count() == 1
    assert Stem.objects.count() == 4
    assert "{" not in said


@pytest.mark.django_db
def test_a_second_run_skips_what_is_there(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song")
    first, _, _ = run(song)
    second, _, fault = run(song)
    assert fault == ""
    assert [one["key"] for one in second["skipped"]] == [one["key"] for one in first["imported"]]
    assert second["imported"] == []
    assert Song.objects.count() == Excerpt.objects.count() == 1


@pytest.mark.django_db
def test_the_same_audio_from_another_folder_is_the_same_song(tmp_path: Path, media: Path) -> None:
    run(write_song(tmp_path / "here"))
    before = folders(media)
    result, _, _ = run(write_song(tmp_path / "there"))
    assert [one["title"] for one in result["skipped"]] == ["here"]
    assert folders(media) == before == rows()


@pytest.mark.django_db
def test_links_to_the_same_files_are_told_of_one_by_one(tmp_path: Path, media: Path) -> None:
    real = write_song(tmp_path / "real")
    for name in ("one", "two"):
        (tmp_path / name / "Song").mkdir(parents=True)
        for stem in real.iterdir():
            (tmp_path / name / "Song" / stem.name).symlink_to(stem)
    result, _, _ = run(tmp_path / "one", tmp_path / "two")
    assert len(result["imported"]) == len(result["skipped"]) == 1
    assert folders(media) == rows()


@pytest.mark.django_db
def test_a_song_that_changed_on_disk_is_imported_anew(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song", seed=1)
    run(song)
    result, _, _ = run(write_song(song, seed=2))
    assert len(result["imported"]) == 1
    assert Song.objects.count() == 2


@pytest.mark.django_db
def test_broken_songs_are_named_and_the_rest_goes_on(tmp_path: Path, media: Path) -> None:
    good = write_song(tmp_path / "good")
    keep_share(write_song(tmp_path / "cut", seed=1) / "bass.flac", 0.5)
    (write_song(tmp_path / "empty", seed=2) / "drums.flac").write_bytes(b"")
    (write_song(tmp_path / "missing", seed=3) / "vocals.flac").unlink()
    for path in write_song(tmp_path / "silent", seed=4).glob("*.flac"):
        soundfile.write(path, [[0.0, 0.0]] * 44_100, 44_100)
    result, _, fault = run(tmp_path)
    assert [one["path"] for one in result["imported"]] == [str(good)]
    assert set(reasons(result)) == {"cut", "empty", "missing", "silent"}
    assert reasons(result)["cut"].startswith("bass.flac is truncated")
    assert reasons(result)["empty"].startswith("drums.flac ")
    assert all("\n" not in reason for reason in reasons(result).values())
    assert fault == "4 of 5 not imported"
    assert folders(media) == rows()


@pytest.mark.django_db(transaction=True)
def test_two_at_a_time_give_the_same_and_name_what_is_broken(tmp_path: Path, media: Path) -> None:
    for seed in range(2):
        write_song(tmp_path / f"song {seed}", seed=seed)
    keep_share(write_song(tmp_path / "cut", seed=9) / "bass.flac", 0.5)
    result, _, _ = run(tmp_path, jobs=2)
    assert sorted(one["title"] for one in result["imported"]) == ["song 0", "song 1"]
    assert list(reasons(result)) == ["cut"]
    assert reasons(result)["cut"].startswith("bass.flac is truncated")
    assert folders(media) == rows()


@pytest.mark.django_db
def test_nothing_but_failures_says_the_first(tmp_path: Path) -> None:
    result, _, fault = run(tmp_path)
    assert fault == f"nothing imported: {tmp_path}: {result['failed'][0]['reason']}"


@pytest.mark.django_db
def test_a_very_long_name_is_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    result, _, fault = run(write_song(tmp_path / f"{'a' * 120} - {'t' * 120}"))
    assert fault == ""
    assert len(result["imported"][0]["title"]) == 120
    notes = write_song(tmp_path / "noted", seed=1) / "song.json"
    notes.write_text(json.dumps({"title": "x" * 201}))
    assert "at most 200" in reasons(run(notes.parent)[0])["noted"]


@pytest.mark.django_db
def test_a_name_that_is_no_text_is_refused_and_shown(tmp_path: Path) -> None:
    good = write_song(tmp_path / "good")
    odd = write_song(tmp_path / "odd", seed=1)
    odd.rename(os.fsdecode(os.fsencode(tmp_path) + b"/o\xffd"))
    result, _, _ = run(tmp_path)
    assert [one["path"] for one in result["imported"]] == [str(good)]
    assert reasons(result) == {"o?d": "has a name that is no UTF-8 text; rename it"}


@pytest.mark.django_db
def test_nul_in_the_notes_is_left_out(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song")
    (folder / "song.json").write_text(json.dumps({"title": "Ti\x00tle", "artist": "\ud800"}))
    result, _, fault = run(folder)
    assert fault == ""
    assert (result["imported"][0]["title"], result["imported"][0]["artist"]) == ("Title", "?")


@pytest.mark.django_db
@pytest.mark.parametrize("jobs", [0, -1])
def test_fewer_than_one_at_a_time_is_refused(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(CommandError, match="--jobs"):
        call_command("import_songs", str(tmp_path), jobs=jobs)


@pytest.mark.django_db
def test_a_media_folder_that_is_a_file_is_one_line(tmp_path: Path, media: Path) -> None:
    media.write_text("in the way")
    result, _, fault = run(write_song(tmp_path / "song"))
    assert "cannot be written" in result["failed"][0]["reason"]
    assert "\n" not in fault
    assert not Song.objects.exists()


@pytest.mark.django_db
def test_the_real_stems_come_in_as_their_notes_say(shared_dir: Path) -> None:
    result, _, fault = run(
        shared_dir / "stems" / "falcon69-flac",
        shared_dir / "stems" / "musdb18",
        shared_dir / "stems" / "no-vocals",
    )
    assert fault == "1 of 3 not imported"
    assert "has no vocals" in reasons(result)["no-vocals"]
    imported = Song.objects.get(title="Falcon 69")
    assert (imported.artist, imported.split) == ("The Easton Ellises", "train")
    expected = {"vocals": -19.0, "drums": -19.3, "bass": -18.6, "other": -18.9}
    for role, loudness_lufs in expected.items():
        assert imported.stems.get(role=role).loudness_lufs == pytest.approx(loudness_lufs, abs=0.2)
