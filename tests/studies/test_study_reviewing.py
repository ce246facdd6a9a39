"""A researcher's word on participants, exclusion rules, unblinding and downloads."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from studies.models import ExclusionRules, Judgement, Rater, Review, StudyMember, StudyVersion
from studies.services import exclusions, unblinding
from studies.services.refusing import Refused
from studies.views import reviews
from tests.studies.answered_study import SYSTEMS, AnsweredStudy


@pytest.fixture
def answered(researcher: Any, make_excerpt: Callable[..., Any]) -> AnsweredStudy:
    study = AnsweredStudy(researcher, make_excerpt)
    at = timezone.now() - timedelta(minutes=25)
    study.person(at=at)
    study.person(choose="B", attention="A", at=at)
    study.person(answers=2, state="active", at=timezone.now() - timedelta(minutes=21))
    return study


@pytest.fixture
def owner(researcher: Any) -> Client:
    client = Client()
    client.force_login(researcher)
    return client


def rater(study: AnsweredStudy, number: int) -> Rater:
    return study.version.raters.get(number=number)


def say(client: Client, study: AnsweredStudy, number: int, **data: str) -> Any:
    args = [study.study.key, rater(study, number).key]
    return client.post(reverse("study-review", args=args), data)


def test_a_rejection_gives_the_list_back_and_deletes_nothing(
    answered: AnsweredStudy, owner: Client
) -> None:
    before = Judgement.objects.count()
    assert say(owner, answered, 1, verdict="rejected", reason="always A").status_code == 302
    place = answered.version.lists.get(number=1)
    assert (place.rater, place.is_filled, place.completed) == (None, False, 1)
    assert Judgement.objects.count() == before
    review = Review.objects.get()
    assert (review.verdict, review.reason, review.rater.number) == ("rejected", "always A", 1)
    line = answered.study.audit.get()
    assert (line.act, line.detail["rater"]) == ("rejected", "r001")


def test_a_rejection_without_a_reason_is_refused_in_place(
    answered: AnsweredStudy, owner: Client
) -> None:
    answer = say(owner, answered, 1, verdict="rejected", reason="  ")
    assert answer.status_code == 400
    assert 'id="reason-fault"' in answer.content.decode()
    assert not Review.objects.exists()
    assert answered.version.lists.get(number=1).is_filled


def test_the_last_word_counts_and_the_first_stays(answered: AnsweredStudy, owner: Client) -> None:
    say(owner, answered, 1, verdict="rejected", reason="always A")
    say(owner, answered, 1, verdict="accepted", reason="a look at the audio")
    assert [one.verdict for one in rater(answered, 1).reviews.all()] == ["rejected", "accepted"]
    args = [answered.study.key, rater(answered, 1).key]
    content = owner.get(reverse("study-person", args=args)).content.decode()
    assert "always A" in content
    assert '<span class="badge good">accepted</span>' in content


@pytest.mark.parametrize("data", [{"verdict": "maybe"}, {}])
def test_another_verdict_is_refused(
    answered: AnsweredStudy, owner: Client, data: dict[str, str]
) -> None:
    assert say(owner, answered, 1, **data).status_code == 400


def test_who_withdrew_cannot_be_reviewed(answered: AnsweredStudy, owner: Client) -> None:
    Rater.objects.filter(number=1).update(state="withdrawn")
    assert say(owner, answered, 1, verdict="accepted").status_code == 400
    assert not Review.objects.exists()


def test_the_participant_of_another_study_is_404(
    answered: AnsweredStudy, owner: Client, stranger: Any
) -> None:
    answered.study.owner = stranger
    answered.study.save()
    assert say(owner, answered, 1, verdict="accepted").status_code == 404


def test_only_complete_people_without_a_verdict_are_accepted_at_once(
    answered: AnsweredStudy, owner: Client
) -> None:
    say(owner, answered, 2, verdict="rejected", reason="attention")
    keys = [rater(answered, number).key for number in (1, 2, 3)]
    url = reverse("study-accept", args=[answered.study.key])
    page = owner.post(url, {"rater": keys}, follow=True).content.decode()
    assert "1 accepted." in page
    assert "2 left as they are" in page
    assert [one.rater.number for one in Review.objects.filter(verdict="accepted")] == [1]


def test_only_who_passed_everything_is_ticked_beforehand(
    answered: AnsweredStudy, owner: Client
) -> None:
    url = reverse("study-people", args=[answered.study.key])
    content = owner.get(url).content.decode()
    ticks = {
        number: f'id="tick-{number}"' in content
        and "checked" in content.split(f'id="tick-{number}"')[1].split(">")[0]
        for number in (1, 2, 3)
    }
    assert ticks == {1: True, 2: False, 3: False}


def test_a_participants_page_shows_texts_by_letter_and_how_it_went(
    answered: AnsweredStudy, owner: Client
) -> None:
    args = [answered.study.key, rater(answered, 2).key]
    content = owner.get(reverse("study-person", args=args)).content.decode()
    assert "Turn the vocals down a little, way 3." in content
    assert "attention check" in content
    assert "repeat of 1" in content
    assert "problem 12 s" in content
    assert 'aria-label="blur 1, play 1, stop 1"' in content


def test_a_long_list_of_trials_comes_in_pages(
    answered: AnsweredStudy, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "TRIALS_PER_PAGE", 2)
    person = rater(answered, 1)
    address = reverse("study-person", args=[answered.study.key, person.key])
    positions = list(person.trials.order_by("position").values_list("position", flat=True))
    first, last = owner.get(address), owner.get(address, {"page": 99})
    found = [re.findall(r'id="trial-(\d+)"', page.content.decode()) for page in (first, last)]
    assert found[0] == [str(one) for one in positions[:2]]
    assert found[1][-1] == str(positions[-1])
    part = owner.get(address, {"page": 2}, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<section id="trials"')
    assert f'id="trial-{positions[2]}"' in part


def test_words_of_participants_are_shown_as_text(answered: AnsweredStudy, owner: Client) -> None:
    trial = rater(answered, 1).trials.get(position=1)
    answered.answer(trial, {"better": "A", "why": "<script>alert(1)</script>"}, revision=2)
    args = [answered.study.key, rater(answered, 1).key]
    content = owner.get(reverse("study-person", args=args)).content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


def exclusion_page(client: Client, study: AnsweredStudy, **data: str) -> Any:
    return client.post(reverse("study-exclusions", args=[study.study.key]), data)


def test_the_plans_rules_are_shown_with_n_before_and_after(
    answered: AnsweredStudy, owner: Client
) -> None:
    url = reverse("study-exclusions", args=[answered.study.key])
    content = owner.get(url).content.decode()
    assert "As the analysis plan says" in content
    assert "<b>1</b> of 3 raters" in content
    assert "<b>r002</b> (attention at least 1)" in content


def test_that_there_are_too_many_answers_is_counted_once(
    answered: AnsweredStudy,
    owner: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    monkeypatch.setattr(exclusions, "MOST_ANSWERS", 2)
    url = reverse("study-exclusions", args=[answered.study.key])
    with CaptureQueriesContext(connection) as queries:
        assert "Too many answers" in owner.get(url).content.decode()
    with django_assert_max_num_queries(len(queries) - 1):
        assert "Too many answers" in owner.get(url).content.decode()


def test_a_set_can_be_tried_before_it_is_recorded(answered: AnsweredStudy, owner: Client) -> None:
    tried = exclusion_page(owner, answered, do="try", complete="on").content.decode()
    assert "What these rules would leave" in tried
    assert "<b>2</b> of 3 raters" in tried
    assert not ExclusionRules.objects.exists()
    assert (
        exclusion_page(
            owner, answered, do="record", title="Complete only", complete="on"
        ).status_code
        == 302
    )
    row = ExclusionRules.objects.get()
    assert (row.name, row.rules, row.is_primary) == (
        "complete-only", [{"rule": "complete", "value": None}], False,
    )  # fmt: skip
    assert answered.study.audit.get().act == "exclusion rules"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"title": "Empty"}, "Choose one rule or more."),
        ({"title": "", "complete": "on"}, "Give the rules a title"),
        ({"title": "Plan", "complete": "on"}, "That name is taken"),
        (
            {"title": "X", "duration-at-least-s": "on", "duration-at-least-s-value": "long"},
            "Give a number from 0 on.",
        ),
    ],
)
def test_rules_that_make_no_set_are_refused_in_place(
    answered: AnsweredStudy, owner: Client, data: dict[str, str], told: str
) -> None:
    answer = exclusion_page(owner, answered, do="record", **data)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not ExclusionRules.objects.exists()


def test_a_name_is_given_once(answered: AnsweredStudy, owner: Client) -> None:
    data = {"do": "record", "title": "Complete only", "complete": "on"}
    assert exclusion_page(owner, answered, **data).status_code == 302
    assert exclusion_page(owner, answered, **data).status_code == 400
    assert ExclusionRules.objects.count() == 1


def test_the_page_counts_as_the_report_does(answered: AnsweredStudy) -> None:
    read = exclusions.study_now(answered.version, timezone.now())
    assert read is not None
    effect = exclusions.effect_of(read, [{"rule": "headphones passed", "value": None}])
    assert (effect.before.n_raters, effect.after.n_raters) == (3, 3)
    with pytest.raises(Refused, match="no rule 'nonsense'"):
        exclusions.effect_of(read, [{"rule": "nonsense", "value": None}])


def unblind(client: Client, study: AnsweredStudy, reason: str) -> Any:
    return client.post(reverse("study-unblind", args=[study.study.key]), {"reason": reason})


def test_unblinding_shows_the_names_once_and_writes_down_who_when_why_and_after_how_much(
    answered: AnsweredStudy, owner: Client, researcher: Any
) -> None:
    answer = unblind(owner, answered, "the main analysis begins today")
    assert all(name in answer.content.decode() for name in SYSTEMS)
    assert answer["Cache-Control"] == "no-store"
    line = unblinding.lines(answered.study).get()
    assert line.by == researcher
    assert line.detail == {
        "seen": "labels",
        "reason": "the main analysis begins today",
        "interim": True,
        "answers": 8 + 8 + 2,
    }
    later = owner.get(reverse("study-unblind", args=[answered.study.key])).content.decode()
    content = later.replace(answered.study.title, "")
    assert not [name for name in SYSTEMS if name in content]
    assert "interim" in content


def test_after_closing_a_look_is_no_interim_one(answered: AnsweredStudy, owner: Client) -> None:
    StudyVersion.objects.update(state="closed", closed_at=timezone.now())
    unblind(owner, answered, "the main analysis begins today")
    assert unblinding.lines(answered.study).get().detail["interim"] is False


def test_unblinding_without_a_reason_shows_and_logs_nothing(
    answered: AnsweredStudy, owner: Client
) -> None:
    answer = unblind(owner, answered, "curious")
    assert answer.status_code == 400
    content = answer.content.decode().replace(answered.study.title, "")
    assert not [name for name in SYSTEMS if name in content]
    assert not unblinding.lines(answered.study).exists()


def export(client: Client, study: AnsweredStudy, **data: str) -> Any:
    return client.post(reverse("study-exports", args=[study.study.key]), data)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_everything_comes_as_one_zip_without_who_is_who(
    answered: AnsweredStudy, owner: Client
) -> None:
    answer = export(owner, answered, what="zip")
    archive = zipfile.ZipFile(io.BytesIO(body(answer)))
    assert "who-is-who.csv" not in archive.namelist()
    assert {"study.json", "answers.csv", "codebook.csv"} <= set(archive.namelist())
    for name in archive.namelist():
        content = archive.read(name).decode().casefold()
        assert not [one for one in SYSTEMS if one in content], name
    assert answered.version.protocol_hash[:12] in answer["Content-Disposition"]
    assert answered.study.audit.get().detail["what"] == "zip"


def test_who_is_who_comes_by_itself(answered: AnsweredStudy, owner: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(body(export(owner, answered, what="who")).decode())))
    assert [row["person"] for row in rows] == ["pid-1", "pid-2", "pid-3"]


def test_names_come_only_to_who_has_unblinded(answered: AnsweredStudy, owner: Client) -> None:
    assert export(owner, answered, what="json", unblinded="yes").status_code == 403
    unblind(owner, answered, "the main analysis begins today")
    told = json.loads(body(export(owner, answered, what="json", unblinded="yes")))
    assert {one["name"] for one in told["systems"]} == set(SYSTEMS)
    assert json.loads(body(export(owner, answered, what="json")))["study"]["blinded"] is True
    colleague = get_user_model().objects.create_user("colleague")
    StudyMember.objects.create(study=answered.study, user=colleague, may="unblind")
    other = Client()
    other.force_login(colleague)
    assert export(other, answered, what="json", unblinded="yes").status_code == 403


@pytest.mark.parametrize("data", [{"what": "all"}, {"what": "json", "include": "judges"}, {}])
def test_what_there_is_not_cannot_be_taken_away(
    answered: AnsweredStudy, owner: Client, data: dict[str, str]
) -> None:
    assert export(owner, answered, **data).status_code == 400
    assert not answered.study.audit.exists()


def test_the_audit_page_tells_every_act(answered: AnsweredStudy, owner: Client) -> None:
    say(owner, answered, 1, verdict="rejected", reason="as zapbaseline would")
    unblind(owner, answered, "the main analysis begins today")
    content = owner.get(reverse("study-audit", args=[answered.study.key])).content.decode()
    assert "rejected" in content
    assert "the main analysis begins today" in content
    assert "as zapbaseline" not in content
