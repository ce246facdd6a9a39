"""The pages of a study that runs: what they show, to whom, at what cost, and never by system."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studies import running_urls
from studies.models import StudyMember, StudyVersion
from studies.services import cells, reviewing
from tests.studies.answered_study import SYSTEMS, AnsweredStudy

PAGES = (
    "study-dashboard",
    "study-people",
    "study-exclusions",
    "study-unblind",
    "study-exports",
    "study-audit",
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cells._wanted.cache_clear()


@pytest.fixture
def answered(researcher: Any, make_excerpt: Callable[..., Any]) -> AnsweredStudy:
    study = AnsweredStudy(researcher, make_excerpt)
    at = timezone.now() - timedelta(minutes=25)
    study.person(at=at)
    study.person(choose="B", attention="A", at=at)
    study.person(answers=2, state="active", at=timezone.now() - timedelta(minutes=21))
    study.person(run="pilot", at=at)
    study.person(kind="simulated", about={"manner": "careless"}, at=at)
    return study


@pytest.fixture
def client_of(answered: AnsweredStudy, researcher: Any, stranger: Any) -> Callable[[str], Client]:
    """A client of the owner, of a colleague by their right, or of a stranger."""

    def make(who: str) -> Client:
        client = Client()
        if who == "owner":
            client.force_login(researcher)
        elif who == "stranger":
            client.force_login(stranger)
        elif who != "nobody":
            user = get_user_model().objects.create_user(who)
            StudyMember.objects.create(study=answered.study, user=user, may=who)
            client.force_login(user)
        return client

    return make


@pytest.fixture
def owner(client_of: Callable[[str], Client]) -> Client:
    return client_of("owner")


def address(study: AnsweredStudy, name: str, *more: str) -> str:
    return reverse(name, args=[study.study.key, *more])


def words(response: Any) -> str:
    """The page's text with single spaces."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("owner", 200),
        ("view", 200),
        ("run", 200),
        ("unblind", 200),
        ("stranger", 404),
        ("nobody", 404),
    ],
)
@pytest.mark.parametrize("page", [*PAGES, "study-person"])
def test_pages_are_for_colleagues_and_strangers_meet_404(
    answered: AnsweredStudy, client_of: Callable[[str], Client], page: str, who: str, code: int
) -> None:
    more = [answered.version.raters.first().key] if page == "study-person" else []
    assert client_of(who).get(address(answered, page, *more)).status_code == code


POSTS: dict[str, tuple[str, dict[str, str], dict[str, int]]] = {
    "resume": ("study-resume", {}, {"view": 403, "run": 302, "unblind": 302, "owner": 302}),
    "review": (
        "study-review", {"verdict": "accepted"},
        {"view": 403, "run": 302, "unblind": 302, "owner": 302},
    ),
    "pause": ("study-pause", {}, {"view": 403, "run": 302, "unblind": 302, "owner": 302}),
    "close": ("study-close", {}, {"view": 403, "run": 302, "unblind": 302, "owner": 302}),
    "accept": ("study-accept", {}, {"view": 403, "run": 302, "unblind": 302, "owner": 302}),
    "export": (
        "study-exports", {"what": "json"},
        {"view": 403, "run": 200, "unblind": 200, "owner": 200},
    ),
    "by name": (
        "study-exports", {"what": "json", "unblinded": "yes"},
        {"view": 403, "run": 403, "unblind": 403, "owner": 403},
    ),
    "unblind": (
        "study-unblind", {"reason": "the analysis begins today"},
        {"view": 403, "run": 403, "unblind": 200, "owner": 200},
    ),
    "record": (
        "study-exclusions", {"do": "record", "title": "Strict", "complete": "on"},
        {"view": 403, "run": 302, "unblind": 302, "owner": 302},
    ),
}  # fmt: skip


def test_every_address_of_a_running_study_is_among_those_tested_here() -> None:
    tested = {*PAGES, "study-person", *(name for name, *_ in POSTS.values())}
    # Reports, judges and large exports have tests of their own.
    routes = {str(route.name) for route in running_urls.urlpatterns}
    elsewhere = ("study-report", "study-judge", "study-export-take")
    assert {name for name in routes if not name.startswith(elsewhere)} == tested


@pytest.mark.parametrize("who", ["owner", "view", "run", "unblind", "stranger", "nobody"])
@pytest.mark.parametrize("act", POSTS)
def test_each_act_needs_its_right(
    answered: AnsweredStudy, client_of: Callable[[str], Client], act: str, who: str
) -> None:
    name, data, codes = POSTS[act]
    more = [answered.version.raters.first().key] if name == "study-review" else []
    answer = client_of(who).post(address(answered, name, *more), data)
    if answer.streaming:
        b"".join(answer.streaming_content)
    assert answer.status_code == codes.get(who, 404)


@pytest.mark.parametrize("page", [*PAGES, "study-person"])
@pytest.mark.parametrize("group", ["people", "simulated"])
def test_no_page_tells_which_system_is_which(
    answered: AnsweredStudy, owner: Client, page: str, group: str
) -> None:
    """Only the title that the researcher gave the study names systems here."""
    more = [answered.version.raters.first().key] if page == "study-person" else []
    answer = owner.get(address(answered, page, *more), {"group": group})
    content = answer.content.decode().replace(answered.study.title, "").casefold()
    assert not [name for name in SYSTEMS if name in content]


