"""From answers to a consensus: the draft's shape, what rules leave out, what is frozen for good."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from analysis.rules import AnnotationRules
from analysis.vectors import STEMS
from annotate.models import Annotation, Annotator, Campaign, Consensus, ConsensusDraft
from annotate.models.consensus import FrozenError
from annotate.services import consensus as service
from annotate.services.assigning import next_assignment
from annotate.services.campaigns import decide
from annotate.services.consensus import compute_draft, freeze, set_rules
from annotate.services.saving import save
from tests.annotate.conftest import FADERS, NOW, answer, batch, join, stored
from tests.annotate.researcher_cast import BALANCE, annotate_all, submit

ESTIMATE = {"estimate", "low", "high", "n", "level", "method", "note"}
FIGURES = {
    "icc_a1",
    "icc_ak",
    "sd_between_db",
    "se_db",
    "alpha_interval",
    "self_consistency_sd_db",
    "slope_on_start",
    "slope_on_trim",
}
EXCERPT = {
    "item",
    "excerpt",
    "song",
    "status",
    "n",
    "balance_db",
    "low_db",
    "high_db",
    "spread_db",
    "off_share",
    "top_share",
    "annotations",
}
ANNOTATION = {"assignment", "letter", "kind", "balance_db", "is_outlier", "outlier_z", "start_db"}


@pytest.fixture
def annotated(make_campaign: Callable[..., Campaign]) -> Campaign:
    campaign = make_campaign(3, overlap=4, repeats=0)
    annotate_all(campaign, 4)
    return campaign


def result_of(campaign: Campaign) -> dict[str, Any]:
    result = compute_draft(campaign, now=NOW).result
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    return result


def test_the_draft_has_the_shape_that_pages_and_exports_read(annotated: Campaign) -> None:
    result = result_of(annotated)
    assert set(result) == {"excerpts", "agreement", "excluded", "n_annotations", "notes"}
    assert result["n_annotations"] == 12
    for one in result["excerpts"]:
        assert set(one) == EXCERPT
        assert (one["status"], one["n"]) == ("consensus", 4)
        for name in ("balance_db", "low_db", "high_db", "spread_db", "off_share", "top_share"):
            assert set(one[name]) == set(STEMS)
        assert sum(one["balance_db"].values()) == pytest.approx(0.0, abs=1e-6)
        for stem in STEMS:
            assert one["low_db"][stem] < one["balance_db"][stem] < one["high_db"][stem]
        assert [a["letter"] for a in one["annotations"]] == ["A", "B", "C", "D"]
        for annotation in one["annotations"]:
            assert set(annotation) >= ANNOTATION
            assert sum(annotation["balance_db"].values()) == pytest.approx(0.0, abs=1e-6)
    for stem in STEMS:
        assert set(result["agreement"][stem]) == FIGURES
        for estimate in result["agreement"][stem].values():
            assert set(estimate) == ESTIMATE


def test_the_consensus_is_where_people_put_the_faders(annotated: Campaign) -> None:
    mean = sum(BALANCE.values()) / 4
    # annotate_all moves vocals up and drums down from one person to the next.
    shift = {"vocals": 0.6, "drums": -0.45, "bass": 0.0, "other": 0.0}
    shift_mean = sum(shift.values()) / 4
    for one in result_of(annotated)["excerpts"]:
        for stem in STEMS:
            wanted = BALANCE[stem] - mean + shift[stem] - shift_mean
            assert one["balance_db"][stem] == pytest.approx(wanted, abs=0.25)


def test_two_people_are_too_few_and_freezing_says_so(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(2, overlap=2, repeats=0)
    annotate_all(campaign, 2)
    assert {one["status"] for one in result_of(campaign)["excerpts"]} == {"too few"}
    assert all(one["balance_db"] is None for one in result_of(campaign)["excerpts"])
    with pytest.raises(CommandError, match="no excerpt has the 3 annotations") as fault:
        call_command("freeze_consensus", campaign.key)
    assert "\n" not in str(fault.value)
    assert not Consensus.objects.exists()


def test_a_campaign_without_answers_has_a_draft_without_figures(campaign: Campaign) -> None:
    result = result_of(campaign)
    assert result["n_annotations"] == 0
    assert [one["n"] for one in result["excerpts"]] == [0, 0, 0]
    assert result["agreement"]["vocals"]["icc_a1"]["estimate"] is None


def test_the_same_input_freezes_to_the_same_hash_under_the_next_number(
    annotated: Campaign,
) -> None:
    told = io.StringIO()
    for _ in range(2):
        call_command("freeze_consensus", annotated.key, json=True, stdout=told)
    first, second = (json.loads(line) for line in told.getvalue().splitlines())
    assert (first["version"], second["version"]) == (1, 2)
    assert first["content_hash"] == second["content_hash"]
    assert first["excerpts"] == {"consensus": 3}
    assert first["annotations"] == 12


def test_another_answer_or_another_rule_gives_another_hash(annotated: Campaign) -> None:
    hashes = {freeze(annotated, by=None, now=NOW).content_hash}
    rules = AnnotationRules(min_mixing_years=1.0)
    hashes.add(freeze(annotated, by=None, now=NOW, rules=rules).content_hash)
    assignment = Annotation.objects.first().assignment
    amended = answer("amended-key", faders_db=dict(FADERS, bass=3.0))
    save_again(assignment, amended)
    hashes.add(freeze(annotated, by=None, now=NOW).content_hash)
    assert len(hashes) == 3


def save_again(assignment: Any, amended: dict[str, Any]) -> None:
    save(assignment=stored(assignment), payload=batch(99, submit=amended), now=NOW)


def test_what_is_frozen_refuses_every_change(annotated: Campaign) -> None:
    consensus = freeze(annotated, by=None, now=NOW)
    row = consensus.excerpts.first()
    for change in (
        consensus.save,
        consensus.delete,
        row.save,
        row.delete,
        lambda: Consensus.objects.update(version=9),
        lambda: Consensus.objects.all().delete(),
        lambda: consensus.excerpts.update(n=0),
        lambda: consensus.excerpts.all().delete(),
    ):
        with pytest.raises(FrozenError):
            change()
    assert Consensus.objects.get().version == 1


def test_later_answers_leave_a_frozen_version_as_it_was(annotated: Campaign) -> None:
    before = freeze(annotated, by=None, now=NOW).excerpts.values_list("balance_db", "n")
    frozen = list(before)
    Annotation.objects.update(balance_db={"vocals": 9.0, "drums": 0.0, "bass": 0.0, "other": 0.0})
    freeze(annotated, by=None, now=NOW)
    version = Consensus.objects.get(version=1)
    assert list(version.excerpts.values_list("balance_db", "n")) == frozen


def test_one_number_is_given_once(annotated: Campaign) -> None:
    first = freeze(annotated, by=None, now=NOW)
    copied = Consensus(campaign=annotated, version=1, rules={}, seed=1, annotation_count=0)
    copied.agreement, copied.software, copied.frozen_at = {}, {}, NOW
    with pytest.raises(IntegrityError), transaction.atomic():
        copied.save()
    assert Consensus.objects.get() == first


def test_an_excerpt_set_aside_has_no_balance_and_its_reason_is_frozen(
    annotated: Campaign, researcher: Any
) -> None:
    item = annotated.items.first()
    decide(item=item, verdict="set aside", reason="clipped", extra=0, by=researcher, now=NOW)
    one = next(one for one in result_of(annotated)["excerpts"] if one["item"] == item.key)
    assert (one["status"], one["balance_db"]) == ("set aside", None)
    row = freeze(annotated, by=None, now=NOW).excerpts.get(item=item)
    assert (row.status, row.reason, row.balance_db) == ("set aside", "clipped", None)
    decide(item=item, verdict="accept", reason="", extra=0, by=researcher, now=NOW)
    assert {one["status"] for one in result_of(annotated)["excerpts"]} == {"consensus"}


def test_asking_for_more_opens_places_and_one_more_person_fills_them(
    annotated: Campaign, researcher: Any
) -> None:
    item = annotated.items.first()
    late = join(annotated)[0].annotator
    assert next_assignment(annotator=late, now=NOW) is None
    decide(item=item, verdict="ask more", reason="", extra=1, by=researcher, now=NOW)
    assignment = next_assignment(annotator=late, now=NOW)
    assert assignment is not None
    assert assignment.item == item
    submit(assignment)
    one = next(one for one in result_of(annotated)["excerpts"] if one["item"] == item.key)
    assert one["n"] == 5


@pytest.mark.parametrize(
    ("verdict", "reason", "extra"),
    [("set aside", " ", 0), ("ask more", "", 0), ("ask more", "", 21), ("perhaps", "", 0)],
)
def test_a_decision_that_makes_no_sense_is_refused_and_changes_nothing(
    annotated: Campaign, researcher: Any, verdict: str, reason: str, extra: int
) -> None:
    item = annotated.items.first()
    with pytest.raises(ValidationError):
        decide(item=item, verdict=verdict, reason=reason, extra=extra, by=researcher, now=NOW)
    assert not item.decisions.exists()
    assert item.slots.count() == 4


@pytest.mark.parametrize(
    ("rules", "change", "reason"),
    [
        ({"headphones_only": True}, {"headphone_passed": False}, "headphone check not passed"),
        ({"headphones_only": True}, {"headphone_passed": None}, "headphone check not passed"),
        ({"min_mixing_years": 3.0}, {"mixing_years": 2}, "too few years of mixing"),
        ({"min_mixing_years": 3.0}, {"mixing_years": None}, "too few years of mixing"),
        ({"include_simulated": False}, {"kind": "simulated"}, "simulated annotator"),
    ],
)
def test_rules_leave_out_and_say_why(
    annotated: Campaign, rules: dict, change: dict, reason: str
) -> None:
    person = annotated.annotators.get(number=2)
    Annotator.objects.filter(pk=person.pk).update(**change)
    set_rules(annotated, AnnotationRules(**rules))
    result = result_of(annotated)
    assert result["n_annotations"] == 9
    assert [(one["letter"], reason in one["reason"]) for one in result["excluded"]] == [
        ("B", True)
    ] * 3
    frozen = freeze(annotated, by=None, now=NOW)
    assert frozen.excluded == result["excluded"]
    assert frozen.rules["include_simulated"] is (rules.get("include_simulated", True))


def test_who_listened_too_little_is_left_out_and_still_stored(annotated: Campaign) -> None:
    Annotation.objects.filter(assignment__annotator__number=1).update(listened_s=3.0)
    set_rules(annotated, AnnotationRules(min_listening_s=10.0))
    result = result_of(annotated)
    assert {one["letter"] for one in result["excluded"]} == {"A"}
    assert Annotation.objects.count() == 12


def test_rules_changed_while_a_draft_is_worked_out_are_kept(
    annotated: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = service.fit_consensus

    def meanwhile(*args: Any) -> Any:
        set_rules(annotated, AnnotationRules(headphones_only=True))
        return real(*args)

    monkeypatch.setattr(service, "fit_consensus", meanwhile)
    compute_draft(annotated, now=NOW)
    assert ConsensusDraft.objects.get().rules["headphones_only"] is True


def test_simulated_answers_are_said_in_a_note(annotated: Campaign) -> None:
    Annotator.objects.filter(number=1).update(kind="simulated")
    assert "3 of 12 annotations are simulated" in result_of(annotated)["notes"][0]


def test_the_draft_is_worked_out_once_for_many_answers(annotated: Campaign) -> None:
    jobs: Any = apps.get_model("config", "Job").objects
    assert jobs.filter(kind="compute_consensus", state="queued").count() == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"min_mixing_years": -1.0}, "min_mixing_years"),
        ({"min_listening_s": float("nan")}, "min_listening_s"),
        ({"by": "nobody"}, "no account 'nobody'"),
    ],
)
def test_wrong_options_freeze_nothing(annotated: Campaign, options: dict, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("freeze_consensus", annotated.key, **options)
    assert not Consensus.objects.exists()


def test_an_unknown_or_doubtful_campaign_is_one_line(
    make_campaign: Callable[..., Campaign], researcher: Any, stranger: Any
) -> None:
    with pytest.raises(CommandError, match="no campaign 'nothing'"):
        call_command("freeze_consensus", "nothing")
    for owner in (researcher, stranger):
        make_campaign(1, name="Twice", owner=owner)
    with pytest.raises(CommandError, match="2 campaigns are called 'Twice': give a key"):
        call_command("freeze_consensus", "Twice")


def test_cannot_judge_is_no_annotation(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(1, overlap=4, repeats=0)
    annotate_all(campaign, 3)
    assignment = next_assignment(annotator=join(campaign)[0].annotator, now=NOW)
    assert assignment is not None
    save_again(assignment, answer("declined-key", cannot_judge="too quiet"))
    assert result_of(campaign)["n_annotations"] == 3
