"""Songs imported on a page: what was sent or lies in an allowed folder, read by the worker."""

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from annotate.models import Act, Song
from annotate.services import song_imports
from config.models import Job
from config.work import run_job
from modeling import song_reading
from tests.annotate.conftest import write_song
from tests.annotate.test_import_songs import folders, rows
from tests.worker_process import start_worker

pytestmark = pytest.mark.django_db
PAGE = "/songs/import/"
STEMS = ("vocals", "drums", "bass", "other")


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    # A test's jobs run inside its transaction, for whose end a heartbeat on SQLite would wait.
    settings.JOB_HEARTBEAT_S = 3600
    settings.IMPORT_FOLDERS = []


@pytest.fixture
def client(researcher: Any) -> Client:
    client = Client()
    client.force_login(researcher)
    return client


def work() -> list[Job]:
    done = []
    while (job := Job.objects.take_next(worker="test", now=timezone.now())) is not None:
        done.append(run_job(job.pk))
    return done


def sent(files: Mapping[str, Path | bytes], **fields: str) -> dict[str, Any]:
    """Form fields; the names of the files are those of the paths."""
    data: dict[str, Any] = dict(fields)
    for field, file in files.items():
        name = file.name if isinstance(file, Path) else f"{field}.flac"
        content = file.read_bytes() if isinstance(file, Path) else file
        data[field] = SimpleUploadedFile(name, content)
    return data


def four(folder: Path) -> dict[str, Path | bytes]:
    return {stem: folder / f"{stem}.flac" for stem in STEMS}


