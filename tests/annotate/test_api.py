"""REST for researchers: who may read what, how much at once, and what bad input gets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from annotate.models import Annotation, Campaign, Consensus, Excerpt, Song
from annotate.services.consensus import freeze
from annotate.services.saving import save
from annotate.views import api
from config.settings import base
from tests.annotate.conftest import NOW, answer, batch, join, stored
from tests.annotate.researcher_cast import annotate_all

LISTS = ("song", "excerpt", "campaign", "annotation", "consensus")


@pytest.fixture
def annotated(make_campaign: Callable[..., Campaign]) -> Campaign:
    campaign = make_campaign(2, overlap=3, repeats=0)
    annotate_all(campaign, 3)
    freeze(campaign, by=None, now=NOW)
    return campaign


def client_of(user: Any) -> Client:
    token = Token.objects.get_or_create(user=user)[0].key
    return Client(headers={"Authorization": f"Token {token}"})


@pytest.fixture
def owner(researcher: Any) -> Client:
    return client_of(researcher)


@pytest.fixture
def other(stranger: Any) -> Client:
    return client_of(stranger)


def rows(client: Client, name: str, **query: Any) -> list[dict[str, Any]]:
    answered = client.get(reverse(f"api-{name}-list"), query)
    assert answered.status_code == 200, answered.content
    return answered.json()["results"]


def post(client: Client, name: str, data: object, *args: str) -> Any:
    return client.post(reverse(name, args=args), data, content_type="application/json")


def addresses(campaign: Campaign) -> list[str]:
    excerpt = campaign.items.first().excerpt
    details = {
        "song": excerpt.song.key,
        "excerpt": excerpt.key,
        "campaign": campaign.key,
        "consensus": campaign.consensuses.get().key,
    }
    return [
        reverse("api-root"),
        *(reverse(f"api-{name}-list") for name in LISTS),
        *(reverse(f"api-{name}-detail", args=[key]) for name, key in details.items()),
    ]


def test_nobody_gets_in_without_a_token(annotated: Campaign) -> None:
    for address in addresses(annotated):
        assert Client().get(address).status_code == 401, address


def test_an_annotators_link_is_no_token(annotated: Campaign) -> None:
    link = join(annotated)[0].token
    for scheme in ("Token", "Bearer", "Basic"):
        client = Client(headers={"Authorization": f"{scheme} {link}"})
        client.get(reverse("queue", args=[link]))
        for address in addresses(annotated):
            assert client.get(address).status_code == 401, (scheme, address)


def test_a_token_of_an_account_that_was_closed_opens_nothing(
    annotated: Campaign, owner: Client, researcher: Any
) -> None:
    researcher.is_active = False
    researcher.save()
    for address in addresses(annotated):
        assert owner.get(address).status_code == 401


def test_the_owner_reads_everything(annotated: Campaign, owner: Client) -> None:
    for address in addresses(annotated):
        assert owner.get(address).status_code == 200, address
    assert {name: len(rows(owner, name)) for name in LISTS} == {
        "song": 2,
        "excerpt": 2,
        "campaign": 1,
        "annotation": 6,
        "consensus": 1,
    }


def test_another_researcher_sees_songs_and_nothing_of_the_campaign(
    annotated: Campaign, other: Client
) -> None:
    assert {name: len(rows(other, name)) for name in LISTS} == {
        "song": 2,
        "excerpt": 2,
        "campaign": 0,
        "annotation": 0,
        "consensus": 0,
    }
    assert rows(other, "annotation", campaign=annotated.key) == []
    for action in ("open-", "close"):
        assert post(other, f"api-campaign-{action}", {}, annotated.key).status_code == 404
    key = annotated.consensuses.get().key
    assert other.get(reverse("api-consensus-detail", args=[key])).status_code == 404
    annotated.refresh_from_db()
    assert annotated.state == "open"


def test_a_session_without_the_csrf_token_changes_nothing(
    annotated: Campaign, researcher: Any
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(researcher)
    assert post(client, "api-campaign-close", {}, annotated.key).status_code == 403
    annotated.refresh_from_db()
    assert annotated.state == "open"


def test_letters_stand_for_people_and_no_link_is_told(annotated: Campaign, owner: Client) -> None:
    found = rows(owner, "annotation", campaign=annotated.key)
    assert {row["annotator"] for row in found} == {"A", "B", "C"}
    person = annotated.annotators.first()
    text = owner.get(reverse("api-annotation-list")).content.decode()
    assert person.token_hash not in text


def test_annotations_are_the_last_revisions_unless_all_are_wanted(
    annotated: Campaign, owner: Client
) -> None:
    assignment = Annotation.objects.first().assignment
    amended = batch(9, submit=answer("amended-key"))
    save(assignment=stored(assignment), payload=amended, now=NOW)
    assert len(rows(owner, "annotation")) == 6
    assert len(rows(owner, "annotation", revisions="all")) == 7


def test_lists_come_in_pages(owner: Client, make_excerpt: Callable[..., Excerpt]) -> None:
    for number in range(1, 53):
        make_excerpt(number)
    address = reverse("api-song-list")
    first = owner.get(address).json()
    assert (first["count"], len(first["results"])) == (52, 50)
    last = owner.get(first["next"]).json()
    keys = {row["key"] for row in first["results"] + last["results"]}
    assert len(keys) == 52
    for page in ("0", "99", "-1", "x", "\x00", "9" * 400):
        assert owner.get(address, {"page": page}).status_code == 404, page


def test_songs_are_found_by_words_and_filters(
    owner: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1, genre="Rock", artist="The Band")
    make_excerpt(2, genre="pop")
    assert [row["genre"] for row in rows(owner, "song", genre="ROCK")] == ["Rock"]
    assert [row["artist"] for row in rows(owner, "song", search="band song")] == ["The Band"]
    assert rows(owner, "song", genre="polka") == []
    song = Song.objects.get(genre="pop")
    assert len(rows(owner, "excerpt", song=song.key)) == 1
    for odd in ("\x00", "%00", "\ud83d", "'; DROP TABLE", "%", "x" * 5000):
        assert rows(owner, "song", search=odd.encode("utf-8", "replace")) == [] or odd == "\x00"
        assert rows(owner, "annotation", campaign=odd.encode("utf-8", "replace")) == []


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_as_many_queries_for_thirty_rows_as_for_three(
    name: str,
    owner: Client,
    make_campaign: Callable[..., Campaign],
    django_assert_max_num_queries: Any,
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(20) as captured:
            assert rows(owner, name)
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            campaign = make_campaign(3, overlap=1, repeats=0)
            if name in ("annotation", "consensus"):
                annotate_all(campaign, 1)
            if name == "consensus":
                frozen = {"rules": {}, "agreement": {}, "software": {}, "seed": 1}
                consensus = Consensus.objects.create(
                    campaign=campaign, version=1, annotation_count=0, frozen_at=NOW, **frozen
                )
                for item in campaign.items.all():
                    consensus.excerpts.create(item=item, status="too few", n=1)

    add(1)
    few = queries()
    add(3)
    assert queries() == few


def test_a_campaign_is_made_opened_and_closed(
    owner: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    make_excerpt(1, genre="pop")
    make_excerpt(2, genre="rock")
    asked = {"name": " By REST ", "overlap": 3, "song_filter": {"genre": "pop"}}
    made = post(owner, "api-campaign-list", asked)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["name"], told["state"], len(told["excerpts"])) == ("By REST", "draft", 1)
    opened = post(owner, "api-campaign-open-", {}, told["key"]).json()
    assert opened["state"] == "open"
    assert post(owner, "api-campaign-close", {}, told["key"]).json()["state"] == "closed"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("no json", "detail"),
        ("[" * 50_000, "detail"),
        ([], "non_field_errors"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"name": "n", "overlap": 0}, "overlap"),
        ({"name": "n", "overlap": "many"}, "overlap"),
        ({"name": "n", "overlap": 10**30}, "overlap"),
        ({"name": "n", "repeats": 21}, "repeats"),
        ({"name": "n", "seed": -1}, "seed"),
        ({"name": "n", "seed": 2**64}, "seed"),
        ({"name": "n", "lease_minutes": 0}, "lease_minutes"),
        ({"name": "n", "minimum_listening_s": 601}, "minimum_listening_s"),
        ({"name": "n", "headphone_check": "none at all"}, "headphone_check"),
        ({"name": "n", "instructions": "\ud800"}, "instructions"),
        ({"name": "n", "song_filter": {"genr": "pop"}}, "song_filter"),
        ({"name": "n", "song_filter": ["pop"]}, "song_filter"),
        ({"name": "n", "song_filter": {"genre": "polka"}}, "detail"),
        ({"name": "Taken"}, "name"),
    ],
)
def test_bad_input_is_400_with_the_field_and_makes_nothing(
    owner: Client, make_campaign: Callable[..., Campaign], data: object, field: str
) -> None:
    make_campaign(1, name="Taken")
    answered = post(owner, "api-campaign-list", data)
    assert answered.status_code == 400, answered.content
    assert field in answered.json()
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("name", ["song", "excerpt", "campaign", "consensus"])
@pytest.mark.parametrize("key", ["nothing", "-", "x" * 33, "x" * 500])
def test_an_unknown_key_is_404(owner: Client, name: str, key: str) -> None:
    root = reverse(f"api-{name}-list")
    assert owner.get(f"{root}{key}/").status_code == 404
    assert owner.get(f"{root}%00/").status_code == 404


def test_a_song_can_be_described_but_not_remeasured(
    owner: Client, make_excerpt: Callable[..., Excerpt]
) -> None:
    song = make_excerpt(1).song
    address = reverse("api-song-detail", args=[song.key])
    sent = {"title": "Better", "duration_s": 1.0, "fingerprint": "0", "key": "mine"}
    assert owner.patch(address, sent, content_type="application/json").status_code == 200
    song.refresh_from_db()
    assert (song.title, song.duration_s) == ("Better", 60.0)
    for wrong in ({"title": ""}, {"split": "x" * 21}, {"genre": "\x00"}):
        refused = owner.patch(address, wrong, content_type="application/json")
        assert refused.status_code == 400, wrong
    assert owner.delete(address).status_code == 405


@pytest.mark.parametrize("name", LISTS)
def test_what_is_not_offered_is_405(annotated: Campaign, owner: Client, name: str) -> None:
    methods = ["put", "patch", "delete"] + ([] if name == "campaign" else ["post"])
    for method in methods:
        address = reverse(f"api-{name}-list")
        assert getattr(owner, method)(address).status_code == 405, (method, name)


@pytest.fixture
def throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's throttles at a rate that a test can reach; the tests' settings turn them off."""
    cache.clear()
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": "2/min", "user": "3/min"})
    classes = [AnonRateThrottle, UserRateThrottle]
    named = [f"{c.__module__}.{c.__name__}" for c in classes]
    assert base.REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] == named
    monkeypatch.setattr(api.SongViewSet, "throttle_classes", classes)


@pytest.mark.usefixtures("throttled")
def test_a_researcher_who_asks_too_often_is_told_to_wait(owner: Client) -> None:
    codes = [owner.get(reverse("api-song-list")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


@pytest.mark.usefixtures("throttled")
def test_passwords_cannot_be_guessed_at_speed(researcher: Any) -> None:
    guess = {"username": "researcher", "password": "guess"}
    codes = [post(Client(), "api-token", guess).status_code for _ in range(3)]
    assert codes == [400, 400, 429]


def test_name_and_password_give_a_token(researcher: Any) -> None:
    cache.clear()
    said = {"username": "researcher", "password": "a long pass phrase"}
    token = post(Client(), "api-token", said).json()["token"]
    client = Client(headers={"Authorization": f"Token {token}"})
    assert client.get(reverse("api-root")).status_code == 200


def test_the_schema_is_valid_and_says_everything(tmp_path: Any) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", file=str(file), validate=True, fail_on_warn=True)
    text = file.read_text()
    for name in LISTS:
        assert reverse(f"api-{name}-list") in text