def test_the_overview_counts_the_study_itself(answered: AnsweredStudy, owner: Client) -> None:
    text = words(owner.get(address(answered, "study-dashboard")))
    assert "2 of 4 places" in text
    assert "3 came" in text
    assert "2 filled, 1 held, 0 lapsed" in text
    assert "median; half took 20 to 20; n 2" in text


@pytest.mark.parametrize(("group", "told"), [("pilot", "1 came"), ("simulated", "1 came")])
def test_marked_runs_stand_apart(
    answered: AnsweredStudy, owner: Client, group: str, told: str
) -> None:
    text = words(owner.get(address(answered, "study-dashboard"), {"group": group}))
    assert told in text
    assert "marked for ever" in text


def test_the_funnel_shows_where_people_stop(answered: AnsweredStudy, owner: Client) -> None:
    content = owner.get(address(answered, "study-dashboard")).content.decode()
    funnel = re.search(r'class="plot funnel"[^>]*aria-label="([^"]*)"', content)
    assert funnel is not None
    assert funnel[1].startswith("came 3, consent 3, questionnaire 3, volume 3, headphones 3")
    assert funnel[1].endswith("first trial 3, all trials 2, complete 2")


def test_realised_cells_are_counted_from_those_who_hold_their_list(
    answered: AnsweredStudy, owner: Client
) -> None:
    before = words(owner.get(address(answered, "study-dashboard")))
    assert "Item 1, S" in before
    assert re.search(r"Item 1, S\d – S\d: 3 of 4", before)
    rater = answered.version.raters.get(number=1)
    reviewing.review(
        rater, "rejected", reason="careless", by=answered.study.owner, now=timezone.now()
    )
    after = words(owner.get(address(answered, "study-dashboard")))
    assert re.search(r"Item 1, S\d – S\d: 2 of 4", after)


def test_comparisons_that_never_met_are_told(researcher: Any, make_excerpt: Any) -> None:
    study = AnsweredStudy(researcher, make_excerpt)
    study.person(answers=1, state="active", at=timezone.now())
    owner = Client()
    owner.force_login(researcher)
    assert "not connected yet" in words(owner.get(address(study, "study-dashboard")))


def test_agreement_is_told_with_interval_and_n_and_by_no_system(
    answered: AnsweredStudy, owner: Client
) -> None:
    text = words(owner.get(address(answered, "study-dashboard"), {"part": "agreement"}))
    table = text[text.index("First figures of agreement") :]
    assert "better advice 7 of 3 raters" in table
    assert "0.00 0.00 to" in table
    assert not re.search(r"\bS[123]\b", table[: table.index("Krippendorff")])


def test_htmx_gets_the_live_part_alone(answered: AnsweredStudy, owner: Client) -> None:
    headers = {"HX-Request": "true"}
    part = owner.get(address(answered, "study-dashboard"), headers=headers).content.decode()
    assert part.lstrip().startswith('<div id="overview"')
    assert "First figures" not in part


@pytest.mark.parametrize("page", PAGES)
def test_no_page_asks_for_each_participant(
    answered: AnsweredStudy, owner: Client, page: str, django_assert_max_num_queries: Any
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            assert owner.get(address(answered, page)).status_code == 200
        written = ("INSERT", "UPDATE", "DELETE")
        assert not [q for q in captured.captured_queries if q["sql"].startswith(written)]
        return len(captured)

    owner.get(address(answered, page))
    before = queries()
    answered.person()
    answered.person(choose="B")
    assert queries() == before


def test_links_say_who_they_are_for(answered: AnsweredStudy, owner: Client) -> None:
    content = owner.get(address(answered, "study-dashboard")).content.decode()
    join = f"http://testserver{reverse('part-join', args=[answered.study.key])}"
    links = dict(re.findall(r'<input id="link-(\w+)"[^>]*value="([^"]*)"', content))
    assert links["plain"] == join
    assert links["preview"] == f"{join}?preview"
    assert links["crowd"] == (
        f"{join}?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}&amp;SESSION_ID={{{{%SESSION_ID%}}}}"
    )
    assert links["pilot"].startswith(f"{join}?pass=")


def test_links_are_not_for_who_may_only_look(
    answered: AnsweredStudy, client_of: Callable[[str], Client]
) -> None:
    content = client_of("view").get(address(answered, "study-dashboard")).content.decode()
    assert "link-plain" not in content
    assert "Pause" not in content


def test_pausing_resuming_and_closing_are_told_and_kept(
    answered: AnsweredStudy, owner: Client
) -> None:
    for act, state in (("pause", "paused"), ("resume", "open"), ("close", "closed")):
        answer = owner.post(address(answered, f"study-{act}"), follow=True)
        assert StudyVersion.objects.get(pk=answered.version.pk).state == state, act
        assert 'class="notice good"' in answer.content.decode()
    assert [line.act for line in answered.study.audit.all()] == ["paused", "resumed", "closed"]
    again = owner.post(address(answered, "study-pause"), follow=True)
    assert 'class="notice bad"' in again.content.decode()


def test_another_version_is_shown_when_asked_for_and_404_where_there_is_none(
    answered: AnsweredStudy, owner: Client
) -> None:
    url = address(answered, "study-dashboard")
    assert owner.get(url, {"version": "1"}).status_code == 200
    assert owner.get(url, {"version": "7"}).status_code == 404
    assert owner.get(url, {"version": "x"}).status_code == 404
