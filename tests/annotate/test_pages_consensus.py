"""The consensus of a campaign: table, rules, freezing, and each excerpt's page."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from annotate.models import Campaign, CampaignExcerpt, ConsensusDraft, Decision
from annotate.services.assigning import next_assignment
from annotate.services.consensus import compute_draft, freeze
from tests.annotate.conftest import NOW, join
from tests.annotate.researcher_cast import BALANCE, annotate_all, signed_in, submit

HTMX = {"HX-Request": "true"}
RULES = {"min_mixing_years": "0", "min_listening_s": "0"}


@pytest.fixture
def client(researcher: Any) -> Client:
    return signed_in(researcher)


@pytest.fixture
def annotated(make_campaign: Callable[..., Campaign]) -> Campaign:
    """Three excerpts, four annotators, a draft."""
    campaign = make_campaign(3, overlap=4, repeats=0)
    annotate_all(campaign, 4)
    return campaign


def text(answer: Any) -> str:
    return answer.content.decode()


def item_page(client: Client, item: CampaignExcerpt) -> str:
    return text(client.get(reverse("consensus-item", args=[item.campaign.key, item.key])))


def test_without_annotations_the_page_says_what_is_needed(
    client: Client, campaign: Campaign
) -> None:
    page = text(client.get(reverse("consensus", args=[campaign.key])))
    assert "No consensus yet" in page
    assert "needs three" in page


def test_every_excerpt_has_a_row_with_n_status_spread_and_interval(
    client: Client, annotated: Campaign
) -> None:
    page = text(client.get(reverse("consensus", args=[annotated.key])))
    for item in annotated.items.all():
        row = page.split(reverse("consensus-item", args=[annotated.key, item.key]))[1]
        row = row.split("</tr>")[0]
        assert '<td class="number">4</td>' in row
        assert row.count('<span class="interval">±') == 4


def test_the_page_takes_the_same_queries_for_2_and_for_9_excerpts(
    client: Client, make_campaign: Callable[..., Campaign], django_assert_num_queries: Any
) -> None:
    for excerpts, people in ((2, 3), (9, 4)):
        campaign = make_campaign(excerpts, overlap=4, repeats=0)
        annotate_all(campaign, people)
        # Session, user, campaign, draft, how many excerpts, a page of them, decisions, frozen ones.
        with django_assert_num_queries(8):
            client.get(reverse("consensus", args=[campaign.key]))


def test_rules_are_stored_and_the_draft_is_worked_out_anew(
    client: Client, annotated: Campaign
) -> None:
    chosen = RULES | {"headphones_only": "on", "min_mixing_years": "3"}
    answer = client.post(reverse("consensus-rules", args=[annotated.key]), chosen)
    rules = ConsensusDraft.objects.get(campaign=annotated).rules
    assert rules["headphones_only"] is True
    assert rules["include_simulated"] is False
    assert rules["min_mixing_years"] == 3.0
    page = text(client.get(answer["Location"]))
    assert "Waiting for the worker" in page
    jobs: Any = apps.get_model("config", "Job").objects
    assert jobs.filter(kind="compute_consensus", arguments={"campaign": annotated.key}).exists()


def test_the_form_keeps_the_rules_that_it_does_not_show(
    client: Client, annotated: Campaign
) -> None:
    ConsensusDraft.objects.update(rules={"set_aside": ["some-assignment"]})
    client.post(reverse("consensus-rules", args=[annotated.key]), RULES)
    assert ConsensusDraft.objects.get().rules["set_aside"] == ["some-assignment"]


def test_what_the_rules_leave_out_is_listed_with_its_reason(
    client: Client, annotated: Campaign
) -> None:
    annotated.annotators.filter(number=2).update(mixing_years=1)
    ConsensusDraft.objects.update(rules={"min_mixing_years": 3})
    compute_draft(annotated, now=NOW)
    page = text(client.get(reverse("consensus", args=[annotated.key])))
    assert "3 are left out by the rules" in page
    assert "too few years of mixing" in page


@pytest.mark.parametrize("value", ["-1", "x", "", "nan"])
def test_a_rule_that_is_no_number_is_refused(
    client: Client, annotated: Campaign, value: str
) -> None:
    before = ConsensusDraft.objects.get().rules
    chosen = RULES | {"min_listening_s": value}
    answer = client.post(reverse("consensus-rules", args=[annotated.key]), chosen)
    assert answer.status_code == 400
    assert ConsensusDraft.objects.get().rules == before


def test_freezing_is_asked_of_the_worker_in_the_researchers_name(
    client: Client, annotated: Campaign, researcher: Any
) -> None:
    client.post(reverse("consensus-freeze", args=[annotated.key]))
    jobs: Any = apps.get_model("config", "Job").objects
    job = jobs.get(kind="freeze_consensus")
    assert job.arguments == {"campaign": annotated.key, "user": researcher.pk}
    assert job.owner == researcher


def test_frozen_versions_are_listed_with_their_hash(
    client: Client, annotated: Campaign, researcher: Any
) -> None:
    first = freeze(annotated, by=researcher, now=NOW)
    second = freeze(annotated, by=None, now=NOW)
    page = text(client.get(reverse("consensus", args=[annotated.key])))
    assert "v1" in page
    assert "v2" in page
    assert first.content_hash in page
    assert second.content_hash in page


def test_the_plot_has_a_dot_for_each_annotator_and_the_table_the_same_numbers(
    client: Client, annotated: Campaign
) -> None:
    page = item_page(client, annotated.items.all()[0])
    plot = page.split('class="plot strip-plot"')[1].split("</figure>")[0]
    assert plot.count("<circle") == 16
    assert plot.count('class="interval-bar"') == 4
    assert sorted(set(re.findall(r'class="dot-letter"[^>]*>(\w)<', plot))) == list("ABCD")
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    assert table.count("<tr") == 1 + 4


def test_a_repeat_stands_right_after_the_first_annotation_of_its_letter(
    client: Client, annotated: Campaign
) -> None:
    item = annotated.items.all()[0]
    stored = ConsensusDraft.objects.get()
    one = next(e for e in stored.result["excerpts"] if e["item"] == item.key)
    one["annotations"].append({**one["annotations"][1], "repeat": 1})
    stored.save()
    table = item_page(client, item).split("<tbody>")[1].split("</tbody>")[0]
    assert re.findall(r'class="letter">(\w′?)<', table) == ["A", "B", "B′", "C", "D"]


def test_a_stem_that_is_off_has_no_dot_and_is_called_off(
    client: Client, annotated: Campaign
) -> None:
    item = annotated.items.all()[0]
    stored = ConsensusDraft.objects.get()
    one = next(e for e in stored.result["excerpts"] if e["item"] == item.key)
    one["annotations"][0]["balance_db"]["bass"] = None
    stored.save()
    page = item_page(client, item)
    assert page.split('class="plot strip-plot"')[1].split("</figure>")[0].count("<circle") == 15
    assert "off</span>" in page.split("<tbody>")[1]


def test_names_and_notes_never_stand_beside_a_balance(client: Client, annotated: Campaign) -> None:
    annotated.annotators.update(note="Grace Hopper")
    assert "Grace Hopper" not in item_page(client, annotated.items.all()[0])


def test_previous_and_next_lead_through_all_excerpts(client: Client, annotated: Campaign) -> None:
    items = list(annotated.items.all())
    address = reverse("consensus-item", args=[annotated.key, items[0].key])
    seen = []
    while address:
        page = text(client.get(address))
        seen.append(address)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found.group(1) if found else ""
    expected = [reverse("consensus-item", args=[annotated.key, item.key]) for item in items]
    assert seen == expected
    assert f'rel="prev" href="{expected[-2]}"' in page


def test_the_player_gets_released_consensus_and_everybody_by_letter(
    client: Client, heard_campaign: Campaign
) -> None:
    annotate_all(heard_campaign, 3)
    page = item_page(client, heard_campaign.items.get())
    player = json.loads(page.split('id="player" type="application/json">')[1].split("</script")[0])
    gains = {version["id"]: version["gains_db"] for version in player["versions"]}
    assert gains["released"] == dict.fromkeys(BALANCE, 0.0)
    assert gains["annotation-0"] == pytest.approx(dict(BALANCE), abs=0.1)
    assert set(gains) == {"released", "consensus", *(f"annotation-{n}" for n in range(3))}
    assert player["target_lufs"] == heard_campaign.target_loudness_lufs


def test_comments_and_reasons_for_not_judging_are_shown(
    client: Client, annotated: Campaign, make_campaign: Callable[..., Campaign]
) -> None:
    campaign = make_campaign(1, overlap=4, repeats=0)
    for invitation, said in zip(
        join(campaign, 3),
        ({"comment": "bass was hard"}, {}, {"cannot_judge": "it crackles"}),
        strict=True,
    ):
        assignment = next_assignment(annotator=invitation.annotator, now=NOW)
        assert assignment is not None
        submit(assignment, **said)
    compute_draft(campaign, now=NOW)
    page = item_page(client, campaign.items.get())
    assert "bass was hard" in page
    assert "it crackles" in page


@pytest.mark.parametrize(
    ("sent", "verdict", "places"),
    [
        ({"verdict": "accept"}, "accept", 4),
        ({"verdict": "ask more", "extra": "3"}, "ask more", 7),
        ({"verdict": "set aside", "reason": "clipped vocals"}, "set aside", 4),
    ],
)
def test_a_decision_is_kept_and_shown(
    client: Client, annotated: Campaign, sent: dict[str, str], verdict: str, places: int
) -> None:
    item = annotated.items.all()[1]
    address = reverse("consensus-decide", args=[annotated.key, item.key])
    page = text(client.post(address, sent, follow=True))
    decision = Decision.objects.get()
    assert (decision.item, decision.verdict) == (item, verdict)
    assert item.slots.count() == places
    assert str(decision.get_verdict_display()) in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "required"),
        ({"verdict": "delete"}, "not one of the available choices"),
        ({"verdict": "set aside", "reason": "  "}, "Say why"),
        ({"verdict": "ask more", "extra": ""}, "Say how many more"),
        ({"verdict": "ask more", "extra": "21"}, "less than or equal to 20"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_with_the_reason(
    client: Client, annotated: Campaign, sent: dict[str, str], told: str
) -> None:
    item = annotated.items.all()[0]
    answer = client.post(reverse("consensus-decide", args=[annotated.key, item.key]), sent)
    assert answer.status_code == 400
    assert told in text(answer)
    assert not Decision.objects.exists()


def test_an_item_of_another_campaign_is_not_found(
    client: Client, annotated: Campaign, campaign: Campaign
) -> None:
    address = reverse("consensus-item", args=[annotated.key, campaign.items.all()[0].key])
    assert client.get(address).status_code == 404
