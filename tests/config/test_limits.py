"""Guessing is slowed down: sign-ins, links, joining, uploads; who has a link is not kept out."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from annotate.services.people import Invitation
from config import caches, limited, limits, signing_in
from config.limits import Limit, client_address
from config.rates import Rate, parse_rate
from tests.annotate.conftest import (  # noqa: F401
    campaign,
    invitation,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)

GUESS = {"username": "researcher", "password": "a guess"}
RIGHT = {"username": "researcher", "password": "a long pass phrase"}
PAGE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Few tries, and a clock that stands until a test moves it: `clock[0] += 60`."""
    settings.RATE_LIMITS = {
        "login": Rate(3, 900),
        "login-account": Rate(5, 900),
        "login-address": Rate(8, 900),
        "link": Rate(4, 600),
        "join": Rate(2, 3600),
        "upload": Rate(2, 3600),
    }
    now = [1_000_000_000.0 // 3600 * 3600]
    for module in (limited, signing_in):
        monkeypatch.setattr(module, "clock", lambda: now[0])
    cache.clear()
    yield now
    cache.clear()


def sign_in(said: dict[str, str], address: str = "192.0.2.1") -> Any:
    return Client().post(reverse("login"), said, REMOTE_ADDR=address, headers=PAGE)


def ask_token(said: dict[str, str]) -> Any:
    return Client().post(reverse("api-token"), said, "application/json", REMOTE_ADDR="192.0.2.1")


@pytest.mark.usefixtures("researcher")
@pytest.mark.parametrize("name", ["researcher", "nobody of that name"])
def test_an_account_that_there_is_not_answers_like_one_that_there_is(
    name: str, clock: list[float]
) -> None:
    answers = [sign_in(GUESS | {"username": name}) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert "Please enter a correct username and password" in answers[0].text
    assert answers[3]["Retry-After"] == "900"
    assert "Wait 15 minutes" in answers[3].text
    clock[0] += 899
    assert sign_in(GUESS | {"username": name})["Retry-After"] == "1"
    clock[0] += 1
    assert sign_in(GUESS | {"username": name}).status_code == 200


@pytest.mark.usefixtures("researcher")
def test_the_right_pass_phrase_waits_too_and_then_opens(clock: list[float]) -> None:
    for _ in range(3):
        sign_in(GUESS)
    assert sign_in(RIGHT).status_code == 429
    assert sign_in(RIGHT, "192.0.2.2").status_code == 302
    clock[0] += 900
    assert sign_in(RIGHT).status_code == 302


@pytest.mark.usefixtures("researcher")
def test_success_counts_for_nothing() -> None:
    assert [sign_in(RIGHT).status_code for _ in range(12)] == [302] * 12


@pytest.mark.usefixtures("researcher")
def test_guessing_from_many_addresses_is_counted_by_the_account() -> None:
    codes = [sign_in(GUESS, f"192.0.2.{n}").status_code for n in range(6)]
    assert codes == [200] * 5 + [429]


@pytest.mark.usefixtures("researcher")
def test_guessing_at_many_accounts_is_counted_by_the_address() -> None:
    codes = [sign_in(GUESS | {"username": f"name{n}"}).status_code for n in range(9)]
    assert codes == [200] * 8 + [429]


@pytest.mark.usefixtures("researcher")
def test_page_and_rest_count_together() -> None:
    codes = [sign_in(GUESS).status_code, ask_token(GUESS).status_code, sign_in(GUESS).status_code]
    refused = ask_token(GUESS)
    assert [*codes, refused.status_code] == [200, 400, 200, 429]
    assert refused["Retry-After"] == "900"


def test_links_that_there_are_not_are_guessed_a_few_times_only(
    db: None, clock: list[float]
) -> None:
    client = Client()
    codes = [client.get(f"/{kind}/{'x' * 40}{n}/").status_code for n, kind in enumerate("asease")]
    assert codes == [404] * 4 + [429] * 2
    saved = client.post(f"/s/{'x' * 43}/t/abc/save/", "{}", content_type="application/json")
    assert saved.status_code == 429
    assert "Too many tries" in saved.json()["error"]
    clock[0] += 600
    assert client.get(f"/a/{'y' * 43}/").status_code == 404


def test_who_was_let_in_goes_on_while_somebody_beside_them_guesses(invitation: Invitation) -> None:  # noqa: F811
    class_room, own = Client(), reverse("queue", args=[invitation.token])
    assert class_room.get(own).status_code == 200
    for n in range(6):
        last = class_room.get(f"/a/{'x' * 40}{n}/")
    assert last.status_code == 429
    assert class_room.get(own).status_code == 200


def test_a_wrong_address_under_a_known_link_is_no_guess(invitation: Invitation) -> None:  # noqa: F811
    client = Client()
    client.get(reverse("queue", args=[invitation.token]))
    for _ in range(9):
        answered = client.get(reverse("mixer", args=[invitation.token, "nothing"]))
    assert answered.status_code == 404


def test_a_link_let_in_costs_no_look_into_the_cache(
    invitation: Invitation,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, own = Client(), reverse("queue", args=[invitation.token])
    client.get(own)
    monkeypatch.setattr(limits, "_asked", None)
    assert client.get(own).status_code == 200


def test_uploads_are_counted_before_they_are_read(db: None) -> None:
    codes = [Client().post(reverse("advise"), headers=PAGE).status_code for _ in range(3)]
    assert codes == [400, 400, 429]
    assert Client().get(reverse("advise")).status_code == 200


def test_places_in_studies_are_counted_whatever_the_study(db: None) -> None:
    codes = [Client().post(reverse("part-join", args=[f"study{n}"])).status_code for n in range(3)]
    assert codes == [404, 404, 429]


def test_addresses_and_names_do_not_stand_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    monkeypatch.setattr(cache, "add", lambda key, *rest, **more: bool(keys.append(key)) or True)
    Limit("login", "ada\x00192.0.2.77").count(0.0)
    assert keys
    assert "ada" not in keys[0]
    assert "192.0.2" not in keys[0]


def test_without_its_cache_the_site_lets_people_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any, **more: Any) -> int:
        raise ConnectionError

    for name in ("get", "add", "incr"):
        monkeypatch.setattr(cache, name, fail)
    limit = Limit("link", "192.0.2.1")
    limit.count(0.0)
    assert limit.wait_s(0.0) == 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "nonsense", "unknown"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_only_what_our_own_proxies_wrote_tells_the_address(
    settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded}
    )
    assert client_address(request) == address


def test_rates_are_read_or_refused_by_name() -> None:
    assert parse_rate("10/15min") == Rate(10, 900)
    assert parse_rate("1000/h") == Rate(1000, 3600)
    for wrong in ("", "10", "0/h", "10/0h", "10/year", "-1/h", "10/h "):
        with pytest.raises(ImproperlyConfigured, match="is no rate"):
            parse_rate(wrong)


def test_the_cache_is_redis_or_each_process_itself() -> None:
    assert "locmem" in caches.parse("")["BACKEND"]
    assert "redis" in caches.parse("redis://127.0.0.1:6379/3")["BACKEND"]
    with pytest.raises(ImproperlyConfigured, match="CACHE_URL"):
        caches.parse("memcached://x")


def test_a_full_book_of_links_begins_anew() -> None:
    book = limited.KnownLinks(most=2)
    for token in ("one", "two", "three"):
        book.add(token)
    assert ("one" in book, "three" in book) == (False, True)
