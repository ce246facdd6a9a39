"""A name that comes from outside is never a way to another folder: titles, keys, names of files."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotate.models import Annotator, Campaign, Song
from annotate.services.consensus import freeze
from studies.models import Upload
from studies.services.uploads import receive
from tests.annotate.conftest import NOW, write_song
from tests.annotate.researcher_cast import annotate_all
from tests.fuzz.malformed import JUNK
from tests.rights.scene import Scene, build
from tests.studies.conftest import (  # noqa: F401
    _quick,
    heard_campaign,
    imported_song,
    make_campaign,
    make_excerpt,
    media,
    researcher,
    sent,
)

TITLES = ("../../evil", "/etc/evil", "..", "evil\x00", "..\\..\\evil", "a/../../evil", "evil\n")


def outside(root: Path, inside: Path) -> list[Path]:
    """What lies below `root` and not in `inside` under a name that was smuggled in."""
    return [path for path in root.rglob("*evil*") if inside not in path.parents]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.django_db
def test_a_songs_title_names_no_folder(tmp_path: Path, media: Path, title: str) -> None:  # noqa: F811
    folder = write_song(tmp_path / "in" / "A Song", seconds=1.5)
    (folder / "song.json").write_text(json.dumps({"title": title, "artist": title}))
    call_command("import_songs", str(folder), json=True)
    song = Song.objects.get()
    assert song.folder.resolve().is_relative_to(media.resolve())
    assert outside(tmp_path, media) == []


@pytest.mark.parametrize("title", TITLES)
def test_a_rendered_consensus_stays_in_its_folder(
    heard_campaign: Campaign,  # noqa: F811
    tmp_path: Path,
    title: str,
) -> None:
    annotate_all(heard_campaign, 3)
    freeze(heard_campaign, by=None, now=NOW)
    Song.objects.update(title=title.replace("\0", ""), artist=title.replace("\0", ""))
    out, target = tmp_path / "out.csv", tmp_path / "rendered"
    call_command("export_annotations", heard_campaign.key, out=out, render=target, json=True)
    written = list(tmp_path.rglob("mix.flac"))
    assert written
    assert all(path.resolve().is_relative_to(target.resolve()) for path in written)
    assert all(path.parent.parent == target for path in written)


@pytest.mark.parametrize("name", [*TITLES, "../drums.flac", "C:\\drums.flac", ".htaccess", "", "."])
@pytest.mark.django_db
def test_a_visitors_files_are_stored_under_our_names(
    media: Path,  # noqa: F811
    tmp_path: Path,
    name: str,
) -> None:
    folder = write_song(tmp_path / "mine", seconds=0.5)
    stems = ("vocals", "drums", "bass", "other")
    files = sent({stem: folder / f"{stem}.flac" for stem in stems})
    for file in files.values():
        file._name = name  # as a client that is no browser sends it
    upload = receive(files=files, visitor="somebody", now=NOW)
    stored = sorted(path.name for path in upload.received.iterdir())
    assert stored == [f"{stem}.flac" for stem in sorted(stems)]
    for kept in Upload.objects.get().file_names.values():
        assert not {"/", "\\", "\0", "\n"} & set(kept)
        assert kept.strip(". ")


@pytest.fixture
def scene(make_campaign: Any) -> Scene:  # noqa: F811
    return build(make_campaign(2, overlap=2, repeats=0))


def test_no_key_in_an_address_leads_to_another_file(scene: Scene, media: Path) -> None:  # noqa: F811
    (media / "secret.flac").write_bytes(b"fLaC secret")
    (media.parent / "secret.flac").write_bytes(b"fLaC secret")
    token = scene.tokens["annotator"]
    assert Annotator.objects.exists()
    study, campaign = scene.named["study"], scene.named["campaign"]
    person, guest = scene.tokens["participant"], scene.tokens["expert"]
    ways = (
        *("/excerpts/{}/drums.flac", "/excerpts/x/{}.flac", "/songs/{}/drums.flac"),
        *("/songs/x/{}.flac", "/advise/{}/drums.flac", f"/a/{token}/mix/{{}}/drums.flac"),
        *(f"/a/{token}/mix/x/{{}}.flac", f"/s/{person}/t/{{}}/1.flac", f"/e/{guest}/{{}}/a.flac"),
        *("/static/{}", "/studies/{}/spec.toml", f"/studies/{study}/spec.{{}}"),
        *(f"/studies/{study}/report/{{}}.zip", f"/campaigns/{campaign}/export.{{}}"),
        *("/models/{}/", "/api/v1/songs/{}/"),
    )
    names = [
        *("..%2fsecret", "..%2f..%2fsecret", "%2e%2e/secret", "....//secret", "..%5csecret"),
        *("%00", "secret", "..%252fsecret", "/etc/passwd", "%2fetc%2fpasswd", "..", "."),
        "secret.flac%00",
        *(junk.decode("latin-1") for junk in JUNK if len(junk) < 50),
    ]
    # Links carry their own right: it matters only whether somebody is signed in.
    for actor in ("owner", "stranger"):
        client = scene.clients[actor]
        client.raise_request_exception = False
        for way in ways:
            for name in names:
                answered = client.get(way.format(name.replace("\r", "").replace("\n", "")))
                body = (
                    b"".join(answered.streaming_content) if answered.streaming else answered.content
                )
                assert answered.status_code < 500, (way, name)
                assert b"fLaC secret" not in body, (way, name)
                assert b"root:" not in body, (way, name)


def test_a_download_is_named_by_us(scene: Scene) -> None:
    Campaign.objects.update(name='evil"; filename="x.exe\r\n')
    client: Client = scene.clients["owner"]
    answered = client.get(reverse("campaign-export", args=[scene.named["campaign"], "csv"]))
    expected = f'attachment; filename="{scene.named["campaign"]}.csv"'
    assert answered["Content-Disposition"] == expected
