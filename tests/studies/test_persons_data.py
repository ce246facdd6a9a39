"""What people have a right to: seeing what is stored of them, its end after a time, withdrawing."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from annotate.models import Act, Annotation, Annotator, Campaign, ConsensusDraft, EventBatch, Slot
from annotate.services import people
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import close_campaign
from annotate.services.consensus import compute_draft
from annotate.services.saving import save
from annotate.services.withdrawing import withdraw
from studies.jobs import remove_personal_data as job
from studies.models import Judgement, PersonalData, StudyVersion, TrialEvents
from studies.services import freezing
from studies.services.retention import Due, remove_personal_data
from tests.annotate.conftest import FADERS, NOW, answer, batch, join, stored
from tests.annotate.researcher_cast import annotate_all
from tests.studies.conftest import (  # noqa: F401
    _quick,
    campaign,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)
from tests.studies.study_cast import SYSTEMS, open_study
from tests.studies.walking import Participant
from tests.studies.walking import batch as trial_batch

LATER = NOW + timedelta(days=400)
CROWD = {"platform": "prolific", "complete_code": "C1"}


@pytest.fixture
def version(db: None) -> StudyVersion:
    return open_study(crowd=CROWD)


@pytest.fixture
def person(version: StudyVersion) -> Participant:
    found = Participant()
    found.join(version, "?PROLIFIC_PID=ada-of-prolific&SESSION_ID=one")
    found.go_to("t")
    trial = found.trial()
    found.save(trial, trial_batch(trial, draft={"better": "B", "why": "a draft"}))
    found.answer(trial, values={"better": "A", "why": "warmer, as Ada says"})
    return found


@pytest.fixture
def link(campaign: Campaign) -> tuple[Annotator, str]:  # noqa: F811
    """An annotator with one answer, and their token."""
    invitation = join(campaign)[0]
    Annotator.objects.update(note="Ada of the choir")
    assignment = next_assignment(annotator=invitation.annotator, now=NOW)
    assert assignment is not None
    save(
        assignment=stored(assignment), payload=batch(submit=answer(comment="as Ada says")), now=NOW
    )
    return invitation.annotator, invitation.token


def test_a_participant_takes_away_all_that_is_stored(person: Participant) -> None:
    answered = person.get(person.at("data"))
    assert "attachment" in answered["Content-Disposition"]
    told = answered.json()
    assert (told["format"], told["you_are_shown_as"]) == ("gainsay-person/1", "r001")
    assert (told["platform_person"], told["platform_session"]) == ("ada-of-prolific", "one")
    assert told["consent_text"] == "You take part freely."
    answers = {one["question"]: one["value"] for one in told["trials"][0]["answers"]}
    assert answers == {"better": "A", "why": "warmer, as Ada says"}
    assert told["trials"][0]["noted_by_the_page"]


def test_nothing_in_it_unblinds(person: Participant, version: StudyVersion) -> None:
    text = json.dumps(person.get(person.at("data")).json())
    for word in (*SYSTEMS, "training", "attention", "repeat", "sides", "stimulus", "sha256"):
        assert word not in text, word
    for key in version.items.values_list("excerpt__key", flat=True):
        assert key not in text


def test_an_annotator_takes_away_all_that_is_stored(link: tuple[Annotator, str]) -> None:
    annotator, token = link
    told = Client().get(reverse("person-data", args=[token])).json()
    assert (told["you_are_shown_as"], told["note_of_the_researcher"]) == ("A", "Ada of the choir")
    (one,) = told["excerpts"]
    assert one["answers"][0]["comment"] == "as Ada says"
    assert one["noted_by_the_desk"]
    text = json.dumps(told)
    for hidden in ("trim", "served", "balance", "repeat"):
        assert hidden not in text
    assert annotator.token_hash not in text


def test_the_command_finds_a_person_by_link_key_or_platform(
    person: Participant, link: tuple[Annotator, str], tmp_path: Path
) -> None:
    out = tmp_path / "person.json"
    ways = ["ada-of-prolific", person.rater.key, f"https://x.example{person.home}", link[1]]
    for who in ways:
        call_command("export_person", who, out=out)
        (told,) = json.loads(out.read_text())
        assert "Ada" in json.dumps(told)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = Act.objects.filter(act="personal data exported")
    assert [row.detail for row in rows] == [{"people": 1}] * len(ways)
    with pytest.raises(CommandError, match="nobody by that"):
        call_command("export_person", "nobody\0", out=out)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_person", "ada-of-prolific", out=tmp_path / "no" / "x.json")


def test_an_annotator_withdraws_and_what_is_personal_goes(
    link: tuple[Annotator, str],
    campaign: Campaign,  # noqa: F811
) -> None:
    annotator, token = link
    client, address = Client(), reverse("annotator-withdraw", args=[link[1]])
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 400
    assert client.post(address, {"sure": "on"}).status_code == 200
    annotator.refresh_from_db()
    assert annotator.withdrawn_at is not None
    assert (annotator.note, annotator.mixing_years, annotator.playback_device) == ("", None, "")
    row = Annotation.objects.get()
    assert row.comment == ""
    assert row.balance_db
    assert not EventBatch.objects.exists()
    assert not Slot.objects.filter(assignment__isnull=False).exists()
    assert not campaign.items.filter(completed__gt=0).exists()
    assert Act.objects.get(act="withdrawal").detail == {"annotator": "A"}
    gone = client.get(reverse("queue", args=[token]))
    assert gone.status_code == 404
    assert "You have withdrawn" in gone.text
    assignment = annotator.assignments.get()
    saved = client.post(reverse("save", args=[token, assignment.key]), "{}", "application/json")
    assert saved.status_code == 404


def test_words_for_not_judging_go_too(link: tuple[Annotator, str]) -> None:
    annotator, token = link
    declined = answer("second-key", faders_db=dict.fromkeys(FADERS), cannot_judge="Ada came in")
    payload = batch(2, submit=declined)
    save(assignment=stored(annotator.assignments.get()), payload=payload, now=NOW)
    Client().post(reverse("annotator-withdraw", args=[token]), {"sure": "on"})
    reasons = Annotation.objects.order_by("revision").values_list("cannot_judge_reason", flat=True)
    assert list(reasons) == ["", "withdrawn"]


def test_who_withdrew_is_left_out_of_the_consensus(campaign: Campaign) -> None:  # noqa: F811
    everybody = annotate_all(campaign, 2)
    item = campaign.items.first()
    assert item is not None

    def used() -> int:
        compute_draft(campaign, now=NOW)
        result = ConsensusDraft.objects.get(campaign=campaign).result
        return sum(one["n"] for one in result["excerpts"])

    before = used()
    withdraw(annotator=everybody[0], now=NOW)
    withdraw(annotator=everybody[0], now=NOW)
    assert used() < before
    assert Act.objects.filter(act="withdrawal").count() == 1


def test_personal_data_goes_when_its_time_is_over_and_judgements_stay(
    person: Participant,
    version: StudyVersion,
    link: tuple[Annotator, str],
    campaign: Campaign,  # noqa: F811
) -> None:
    assert remove_personal_data(LATER, keep_days=1) == []
    freezing.close(version, None, NOW)
    close_campaign(campaign=campaign, now=NOW)
    early = NOW + timedelta(days=89)
    assert remove_personal_data(early, keep_days=90) == []
    due = [Due(f"study {version.study.key} v1", 1), Due(f"campaign {campaign.key}", 1)]
    assert remove_personal_data(LATER, keep_days=90, dry_run=True) == due
    assert PersonalData.objects.count() == 1
    assert remove_personal_data(LATER, keep_days=90) == due
    assert remove_personal_data(LATER, keep_days=90) == []
    assert not PersonalData.objects.exists()
    assert not TrialEvents.objects.exists()
    assert not EventBatch.objects.exists()
    assert Annotator.objects.get().note == ""
    assert Judgement.objects.count() == 2
    assert Annotation.objects.get().balance_db
    assert version.study.audit.filter(act="personal data removed").count() == 1
    assert Act.objects.filter(act="personal data removed").count() == 1


def test_the_worker_does_it_where_a_time_is_set(
    person: Participant, version: StudyVersion, settings: Any
) -> None:
    freezing.close(version, None, NOW - timedelta(days=10_000))
    assert job(lambda *told: None) == {"people": 0}
    settings.PERSONAL_DATA_KEEP_DAYS = 90
    assert job(lambda *told: None) == {"people": 1}


def test_the_command_needs_a_time_and_can_only_look(
    person: Participant, version: StudyVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="PERSONAL_DATA_KEEP_DAYS"):
        call_command("remove_personal_data")
    freezing.close(version, None, NOW)
    call_command(
        "remove_personal_data", keep_days=1, dry_run=True, json=True, now=LATER.isoformat()
    )
    told = json.loads(capsys.readouterr().out)
    assert told["removed"] == [{"what": f"study {version.study.key} v1", "people": 1}]
    assert PersonalData.objects.exists()


def test_a_revoked_annotator_is_told_that_and_not_that_they_withdrew(
    link: tuple[Annotator, str],
) -> None:
    people.revoke(annotator=link[0], now=NOW)
    assert "This link has ended" in Client().get(reverse("queue", args=[link[1]])).text
