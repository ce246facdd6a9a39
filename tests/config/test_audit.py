"""The audit: who did what, when, and in which request; lines are added and never changed."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from annotate.models import Act, Campaign
from annotate.models.acts import AppendOnlyError
from annotate.services import acts
from studies.models import AuditLine, Rater
from studies.services import designing
from tests.annotate.conftest import NOW
from tests.studies.conftest import (  # noqa: F401
    _quick,
    campaign,
    make_campaign,
    make_excerpt,
    media,
    researcher,
    stranger,
)
from tests.studies.study_cast import make_rater, make_study, open_study

REQUEST = "request-0001"


@pytest.fixture
def owner(researcher: Any) -> Client:  # noqa: F811
    client = Client(headers={"X-Request-ID": REQUEST})
    client.force_login(researcher)
    return client


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss", password="-"))
    return client


def line(act: str) -> tuple[Any, ...]:
    row = Act.objects.get(act=act)
    return (str(row.by), row.about, row.detail, row.request_id)


def test_links_made_and_withdrawn_are_on_it(owner: Client, campaign: Campaign) -> None:  # noqa: F811
    about = f"campaign {campaign.key}"
    owner.post(reverse("invite", args=[campaign.key]), {"count": 2})
    detail = {"kind": "person", "count": 2}
    assert line("links made") == ("researcher", about, detail, REQUEST)
    person = campaign.annotators.get(number=1)
    for _ in range(2):
        owner.post(reverse("revoke", args=[campaign.key, person.key]))
    assert line("link withdrawn") == ("researcher", about, {"annotator": "A"}, REQUEST)


def test_a_campaigns_export_is_on_it(owner: Client, campaign: Campaign) -> None:  # noqa: F811
    owner.get(reverse("campaign-export", args=[campaign.key, "json"]))
    assert line("exported") == ("researcher", f"campaign {campaign.key}", {"what": "json"}, REQUEST)


def test_a_token_of_rest_is_on_it_and_not_itself(researcher: Any) -> None:  # noqa: F811
    said = {"username": "researcher", "password": "a long pass phrase"}
    token = Client().post(reverse("api-token"), said, "application/json").json()["token"]
    row = Act.objects.get(act="REST token given")
    assert row.by == researcher
    assert token not in str(row.__dict__)


def test_each_act_on_a_study_is_on_its_audit_with_the_request(researcher: Any) -> None:  # noqa: F811
    version = open_study(researcher, songs=4)
    study, rater = version.study, make_rater(version, state=Rater.State.COMPLETE)
    get_user_model().objects.create_user("colleague")
    client = Client(headers={"X-Request-ID": REQUEST})
    client.force_login(researcher)

    def post(name: str, data: dict[str, Any], *args: Any) -> None:
        answered = client.post(reverse(name, args=[study.key, *args]), data)
        assert answered.status_code in (200, 302), (name, answered.content)
        if answered.streaming:
            b"".join(answered.streaming_content)

    post("study-share", {"username": "colleague", "user": "colleague", "may": "view"})
    post("study-unshare", {"username": "colleague", "user": "colleague"})
    post("study-unblind", {"reason": "the analysis is done", "sure": "on"})
    post("study-exports", {"what": "json"})
    post("study-review", {"verdict": "rejected", "reason": "no answers"}, rater.key)
    lines = study.audit.filter(request_id=REQUEST, by=researcher).values_list("act", flat=True)
    assert {"shared", "unshared", "unblinded", "exported"} <= set(lines)
    assert any(act.startswith(("reviewed", "rejected", "review")) for act in lines), list(lines)


@pytest.mark.parametrize("kind", ["site", "study"])
def test_lines_are_added_and_never_changed(researcher: Any, kind: str) -> None:  # noqa: F811
    if kind == "site":
        row: Any = acts.note("exported", now=NOW, by=researcher)
        rows: Any = Act.objects.all()
    else:
        row = make_study(researcher, songs=2).audit.get()
        rows = AuditLine.objects.all()
    row.act = "nothing"
    for change in (
        row.save,
        row.delete,
        lambda: rows.update(act="nothing"),
        rows.delete,
        lambda: rows.bulk_update([row], ["act"]),
    ):
        with pytest.raises(AppendOnlyError):
            change()
    assert rows.get().act != "nothing"


def test_who_runs_the_site_sees_all_of_it_and_takes_it_away(
    boss: Client,
    researcher: Any,  # noqa: F811
    stranger: Any,  # noqa: F811
) -> None:
    study = make_study(researcher, songs=2)
    designing.share(study, stranger, "view", researcher, NOW)
    acts.note("exported", now=NOW, by=researcher, about="campaign abc", what='=HYPERLINK("x")')
    page = boss.get(reverse("audit")).text
    for words in ("shared", f"study {study.key}", "campaign abc", "researcher", "stranger"):
        assert words in page
    taken = boss.post(reverse("audit"))
    rows = list(csv.DictReader(io.StringIO(taken.text, newline="")))
    assert {row["act"] for row in rows} == {"created", "shared", "exported"}
    assert {row["by"] for row in rows} == {"researcher"}
    assert Act.objects.filter(about="audit").count() == 1


def test_the_page_asks_as_often_for_many_lines_as_for_one(
    boss: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for number in (1, 60):
        for _ in range(number):
            acts.note("exported", now=NOW, about="campaign abc")
        with django_assert_max_num_queries(6) as captured:
            assert boss.get(reverse("audit")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
