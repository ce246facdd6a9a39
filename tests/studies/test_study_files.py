"""A study as one file: out with its audio and in again, here and on another site; hostile files."""

import hashlib
import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from annotate.models import Excerpt, Song
from studies import unpacking
from studies.models import Study, StudyVersion
from studies.services.items import prepare_items
from studies.services.refusing import Refused
from studies.services.study_files import export_study, import_study
from tests.annotate.conftest import NOW
from tests.studies.study_cast import make_study, study_data

pytestmark = pytest.mark.django_db
Parts = dict[str, bytes]


@pytest.fixture
def study(db: None) -> Study:
    return make_study(songs=2)


@pytest.fixture
def file(study: Study, tmp_path: Path) -> Path:
    export_study(study, tmp_path / "study.zip")
    return tmp_path / "study.zip"


def emptied(media: Path) -> None:
    """As on another site: no songs, no files."""
    StudyVersion.objects.all().delete()
    Study.objects.update(cloned_from=None)
    Excerpt.objects.all().delete()
    Song.objects.all().delete()
    (media / "excerpts").rename(media / "gone")


def compared(version: StudyVersion) -> list[Any]:
    """The problems of a version, told by song and window."""
    prepare_items(version, NOW)
    return [
        (item.kind, item.excerpt.song.fingerprint, item.excerpt.start_s, item.error_db, texts)
        for item in version.items.select_related("excerpt__song")
        for texts in [list(item.stimuli.values_list("role", "name", "text", "balance_db"))]
    ]


def test_the_same_problems_are_compared_on_another_site(
    study: Study, file: Path, researcher: Any, media: Path
) -> None:
    before = compared(study.latest)
    emptied(media)
    again = import_study(file, researcher, NOW)
    assert compared(again.latest) == before
    assert again.owner == researcher
    assert again.latest.state == "draft"


def test_audio_comes_over_sample_by_sample_and_is_measured_anew(
    study: Study, file: Path, researcher: Any, media: Path
) -> None:
    excerpt = Excerpt.objects.select_related("song").first()
    assert excerpt is not None
    content, loudness = (excerpt.folder / "bass.flac").read_bytes(), excerpt.loudness_lufs
    fingerprint = excerpt.song.fingerprint
    emptied(media)
    import_study(file, researcher, NOW)
    again = Excerpt.objects.get(song__fingerprint=fingerprint)
    assert (again.folder / "bass.flac").read_bytes() == content
    assert again.loudness_lufs == pytest.approx(loudness)
    assert not again.folder.is_symlink()


def test_songs_that_the_library_has_are_used_as_they_are(
    study: Study, file: Path, researcher: Any
) -> None:
    before = set(Excerpt.objects.values_list("key", flat=True))
    again = import_study(file, researcher, NOW)
    assert set(Excerpt.objects.values_list("key", flat=True)) == before
    assert compared(again.latest) == compared(study.latest)


def test_drawn_items_are_exported_as_those_that_were_drawn(
    researcher: Any, tmp_path: Path, media: Path
) -> None:
    study_data()
    study = make_study(items={"draw": {"count": 4}})
    before = compared(study.latest)
    export_study(study, tmp_path / "drawn.zip")
    emptied(media)
    assert compared(import_study(tmp_path / "drawn.zip", researcher, NOW).latest) == before


