"""Who gets what from every address of the site. A route without a row here fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotate.models import Annotator, Assignment, Campaign, Consensus, HeadphoneAttempt, Song
from annotate.services import people
from annotate.services.assigning import next_assignment
from tests.annotate.conftest import NOW, join

ACTORS = ("owner", "other", "annotator", "anonymous")


@dataclass
class Cast:
    """One campaign with everything that an address can name."""

    owner: Any
    other: Any
    song: Song
    campaign: Campaign
    annotator: Annotator
    token: str
    assignment: Assignment
    attempt: HeadphoneAttempt
    consensus: Consensus
    job: str

    def client(self, actor: str) -> Client:
        client = Client()
        if actor in ("owner", "other"):
            client.force_login(getattr(self, actor))
        if actor == "annotator":
            client.get(reverse("queue", args=[self.token]))
            client.defaults["HTTP_AUTHORIZATION"] = f"Token {self.token}"
        return client


@dataclass(frozen=True)
class Row:
    """What each of ACTORS is answered."""

    codes: tuple[int, int, int, int]
    args: Callable[[Cast, str], list[Any]] = field(default=lambda cast, actor: [])
    method: str = "get"
    data: dict[str, Any] = field(default_factory=dict)


def of_campaign(codes: tuple[int, ...], *names: str, **more: Any) -> Row:
    """Addresses under a campaign: the owner's, and 404 for everybody else."""

    def args(cast: Cast, actor: str) -> list[Any]:
        values = {
            "item": cast.assignment.item.key,
            "assignment": cast.assignment.key,
            "annotator": cast.annotator.key,
            "csv": "csv",
        }
        return [cast.campaign.key, *(values[name] for name in names)]

    return Row((*codes, 404, 404, 404), args, **more)  # type: ignore[arg-type]


def of_token(code: int, *names: str, **more: Any) -> Row:
    """Addresses under an invite token: only who holds it gets in, whoever is signed in."""

    def args(cast: Cast, actor: str) -> list[Any]:
        values = {"attempt": cast.attempt.key, "assignment": cast.assignment.key}
        token = cast.token if actor == "annotator" else "a-forged-token"
        return [token, *(values.get(name, name) for name in names)]

    return Row((404, 404, code, 404), args, **more)


def of_song(code: int, *names: str, **more: Any) -> Row:
    """Songs are every researcher's."""
    return Row((code, code, 404, 404), lambda cast, actor: [cast.song.key, *names], **more)


def api(codes: tuple[int, int, int, int], name: str = "", **more: Any) -> Row:
    keys: dict[str, Callable[[Cast], str]] = {
        "song": lambda cast: cast.song.key,
        "excerpt": lambda cast: cast.assignment.item.excerpt.key,
        "campaign": lambda cast: cast.campaign.key,
        "consensus": lambda cast: cast.consensus.key,
    }
    return Row(codes, lambda cast, actor: [keys[name](cast)] if name else [], **more)


EVERYBODY = (200, 200, 200, 200)
RESEARCHERS = (200, 200, 404, 404)
NOBODY = (404, 404, 404, 404)
API = (200, 200, 401, 401)
API_OWNER = (200, 404, 401, 401)
POST: dict[str, Any] = {"method": "post"}

ROWS: dict[str, Row] = {
    "home": Row(EVERYBODY),
    "login": Row(EVERYBODY),
    "healthz": Row(EVERYBODY),
    "readyz": Row(EVERYBODY),
    "job": Row((200, 404, 404, 404), lambda cast, actor: [cast.job]),
    "queue": of_token(302),
    "welcome": of_token(302),
    "headphones": of_token(200),
    "headphones-start": of_token(302, **POST),
    "headphones-sound": of_token(404, "attempt", "99"),
    "headphones-answers": of_token(400, "attempt", **POST),
    "next": of_token(302, **POST),
    "mixer": of_token(302, "assignment"),
    "save": of_token(400, "assignment", **POST),
    "stem-audio": of_token(404, "assignment", "mixture"),
    "songs": Row(RESEARCHERS),
    "song": of_song(200),
    "excerpt-cut": of_song(400, **POST),
    "song-stem": of_song(404, "mixture"),
    "excerpt-stem": Row(
        (404, 404, 404, 404), lambda cast, actor: [cast.assignment.item.excerpt.key, "mixture"]
    ),
    "campaigns": Row(RESEARCHERS),
    "campaign-new": Row(RESEARCHERS),
    "campaign": of_campaign((200,)),
    "campaign-export": of_campaign((200,), "csv"),
    "people": of_campaign((200,)),
    "invite": of_campaign((200,), **POST, data={"count": 1}),
    "replay": of_campaign((200,), "assignment"),
    "consensus": of_campaign((200,)),
    "consensus-rules": of_campaign((400,), **POST),
    "consensus-freeze": of_campaign((302,), **POST),
    "consensus-item": of_campaign((200,), "item"),
    "consensus-decide": of_campaign((400,), "item", **POST),
    "campaign-open": of_campaign((302,), **POST),
    "campaign-close": of_campaign((302,), **POST),
    "revoke": of_campaign((302,), "annotator", **POST),
    "advise": Row(EVERYBODY),
    # Uploads belong to the browser that brought them; none of these did.
    "advise-upload": Row(NOBODY, lambda cast, actor: ["an-upload"]),
    "advise-upload-stem": Row(NOBODY, lambda cast, actor: ["an-upload", "drums"]),
    "advise-upload-balance": Row(NOBODY, lambda cast, actor: ["an-upload", "json"]),
    "advise-delete": Row(NOBODY, lambda cast, actor: ["an-upload"], **POST),
    "advise-excerpt": Row(RESEARCHERS, lambda cast, actor: [cast.assignment.item.excerpt.key]),
    "advise-excerpt-balance": Row(
        NOBODY, lambda cast, actor: [cast.assignment.item.excerpt.key, "exe"]
    ),
    "models": Row(EVERYBODY),
    "model": Row(EVERYBODY, lambda cast, actor: ["differential"]),
    "experts": Row(RESEARCHERS),
    "expert-revoke": Row(NOBODY, lambda cast, actor: ["an-expert"], **POST),
    "expert": Row(NOBODY, lambda cast, actor: [cast.token]),
    "expert-task": Row(NOBODY, lambda cast, actor: [cast.token, "a-task"]),
    "expert-stem": Row(NOBODY, lambda cast, actor: [cast.token, "a-task", "drums"]),
    "api-schema": Row((200, 200, 401, 401)),
    "api-token": Row((400, 400, 401, 400), **POST),
    "api-root": api(API),
    "api-song-list": api(API),
    "api-song-detail": api(API, "song"),
    "api-excerpt-list": api(API),
    "api-excerpt-detail": api(API, "excerpt"),
    "api-campaign-list": api(API),
    "api-campaign-detail": api(API_OWNER, "campaign"),
    "api-campaign-open-": api(API_OWNER, "campaign", **POST),
    "api-campaign-close": api(API_OWNER, "campaign", **POST),
    "api-annotation-list": api(API),
    "api-consensus-list": api(API),
    "api-consensus-detail": api(API_OWNER, "consensus"),
    # Last: it ends the session.
    "logout": Row((302, 302, 302, 302), **POST),
}


