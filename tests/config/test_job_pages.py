"""The pages of background work: one's own jobs, stopping, asking again."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config.job_words import WORDS
from config.models import Job

pytestmark = pytest.mark.django_db
State = Job.State
MARIE = "marie"


def signed_in(name: str, **more: Any) -> tuple[Client, User]:
    user = User.objects.create_user(name, **more)
    client = Client()
    client.force_login(user)
    return client, user


def ask(owner: User, state: str = State.QUEUED, **more: Any) -> Job:
    return Job.objects.create(
        kind="write_report", owner=owner, state=state, about="A <b>bold</b> study", **more
    )


def test_every_kind_of_job_has_words() -> None:
    assert set(WORDS) == set(settings.JOB_KINDS)
    assert set(settings.JOB_KINDS) >= settings.JOB_NOT_RETRIED


def test_the_list_holds_ones_own_jobs_and_no_others() -> None:
    client, user = signed_in(MARIE)
    _, other = signed_in("other")
    mine = ask(user, State.RUNNING, progress=0.25, message="half of the figures")
    theirs = ask(other)
    page = client.get(reverse("jobs")).text
    assert mine.key in page
    assert theirs.key not in page
    assert "half of the figures" in page
    assert "A &lt;b&gt;bold&lt;/b&gt; study" in page
    assert "Writing a report" in page


def test_only_whoever_runs_the_site_sees_everybodys() -> None:
    _, other = signed_in("other")
    theirs = ask(other)
    client, _ = signed_in(MARIE)
    assert theirs.key not in client.get(reverse("jobs"), {"of": "all"}).text
    admin, _ = signed_in("admin", is_superuser=True)
    assert theirs.key not in admin.get(reverse("jobs")).text
    assert theirs.key in admin.get(reverse("jobs"), {"of": "all"}).text


def test_the_list_takes_as_many_queries_for_twenty_jobs_as_for_one(
    django_assert_num_queries: Any,
) -> None:
    client, user = signed_in(MARIE)
    ask(user)
    with django_assert_num_queries(4):
        client.get(reverse("jobs"))
    for _ in range(20):
        ask(user, State.FAILED, error="no")
    with django_assert_num_queries(4):
        client.get(reverse("jobs"))


def test_a_page_at_work_asks_again_and_one_at_rest_does_not() -> None:
    client, user = signed_in(MARIE)
    job = ask(user, State.RUNNING)
    assert "hx-trigger" in client.get(reverse("jobs")).text
    Job.objects.update(state=State.DONE)
    assert 'hx-trigger="load' not in client.get(reverse("jobs")).text
    part = client.get(reverse("job", args=[job.key]), headers={"HX-Request": "true"}).text
    assert part.strip().startswith("<div")


def test_the_buttons_stop_and_ask_again() -> None:
    client, user = signed_in(MARIE)
    job = ask(user, State.RUNNING, attempts=1)
    page = client.get(reverse("job", args=[job.key])).text
    assert ">Stop</button>" in page
    answered = client.post(reverse("job-stop", args=[job.key]), {"next": "/studies/?page=2"})
    assert answered.headers["Location"] == "/studies/?page=2"
    job.refresh_from_db()
    assert job.stop_asked
    assert "Stops at its next step" in client.get(reverse("job", args=[job.key])).text
    Job.objects.update(state=State.STOPPED)
    assert ">Go on</button>" in client.get(reverse("job", args=[job.key])).text
    client.post(reverse("job-retry", args=[job.key]))
    job.refresh_from_db()
    assert (job.state, job.stop_asked) == (State.QUEUED, False)


@pytest.mark.parametrize(
    ("page", "address"),
    [("", ""), ("/power/", "/power/?job=K"), ("/a/?version=1", "/a/?version=1&job=K")],
)
def test_its_page_is_led_to_with_the_job(page: str, address: str) -> None:
    assert Job(key="K", page=page).address == address


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_way_back_never_leaves_the_site(next_: str) -> None:
    client, user = signed_in(MARIE)
    job = ask(user)
    answered = client.post(reverse("job-stop", args=[job.key]), {"next": next_})
    assert answered.headers["Location"] == reverse("job", args=[job.key])


def test_what_cannot_be_done_is_said() -> None:
    client, user = signed_in(MARIE)
    job = ask(user, State.DONE)
    page = client.post(reverse("job-stop", args=[job.key]), follow=True).text
    assert "over already" in page
    page = client.post(reverse("job-retry", args=[job.key]), follow=True).text
    assert "ask for it anew" in page


def test_a_colleague_neither_stops_nor_retries() -> None:
    _, user = signed_in(MARIE)
    job = ask(user, State.RUNNING)
    client, _ = signed_in("other")
    for name in ("job-stop", "job-retry"):
        assert client.post(reverse(name, args=[job.key])).status_code == 404
        assert Client().post(reverse(name, args=[job.key])).status_code == 404
    job.refresh_from_db()
    assert not job.stop_asked
