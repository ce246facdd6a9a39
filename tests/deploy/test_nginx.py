"""deploy/nginx.conf before a real site: stored audio is to the byte and to the header what the site
itself would send, nobody gets past the views, and the log names nobody."""

import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from annotate.models import Excerpt
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import create_campaign, open_campaign
from tests.annotate.conftest import NOW, join
from tests.deploy.nginx import Nginx
from tests.deploy.production import HEADERS, HOST, Production, collect_static
from tests.studies.study_cast import block_data, open_study
from tests.studies.walking import Participant, trial_data

pytestmark = [pytest.mark.deploy, pytest.mark.django_db(transaction=True)]

# Different for every answer, or told by the server itself.
OWN = {"date", "server", "connection", "x-request-id", "server-timing"}

MARKS = {"etag", "last-modified", "accept-ranges", "content-disposition", "x-accel-redirect"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name not in OWN}


def ask(port: int, path: str, *, tls: bool = False, **headers: str) -> Answer:
    if tls:
        context = ssl._create_unverified_context()
        connection: HTTPConnection = HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
    else:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {"Host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(connection):
        connection.request("GET", path, headers=sent)
        found = connection.getresponse()
        named = [(name.lower(), value) for name, value in found.getheaders()]
        assert len(named) == len(dict(named)), named
        return Answer(found.status, dict(named), found.read())


@dataclass
class Served:
    nginx: Nginx
    plain: Production  # the same site, sending audio itself
    sounds: dict[str, str]  # what kind of sound: its address
    cookie: str  # of the researcher

    def by_nginx(self, path: str, **headers: str) -> Answer:
        return ask(self.nginx.https, path, tls=True, Cookie=self.cookie, **headers)

    def by_site(self, path: str, **headers: str) -> Answer:
        return ask(self.plain.port, path, Cookie=self.cookie, **(HEADERS | headers))


@pytest.fixture
def served(tmp_path: Path, researcher: Any, settings: Settings) -> Iterator[Served]:
    sounds = {**participants_sounds(), **annotators_sound(researcher)}
    client = Client()
    client.force_login(researcher)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    collect_static(tmp_path)
    behind = Production(tmp_path, X_ACCEL_PREFIX="/stored-media/")
    # A broker that is away keeps no web process from starting.
    plain = Production(tmp_path, CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    nginx = Nginx(tmp_path, Path(settings.MEDIA_ROOT), behind.port)
    try:
        behind.wait(), plain.wait(), nginx.start()
        yield Served(nginx, plain, sounds, cookie)
    finally:
        nginx.stop(), behind.stop(), plain.stop()


def participants_sounds() -> dict[str, str]:
    person = Participant()
    person.join(open_study(blocks=[block_data("multi-stimulus") | {"key": "part"}]))
    while person.step != "t":
        person.take(person.step)
    sounds = trial_data(person.seen[-1])["sounds"]
    return {f"participant {letter}": address for letter, address in sounds.items()}


def annotators_sound(researcher: Any) -> dict[str, str]:
    excerpt = Excerpt.objects.first()
    assert excerpt is not None
    campaign = create_campaign(owner=researcher, name="Heard", now=NOW, excerpts=[excerpt])
    open_campaign(campaign=campaign, now=NOW)
    invitation = join(campaign)[0]
    assignment = next_assignment(annotator=invitation.annotator, now=NOW)
    assert assignment is not None
    stem = "vocals"
    return {
        "annotator": reverse("stem-audio", args=[invitation.token, assignment.key, stem]),
        "researcher": reverse("excerpt-stem", args=[excerpt.key, stem]),
    }


def test_the_file_that_ships_is_one_that_nginx_takes(tmp_path: Path) -> None:
    checked = Nginx(tmp_path, tmp_path).check()
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_nginx_sends_what_the_site_would_and_nobody_gets_past_the_views(served: Served) -> None:
    assert len(served.sounds) >= 4
    for kind, address in served.sounds.items():
        here, there = served.by_nginx(address), served.by_site(address)
        assert there.status == 200, kind
        assert len(there.body) > 10_000, kind
        assert here == Answer(there.status, here.headers, there.body), kind
        assert here.told == there.told, kind
        assert "x-request-id" in here.headers
        assert not {"etag", "last-modified", "accept-ranges", "x-accel-redirect"} & set(
            here.headers
        )
    assert served.plain.is_healthy()
    _check_all_sounds_of_a_trial_look_alike(served)
    _check_no_date_or_part_can_be_asked_for(served)
    _check_nobody_gets_past_the_views(served)
    _check_the_log_names_nobody(served)


def _check_all_sounds_of_a_trial_look_alike(served: Served) -> None:
    heard = [served.by_nginx(a) for kind, a in served.sounds.items() if "participant" in kind]
    assert len({len(one.body) for one in heard}) == 1
    assert all(one.told == heard[0].told for one in heard)


def _check_no_date_or_part_can_be_asked_for(served: Served) -> None:
    address = served.sounds["participant A"]
    whole = served.by_nginx(address)
    far = {"past": "Mon, 01 Jan 1990 00:00:00 GMT", "future": "Fri, 01 Jan 2100 00:00:00 GMT"}
    for header in ("If_Modified_Since", "If_Unmodified_Since"):
        answers = [served.by_nginx(address, **{header: date}) for date in far.values()]
        assert len({(one.status, one.body) for one in answers}) == 1, header
    assert served.by_nginx(address, Range="bytes=0-99").body == whole.body
    assert served.by_nginx(address, If_None_Match='"x"').body == whole.body


def _check_nobody_gets_past_the_views(served: Served) -> None:
    stored = next(Path(served.nginx.media).rglob("*.flac"))
    inside = stored.relative_to(served.nginx.media)
    for path in (
        f"/stored-media/{inside}",
        f"//stored-media/{inside}",
        f"/stored-media/../stored-media/{inside}",
        "/stored-media/%2e%2e/site.key",
        "/stored-media../site.key",
        f"/{inside}",
    ):
        answered = served.by_nginx(path)
        assert answered.status in (400, 404), path
        assert b"fLaC" not in answered.body
        assert b"KEY" not in answered.body
    assert ask(served.nginx.https, served.sounds["researcher"], tls=True).status in (302, 404)
    assert served.by_nginx("/login/", Content_Length=str(5 * 2**20)).status == 413
    redirected = ask(served.nginx.http, "/healthz?x=1")
    assert redirected.status == 301
    assert redirected.headers["location"] == f"https://{HOST}/healthz?x=1"


def _check_the_log_names_nobody(served: Served) -> None:
    served.by_nginx("/s/join/thestudy/?PROLIFIC_PID=somebody")
    served.by_nginx("/e/averysecretlinkofanexpert/")
    text = served.nginx.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) > 10
    tokens = {a.split("/")[2] for kind, a in served.sounds.items() if kind != "researcher"}
    assert len(tokens) == 2
    for secret in (*tokens, "averysecretlink", "somebody", "127.0.0.1"):
        assert secret not in text
    assert any(line["path"].startswith("/s/[token]/t/") for line in lines)
    assert all(line["request_id"] for line in lines)