def packed(path: Path, entries: Mapping[str, Path | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return path


def song_entries(folder: Path, inside: str) -> dict[str, Path | bytes]:
    return {f"{inside}/{stem}.flac": folder / f"{stem}.flac" for stem in STEMS}


def left_over(media: Path) -> list[str]:
    return [path.name for path in (media / song_imports.FOLDER).glob("*")]


def test_four_files_become_a_song_with_what_was_said_of_it(
    client: Client, tmp_path: Path, media: Path
) -> None:
    folder = write_song(tmp_path / "in")
    about = {
        "title": "A <i>Title</i>",
        "artist": "Somebody",
        "genre": "pop",
        "split": "test",
        "licence": "CC0",
    }
    answered = client.post(PAGE, sent(four(folder), **about))
    assert answered.status_code == 302
    assert not Song.objects.exists()
    assert "Waiting for the worker" in client.get(answered.headers["Location"]).text
    (job,) = work()
    assert (job.state, job.error) == ("done", "")
    song = Song.objects.get()
    assert {name: getattr(song, name) for name in about} == about
    assert song.excerpts.count() == 1
    assert song.stems.count() == 4
    assert left_over(media) == []
    page = client.get(PAGE).text
    assert "1 song imported" in page
    assert "A &lt;i&gt;Title&lt;/i&gt;" in page
    assert "<i>Title" not in page
    assert Act.objects.get().act == "songs sent"
    assert folders(media) == rows()


def test_a_real_stem_mp4_comes_with_artist_and_title_of_its_name(
    client: Client, shared_dir: Path
) -> None:
    (file,) = (shared_dir / "stems" / "musdb18").rglob("*.stem.mp4")
    client.post(PAGE, sent({"archive": file}, licence="CC BY-NC-SA 3.0"))
    (job,) = work()
    assert (job.state, job.error) == ("done", "")
    song = Song.objects.get()
    assert (song.artist, song.title) == ("The Easton Ellises", "Falcon 69")
    assert song.licence == "CC BY-NC-SA 3.0"


def test_a_zip_of_songs_is_taken_song_by_song_and_refusals_are_one_line_each(
    client: Client, shared_dir: Path, tmp_path: Path, media: Path
) -> None:
    first = write_song(tmp_path / "one", seed=1)
    stems = shared_dir / "stems"
    entries = song_entries(first, "songs/An Artist - One")
    entries |= song_entries(stems / "falcon69-flac", "songs/Two")
    entries |= {f"songs/No voice/{s}.flac": stems / "no-vocals" / f"{s}.flac" for s in STEMS[1:]}
    entries |= {f"songs/Damaged/{s}.flac": b"fLaC and no more" for s in STEMS}
    entries |= {"songs/notes.txt": b"nothing", "__MACOSX/songs/One/._vocals.flac": b"x"}
    archive = packed(tmp_path / "album.zip", entries)
    client.post(PAGE, sent({"archive": archive}, genre="rock", title="Of one song only"))
    (job,) = work()
    assert (job.state, job.error) == ("done", "")
    assert {one["title"] for one in job.result["imported"]} == {"One", "Two"}
    assert {song.genre for song in Song.objects.all()} == {"rock"}
    failed = {one["path"]: one["reason"] for one in job.result["failed"]}
    assert set(failed) == {"album/songs/No voice", "album/songs/Damaged"}
    assert "has no vocals" in failed["album/songs/No voice"]
    assert all("\n" not in reason for reason in failed.values())
    page = client.get(PAGE).text
    assert "2 not imported" in page
    assert str(media) not in page
    assert "/tmp" not in page
    assert left_over(media) == []


def test_what_is_in_the_library_is_not_imported_twice(
    client: Client, tmp_path: Path, media: Path
) -> None:
    folder = write_song(tmp_path / "in")
    for title in ("First", "The same under another name"):
        client.post(PAGE, sent(four(folder), title=title))
        work()
    assert Song.objects.get().title == "First"
    again = Job.objects.order_by("pk").last()
    assert again is not None
    assert [one["title"] for one in again.result["skipped"]] == ["First"]
    assert "was here already" in client.get(PAGE).text
    assert folders(media) == rows()


def test_a_stop_between_two_songs_keeps_the_first_and_going_on_makes_the_rest(
    client: Client, tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: dict[str, Path | bytes] = {}
    for seed in (1, 2, 3):
        entries |= song_entries(write_song(tmp_path / str(seed), seed=seed), f"Song {seed}")
    client.post(PAGE, sent({"archive": packed(tmp_path / "three.zip", entries)}))
    job = Job.objects.get()
    read = song_imports.ingest_in_child
    n_read = 0

    def stops_at_the_second(*args: Any) -> Any:
        nonlocal n_read
        n_read += 1
        if n_read == 2:
            client.post(reverse("job-stop", args=[job.key]))
        return read(*args)

    monkeypatch.setattr(song_imports, "ingest_in_child", stops_at_the_second)
    (stopped,) = work()
    assert stopped.state == "stopped"
    assert len(stopped.result["imported"]) == 1
    assert Song.objects.count() == 1
    shown = {name for name in folders(media) if not name.startswith(".incoming-")}
    assert shown == rows()
    assert "Go on" in client.get(PAGE).text
    client.post(reverse("job-retry", args=[job.key]))
    (again,) = work()
    assert again.state == "done"
    assert (len(again.result["imported"]), len(again.result["skipped"])) == (2, 1)
    assert folders(media) == rows()
    assert left_over(media) == []


def test_what_was_sent_and_is_gone_is_said(client: Client, tmp_path: Path, media: Path) -> None:
    client.post(PAGE, sent(four(write_song(tmp_path / "in")), title="T"))
    later = timezone.now() + timedelta(days=8)
    assert song_imports.remove_leftovers(timezone.now()) == 0
    assert song_imports.remove_leftovers(later) == 1
    (job,) = work()
    assert job.state == "failed"
    assert "send it again" in job.error


@pytest.mark.parametrize(
    ("files", "fields", "fault"),
    [
        ({}, {}, "Choose a .stem.mp4, a ZIP, or four stems"),
        ({"archive": b"RIFF....WAVE"}, {}, "is no ZIP and no .stem.mp4"),
        ({"archive": b"PK\x05\x06" + bytes(18)}, {}, "is no ZIP and no .stem.mp4"),
        ({"archive": b"PK\x03\x04 x", "drums": b"fLaC"}, {}, "not both"),
        ({"drums": b"fLaC....x"}, {"title": "T"}, "This stem is missing"),
        (dict.fromkeys(STEMS, b"<html>....."), {"title": "T"}, "no WAV, FLAC, Ogg"),
        (dict.fromkeys(STEMS, b"fLaC......."), {}, "give one"),
        ({"archive": b"PK\x03\x04 x"}, {"split": "nonsense"}, "not one of the available choices"),
        ({"archive": b"PK\x03\x04 x"}, {"artist": "x" * 201}, "at most 200"),
        ({"archive": b""}, {}, "empty"),
    ],
)
def test_what_does_not_fit_is_refused_on_the_page(
    client: Client, files: dict[str, bytes], fields: dict[str, str], fault: str, media: Path
) -> None:
    answered = client.post(PAGE, sent(files, **fields))
    assert answered.status_code == 400
    assert fault in answered.text
    assert not Job.objects.exists()
    assert left_over(media) == []


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"../../evil/vocals.flac": b"fLaC"}, "leads out of the archive"),
        ({"/etc/vocals.flac": b"fLaC"}, "leads out of the archive"),
        ({"readme.txt": b"hello"}, "holds no audio file"),
    ],
)
def test_a_hostile_zip_writes_nothing_anywhere(
    client: Client, tmp_path: Path, media: Path, entries: dict[str, bytes], fault: str
) -> None:
    archive = packed(tmp_path / "evil.zip", entries)
    client.post(PAGE, sent({"archive": archive}))
    (job,) = work()
    assert job.state == "failed"
    assert fault in job.error
    assert "\n" not in job.error
    assert str(media) not in job.error
    assert left_over(media) == []
    assert not (tmp_path / "evil").exists()