def named_routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_routes(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def test_every_route_has_a_row() -> None:
    assert set(named_routes(get_resolver().url_patterns)) == set(ROWS)


@pytest.fixture
def cast(researcher: Any, stranger: Any, campaign: Campaign) -> Cast:
    invitation = join(campaign)[0]
    annotator = invitation.annotator
    assignment = next_assignment(annotator=annotator, now=NOW)
    assert assignment is not None
    Annotator.objects.filter(pk=annotator.pk).update(headphone_passed=None)
    jobs: Any = apps.get_model("config", "Job")
    return Cast(
        owner=researcher,
        other=stranger,
        song=assignment.item.excerpt.song,
        campaign=campaign,
        annotator=annotator,
        token=invitation.token,
        assignment=assignment,
        attempt=people.start_headphones(annotator=annotator, now=NOW),
        consensus=Consensus.objects.create(
            campaign=campaign,
            version=1,
            rules={},
            seed=1,
            annotation_count=0,
            agreement={},
            software={},
            content_hash="0" * 64,
            frozen_at=NOW,
        ),
        job=jobs.objects.enqueue("compute_consensus", {}, owner_id=researcher.pk).key,
    )


@pytest.mark.parametrize("actor", ACTORS)
def test_everybody_gets_what_is_theirs_and_no_more(cast: Cast, actor: str) -> None:
    client = cast.client(actor)
    got, expected = {}, {}
    for name, row in ROWS.items():
        address = reverse(name, args=row.args(cast, actor))
        answer = getattr(client, row.method)(address, row.data)
        got[name] = answer.status_code
        expected[name] = row.codes[ACTORS.index(actor)]
    assert got == expected


def test_a_stranger_meets_the_page_that_lets_one_sign_in(cast: Cast) -> None:
    client, sign_in = Client(), reverse("login")
    for name, row in ROWS.items():
        if row.codes[3] == 404 and name != "save":
            address = reverse(name, args=row.args(cast, "anonymous"))
            answer = getattr(client, row.method)(address, row.data)
            assert sign_in in answer.content.decode(), name


def test_the_lists_hold_nothing_of_another_researcher(cast: Cast) -> None:
    client = cast.client("other")
    for name in ("campaigns", "api-campaign-list", "api-annotation-list", "api-consensus-list"):
        page = client.get(reverse(name)).content.decode()
        assert cast.campaign.key not in page
        assert cast.campaign.name not in page


def test_a_revoked_or_expired_link_opens_nothing(cast: Cast) -> None:
    people.revoke(annotator=cast.annotator, now=NOW)
    client = Client()
    for name, row in ROWS.items():
        if row.codes[2] != 404 and row.codes[3] == 404 and name != "job":
            address = reverse(name, args=row.args(cast, "annotator"))
            assert getattr(client, row.method)(address).status_code == 404, name


def test_a_get_of_any_researchers_page_writes_nothing(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = cast.client("owner")
    for name, row in ROWS.items():
        if row.method == "get" and row.codes[0] == 200 and not name.startswith("api"):
            with django_assert_max_num_queries(60) as captured:
                client.get(reverse(name, args=row.args(cast, "owner")))
            written = [
                query["sql"]
                for query in captured.captured_queries
                if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
            ]
            assert not written, name