def test_an_export_is_the_same_file_each_time(study: Study, file: Path, tmp_path: Path) -> None:
    export_study(study, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_nothing_in_the_file_is_a_key_of_the_library(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        told = archive.read("study.json").decode()
    assert all(key not in told for key in Excerpt.objects.values_list("key", flat=True))


def rewritten(file: Path, change: Callable[[dict[str, Any], Parts], None]) -> Path:
    """The same file with something changed."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(parts["study.json"])
    change(told, parts)
    if parts["study.json"]:
        parts["study.json"] = json.dumps(told).encode()
    other = file.with_name("changed.zip")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return other


def refusal(path: Path, researcher: Any, media: Path) -> str:
    """Why it is refused; nothing of it is kept."""
    before = (Study.objects.count(), Excerpt.objects.count(), Song.objects.count())
    files = sorted(path.name for path in (media / "excerpts").iterdir())
    with pytest.raises(Refused) as refused:
        import_study(path, researcher, NOW, unpack=unpacking.unpack)
    assert (Study.objects.count(), Excerpt.objects.count(), Song.objects.count()) == before
    assert sorted(path.name for path in (media / "excerpts").iterdir()) == files
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{path}: ")


def replace_stem(told: dict[str, Any], parts: Parts, content: bytes, number: int = 0) -> None:
    """Other content of a stem, with a right checksum."""
    stem = told["excerpts"][number]["stems"]["bass"]
    parts[stem["path"]] = content
    stem["sha256"] = hashlib.sha256(content).hexdigest()


def flac(seconds: float, rate_hz: int = 44_100, channels: int = 2) -> bytes:
    buffer = io.BytesIO()
    samples = np.zeros((int(seconds * rate_hz), channels))
    soundfile.write(buffer, samples, rate_hz, format="FLAC")
    return buffer.getvalue()


def as_another_song(told: dict[str, Any], parts: Parts) -> None:
    """The first excerpt is new to the library, the second is refused."""
    told["excerpts"][0]["song"]["fingerprint"] = "f" * 64
    parts[told["excerpts"][1]["stems"]["bass"]["path"]] = b"changed"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t, p: t.update(format="other"), "is not of the format gainsay-study-design"),
        (lambda t, p: t.update(version=9), "is of version 9; 1 can be read"),
        (lambda t, p: t.pop("spec"), "spec and excerpts are missing"),
        (lambda t, p: t["spec"].update(surprise=1), "surprise: unknown key"),
        (lambda t, p: t["spec"]["blocks"][0].update(systems=["wizard", "zero"]), "no system"),
        (lambda t, p: t["excerpts"][0].pop("song"), "lacks a field or has a wrong one"),
        (lambda t, p: t["excerpts"][0].update(start_s="x"), "lacks a field or has a wrong one"),
        (lambda t, p: t["excerpts"].pop(0), "excerpt 'excerpt-001' is not in the file"),
        (lambda t, p: p.pop("excerpt-001/bass.flac"), "'excerpt-001/bass.flac' is missing"),
        (lambda t, p: p.update({"excerpt-001/bass.flac": b"x"}), "its content is not what"),
        (lambda t, p: replace_stem(t, p, b"no audio"), "bass: cannot be decoded"),
        (lambda t, p: replace_stem(t, p, flac(3.2, channels=1)), "must be FLAC, stereo"),
        (lambda t, p: replace_stem(t, p, flac(3.2, rate_hz=48_000)), "must be FLAC, stereo"),
        (lambda t, p: replace_stem(t, p, flac(1.0)), "its stems differ in length"),
        (as_another_song, "excerpt-002, bass: its content is not what"),
        (lambda t, p: p.update({"study.json": b""}), "study.json is no JSON"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_and_leaves_nothing(
    study: Study,
    file: Path,
    researcher: Any,
    media: Path,
    change: Callable[[dict[str, Any], Parts], None],
    says: str,
) -> None:
    assert says in refusal(rewritten(file, change), researcher, media)


def rezipped(file: Path, change: Callable[[zipfile.ZipFile, Parts], None]) -> Path:
    """An archive written by hand from the parts of a good one."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    other = file.with_name("changed.zip")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
        change(archive, parts)
        for name, content in parts.items():
            archive.writestr(name, content)
    return other


def a_link(archive: zipfile.ZipFile, parts: Parts) -> None:
    entry = zipfile.ZipInfo("passwords")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def twice(archive: zipfile.ZipFile, parts: Parts) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("more", b"{}")
        archive.writestr("more", b"{}")


def crowded(archive: zipfile.ZipFile, parts: Parts) -> None:
    for number in range(unpacking.MOST_ENTRIES):
        archive.writestr(f"{number}", b"")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda z, p: p.update({"../../evil.flac": b"x"}), "'../../evil.flac' leads out"),
        (lambda z, p: p.update({"/etc/cron.d/evil": b"x"}), "leads out of the archive"),
        (lambda z, p: p.update({"..\\evil": b"x"}), "leads out of the archive"),
        (a_link, "'passwords' is a link"),
        (twice, "holds two entries of one name"),
        (crowded, "at most 10000"),
        (lambda z, p: p.clear() or p.update(zeros=bytes(2**24)), "more than 100 times its size"),
    ],
)
def test_an_archive_that_is_none_of_ours_is_refused_before_it_is_unpacked(
    study: Study,
    file: Path,
    researcher: Any,
    media: Path,
    change: Callable[[zipfile.ZipFile, Parts], None],
    says: str,
) -> None:
    assert says in refusal(rezipped(file, change), researcher, media)
    assert not list(media.parent.rglob("evil*"))