def test_a_bomb_a_link_and_a_cut_zip_are_refused(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.IMPORT_UNPACKED_BYTES = 10**6
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/vocals.wav", bytes(5 * 10**6))
    link = io.BytesIO()
    with zipfile.ZipFile(link, "w") as file:
        entry = zipfile.ZipInfo("a/vocals.flac")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    cut = packed(tmp_path / "cut.zip", {"a/vocals.flac": b"fLaC" * 100}).read_bytes()[:200]
    faults = {"bomb": "unpacks to more|holds more", "link": "is a link", "cut": "no readable ZIP"}
    for name, content in (("bomb", bomb.getvalue()), ("link", link.getvalue()), ("cut", cut)):
        client.post(PAGE, {"archive": SimpleUploadedFile(f"{name}.zip", content)})
        (job,) = work()
        assert job.state == "failed"
        assert any(fault in job.error for fault in faults[name].split("|")), job.error
    assert not Song.objects.exists()


def test_a_child_that_is_killed_is_one_line_and_the_next_song_goes_on(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = song_entries(write_song(tmp_path / "1", seed=1), "First")
    entries |= song_entries(write_song(tmp_path / "2", seed=2), "Second")
    client.post(PAGE, sent({"archive": packed(tmp_path / "two.zip", entries)}))
    run = song_reading.run_child
    waits = iter([0.0, 60.0])

    def hurried(*args: Any, **more: Any) -> Any:
        return run(*args, **(more | {"wait_s": next(waits)}))

    monkeypatch.setattr(song_reading, "run_child", hurried)
    (job,) = work()
    assert [one["title"] for one in job.result["imported"]] == ["Second"]
    assert "more memory or time" in job.result["failed"][0]["reason"]


def test_too_much_is_refused_before_it_is_read(client: Client, settings: Settings) -> None:
    settings.IMPORT_UPLOAD_BYTES = 1000
    answered = client.post(PAGE, {"archive": SimpleUploadedFile("a.zip", b"PK\x03\x04" * 50_000)})
    assert answered.status_code == 413
    assert "Send fewer songs" in answered.text
    assert not Job.objects.exists()


def test_a_post_without_the_token_is_refused(researcher: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(researcher)
    assert client.post(PAGE, {"title": "T"}).status_code == 403
    assert Client().post(PAGE, {"title": "T"}).status_code == 404


def test_only_so_many_wait_for_one_researcher(client: Client, tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a/vocals.flac": b"fLaC"})
    codes = [client.post(PAGE, sent({"archive": archive})).status_code for _ in range(11)]
    assert codes == [302] * 10 + [429]


def test_nobody_sees_another_s_imports(client: Client, stranger: Any, tmp_path: Path) -> None:
    archive = packed(tmp_path / "mine-alone.zip", {"a/vocals.flac": b"fLaC"})
    client.post(PAGE, sent({"archive": archive}))
    other = Client()
    other.force_login(stranger)
    assert "mine-alone" in client.get(PAGE).text
    assert "mine-alone" not in other.get(PAGE).text


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../../etc/An Artist - A Song.STEM.MP4", "An Artist - A Song.stem.mp4"),
        ("..\\evil\x07.mp4", "evil.stem.mp4"),
        ("....", "song.stem.mp4"),
        ("ä" * 400 + ".stem.mp4", "ä" * 120 + ".stem.mp4"),
    ],
)
def test_a_file_is_kept_under_a_harmless_name(
    client: Client, media: Path, name: str, stored: str
) -> None:
    client.post(PAGE, {"archive": SimpleUploadedFile(name, b"\0\0\0\x20ftypisom" + bytes(99))})
    (file,) = (media / song_imports.FOLDER).rglob("*.*")
    assert file.name == stored
    assert file.parent.name == song_imports.RECEIVED


@pytest.fixture
def allowed(tmp_path: Path, settings: Settings) -> Path:
    root = tmp_path / "allowed"
    write_song(root / "train" / "An Artist - A Song", seed=4)
    write_song(root / "test" / "Another", seed=5)
    settings.IMPORT_FOLDERS = [str(root), str(tmp_path / "not there")]
    return root


def test_a_folder_of_the_server_is_imported_only_where_it_is_allowed(
    client: Client, allowed: Path, tmp_path: Path
) -> None:
    write_song(tmp_path / "elsewhere" / "A Secret", seed=6)
    assert '<option value="allowed/train"' in client.get(PAGE).text
    at = reverse("songs-import-folder")
    for folder in (str(tmp_path), "allowed/../elsewhere", "../elsewhere", "elsewhere", ""):
        assert client.post(at, {"folder": folder, "layout": "auto"}).status_code == 400
    client.post(at, {"folder": "allowed/train", "layout": "auto", "licence": "CC0"})
    (job,) = work()
    assert (job.state, job.error) == ("done", "")
    song = Song.objects.get()
    assert (song.artist, song.title, song.licence) == ("An Artist", "A Song", "CC0")
    assert (allowed / "train" / "An Artist - A Song" / "drums.flac").is_file()


def test_a_link_out_of_an_allowed_folder_is_refused(
    client: Client, allowed: Path, tmp_path: Path
) -> None:
    secret = write_song(tmp_path / "elsewhere" / "A Secret", seed=6)
    linked = allowed / "train" / "Linked"
    linked.mkdir()
    for stem in STEMS:
        (linked / f"{stem}.flac").symlink_to(secret / f"{stem}.flac")
    (allowed / "outside").symlink_to(tmp_path / "elsewhere")
    assert "allowed/outside" not in client.get(PAGE).text
    client.post(reverse("songs-import-folder"), {"folder": "allowed/train", "layout": "auto"})
    (job,) = work()
    assert [one["title"] for one in job.result["imported"]] == ["A Song"]
    assert job.result["failed"][0]["path"] == "Linked"
    assert "leads out" in job.result["failed"][0]["reason"]


def test_a_folder_that_is_no_longer_allowed_is_not_read(
    client: Client, allowed: Path, settings: Settings
) -> None:
    client.post(reverse("songs-import-folder"), {"folder": "allowed", "layout": "auto"})
    settings.IMPORT_FOLDERS = []
    (job,) = work()
    assert job.state == "failed"
    assert "IMPORT_FOLDERS" in job.error
    assert "No folder is allowed" in client.get(PAGE).text


def test_the_command_queues_the_same_job(tmp_path: Path, capsys: Any) -> None:
    write_song(tmp_path / "songs" / "A Song")
    call_command("import_songs", str(tmp_path / "songs"), background=True)
    assert "queued as job" in capsys.readouterr().out
    (job,) = work()
    assert (job.kind, job.state, len(job.result["imported"])) == ("import_songs", "done", 1)
    (again,) = [call_command("import_songs", str(tmp_path / "songs"), background=True)] and work()
    assert (len(again.result["imported"]), len(again.result["skipped"])) == (0, 1)


def test_the_page_takes_as_many_queries_for_ten_imports_as_for_one(
    client: Client, researcher: Any, django_assert_num_queries: Callable[..., Any]
) -> None:
    result = {"imported": [], "skipped": [], "failed": [{"path": "x", "reason": "no"}]}
    for n in (1, 9):
        for _ in range(n):
            Job.objects.create(
                kind="import_songs", owner=researcher, state="done", result=result, about="x"
            )
        with django_assert_num_queries(3):
            client.get(PAGE)


@pytest.mark.django_db(transaction=True)
def test_the_import_of_a_killed_worker_goes_on_with_nothing_lost_or_doubled(
    researcher: Any, tmp_path: Path, media: Path, settings: Settings
) -> None:
    client = Client()
    client.force_login(researcher)
    entries: dict[str, Path | bytes] = {}
    for seed in (1, 2, 3):
        folder = write_song(tmp_path / str(seed), seed=seed, seconds=20.0)
        entries |= song_entries(folder, f"Song {seed}")
    client.post(PAGE, sent({"archive": packed(tmp_path / "three.zip", entries)}))
    worker = start_worker(settings)
    try:
        deadline = time.monotonic() + 120
        while not Song.objects.exists():
            assert worker.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        worker.kill()
        worker.wait()
    assert Song.objects.count() < 3
    later = timezone.now() + timedelta(seconds=61)
    again = Job.objects.take_next(worker="w", now=later)
    assert again is not None
    ended = run_job(again.pk)
    assert (ended.state, ended.error) == ("done", "")
    assert len(ended.result["imported"]) + len(ended.result["skipped"]) == 3
    assert ended.result["skipped"]
    assert sorted(Song.objects.values_list("title", flat=True)) == ["Song 1", "Song 2", "Song 3"]
    assert rows() <= folders(media)
    assert left_over(media) == []
