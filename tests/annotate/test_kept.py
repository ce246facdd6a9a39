"""What takes long to count is kept for a while and says of when it is; what does not is always
counted anew."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate import kept as module
from annotate.kept import KEPT_FOR, OLDEST_S, Shelf
from annotate.models import Campaign


class Desk:
    """A clock that stands still, and something to count that takes a given time."""

    def __init__(self) -> None:
        self.now_s, self.takes_s, self.n = 0.0, 1.0, 0
        self.done = threading.Event()
        self.shelf = Shelf(lambda: self.now_s)

    def count(self) -> int:
        self.n += 1
        self.now_s += self.takes_s
        self.done.set()
        return self.n

    def ask(self) -> tuple[int, bool]:
        found = self.shelf.get("figures", self.count)
        return found.value, found.counted_at is not None


@pytest.fixture
def desk(settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> Desk:
    settings.KEEP_WHAT_TAKES_S = 0.25
    return Desk()


def test_what_is_counted_quickly_is_counted_for_each_answer(desk: Desk) -> None:
    desk.takes_s = 0.2
    assert [desk.ask(), desk.ask()] == [(1, False), (2, False)]


def test_what_takes_long_is_used_again_and_says_so(desk: Desk) -> None:
    assert desk.ask() == (1, False)
    desk.now_s += KEPT_FOR * desk.takes_s - 0.1
    assert [desk.ask(), desk.ask()] == [(1, True), (1, True)]


def test_nobody_waits_for_what_is_counted_anew(desk: Desk) -> None:
    desk.ask()
    desk.now_s += KEPT_FOR * desk.takes_s + 1
    desk.done.clear()
    assert desk.ask() == (1, True)
    assert desk.done.wait(5)
    for thread in threading.enumerate():
        if thread.daemon and thread is not threading.current_thread():
            thread.join(5)
    assert desk.ask() == (2, True)


def test_what_nobody_looked_at_for_minutes_is_waited_for(desk: Desk) -> None:
    desk.ask()
    desk.now_s += OLDEST_S + KEPT_FOR * desk.takes_s + 1
    assert desk.ask() == (2, False)


def test_what_cannot_be_counted_anew_is_tried_again(desk: Desk) -> None:
    desk.ask()
    desk.now_s += KEPT_FOR * desk.takes_s + 1
    failed = threading.Event()

    def fail() -> int:
        failed.set()
        raise RuntimeError("the database is away")

    assert desk.shelf.get("figures", fail).value == 1
    assert failed.wait(5)
    for thread in threading.enumerate():
        if thread.daemon and thread is not threading.current_thread():
            thread.join(5)
    assert desk.ask() == (2, False)


def test_a_page_with_kept_figures_says_of_when_they_are(
    client: Client,
    researcher: Any,
    make_campaign: Callable[..., Campaign],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotate.views.campaigns.kept", Shelf().get)
    settings.KEEP_WHAT_TAKES_S = 0.0
    campaign = make_campaign(2)
    client.force_login(researcher)
    pages = [client.get(reverse("campaign", args=[campaign.key])).content.decode() for _ in "ab"]
    assert ["counted just now" in page for page in pages] == [False, True]
    assert module.MOST_KEPT > 0