def test_entries_that_share_their_bytes_are_refused(
    study: Study, file: Path, researcher: Any, media: Path
) -> None:
    """As in the bombs that no ratio of one entry shows: each entry packs the same bytes again."""
    content = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        first = max(archive.infolist(), key=lambda one: one.compress_size)
        central = content.index(b"PK\x01\x02")
        end = content.rindex(b"PK\x05\x06")
        directory = content[central:end]
        at = directory.index(first.filename.encode()) - 46
        length = 46 + len(first.filename) + len(first.extra)
        record = directory[at : at + length]
    names = [f"{n:0{len(first.filename)}d}" for n in range(4)]
    copies = b"".join(record[:46] + name.encode() + record[46 + len(name) :] for name in names)
    tail = bytearray(content[end:])
    entries = int.from_bytes(tail[10:12], "little") + len(names)
    tail[8:10] = tail[10:12] = entries.to_bytes(2, "little")
    tail[12:16] = (len(directory) + len(copies)).to_bytes(4, "little")
    bomb = file.with_name("overlap.zip")
    bomb.write_bytes(content[:central] + directory + copies + bytes(tail))
    assert "times its size" in refusal(bomb, researcher, media)


def test_the_child_takes_an_archive_apart_as_this_process_does(
    study: Study, file: Path, researcher: Any, media: Path
) -> None:
    assert import_study(file, researcher, NOW).latest.number == 1
    changed = rewritten(file, as_another_song)
    before = Excerpt.objects.count()
    with pytest.raises(Refused, match="excerpt-002, bass: its content is not what"):
        import_study(changed, researcher, NOW)
    assert Excerpt.objects.count() == before
    assert not list((media / "excerpts").glob(".incoming*"))


def test_a_zip_bomb_is_stopped_at_the_limit(
    study: Study, file: Path, researcher: Any, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_STEM_BYTES", 2**20)
    bomb = rewritten(file, lambda t, p: replace_stem(t, p, bytes(50 * 2**20)))
    assert bomb.stat().st_size < 5 * 2**20
    assert "is larger than 1 MiB" in refusal(bomb, researcher, media)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"no zip at all"])
def test_what_is_no_zip_is_refused(
    study: Study, researcher: Any, media: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    assert "no readable ZIP of a study" in refusal(path, researcher, media)


def test_a_file_that_is_not_there_is_named(researcher: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.zip: no readable ZIP"):
        import_study(tmp_path / "nowhere.zip", researcher, NOW)


def test_an_export_that_cannot_be_written_is_told_and_leaves_nothing(
    study: Study, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        export_study(study, tmp_path / "no" / "folder.zip")
    assert list(tmp_path.glob("*.part")) == []
