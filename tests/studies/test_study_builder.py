"""The builder: a form that is the spec, checked while it is typed."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studies.design.form_data import read_form
from studies.models import Study
from studies.protocol.reading import preset_names, read_spec
from studies.services import freezing
from tests.studies.design_cast import client_of, form_fields
from tests.studies.study_cast import block_data, make_study, open_study

HTMX = {"HX-Request": "true"}


@pytest.fixture
def study(db: None) -> Study:
    return make_study(songs=4)


@pytest.fixture
def owner(study: Study) -> Client:
    return client_of(study.owner)


def page(client: Client, study: Study) -> str:
    answered = client.get(reverse("study-edit", args=[study.key]))
    assert answered.status_code == 200
    return answered.content.decode()


def send(client: Client, study: Study, fields: dict[str, Any], **more: Any) -> Any:
    return client.post(reverse("study-edit", args=[study.key]), fields | more)


def error_at(text: str, path: str) -> str:
    found = re.search(rf'id="f-{path}-error"[^>]*>([^<]*)<', text)
    assert found, path
    return found.group(1)


TYPES = ("pairwise advice", "rated advice", "multi-stimulus", "mushra", "ranking")
PLAN = {
    "primary": {"block": "pairwise-advice", "question": "better", "contrast": None},
    "exclusions": [{"rule": "attention at least", "value": 1}, {"rule": "complete"}],
    "family": ["better", "helpful"],
    "smallest_effect": 0.1,
}
BOTH = {"en": "You take part freely.", "de": "Sie nehmen freiwillig teil."}


@pytest.mark.parametrize(
    "changed",
    [
        {"types": TYPES, "plan": PLAN},
        {"languages": ["en", "de"], "texts": {"consent": BOTH}},
        # German is kept though the study is offered in English only.
        {"texts": {"consent": BOTH}},
        {"types": TYPES[:1], "crowd": {"platform": "prolific", "return_url": "https://a.example/"}},
    ],
)
def test_a_form_that_is_sent_back_unchanged_is_the_same_spec(db: None, changed: Any) -> None:
    study = make_study(songs=4, **changed)
    before = read_spec(study.latest.spec)
    client = client_of(study.owner)
    assert send(client, study, form_fields(page(client, study))).status_code == 302
    assert read_spec(study.latest.spec) == before


@pytest.mark.parametrize("name", [*preset_names(), "blank"])
def test_every_preset_begins_a_draft_whose_form_is_the_same_spec(
    researcher: Any, name: str
) -> None:
    client = client_of(researcher)
    made = client.post(reverse("study-new"), {"title": "New", "begin_with": name})
    assert made.status_code == 302, made.content.decode()
    study = Study.objects.get()
    fields = form_fields(page(client, study))
    assert read_spec(read_form(fields.items())) == read_spec(study.latest.spec)
    assert study.title == "New"


def test_what_is_typed_is_saved(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study))
    fields |= {"title": "Another title", "order.participants": "9", "plan.alpha": "0.01"}
    assert send(owner, study, fields).status_code == 302
    spec = read_spec(study.latest.spec)
    assert (spec.title, spec.order.participants, spec.plan.alpha) == ("Another title", 9, 0.01)
    study.refresh_from_db()
    assert study.title == "Another title"


@pytest.mark.parametrize(
    ("field", "value", "path", "says"),
    [
        ("order.overlap", "lots", "order-overlap", "whole number"),
        ("order.overlap", "", "order-overlap", "whole number"),
        ("plan.alpha", "0.7", "plan-alpha", "less than 0.5"),
        ("blocks[0].questions[0].key", "Not A Slug", "blocks-0-questions-0-key", "match"),
        ("blocks[0].type", "mushra", "blocks-0-questions", "kind scale"),
        ("blocks[0].systems[]", ["zero"], "blocks-0-systems", "at least 2"),
        ("items.listed", "nobody vocals=3", "items-listed", "no excerpt"),
        ("items.listed", "x vocals=loud", "items-listed", "must be a number"),
        ("crowd.return_url", "http://a.example/", "crowd", "https://"),
        ("texts.consent", ["a" * 20_001], "texts-consent", "20000"),
    ],
)
def test_a_fault_is_told_at_the_field_that_it_is_about(
    owner: Client, study: Study, field: str, value: Any, path: str, says: str
) -> None:
    fields = form_fields(page(owner, study))
    name = f"{field}.en" if field == "texts.consent" else field
    live = owner.post(reverse("study-check", args=[study.key]), fields | {name: value})
    assert live.status_code == 200
    assert says in error_at(live.content.decode(), path)


def test_a_form_with_a_fault_is_refused_whole_and_keeps_what_was_typed(
    owner: Client, study: Study
) -> None:
    before = study.latest.spec
    fields = form_fields(page(owner, study)) | {"order.overlap": "lots", "title": "Typed"}
    answered = send(owner, study, fields)
    text = answered.content.decode()
    assert answered.status_code == 400
    assert study.latest.spec == before
    assert 'value="Typed"' in text
    assert "whole number" in error_at(text, "order-overlap")
    assert 'aria-invalid="true"' in text


def test_an_unknown_system_is_refused_by_name(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study)) | {"blocks[0].systems[]": ["zero", "oracle9"]}
    text = send(owner, study, fields).content.decode()
    assert "oracle9" in error_at(text, "blocks-0-systems")


def test_checking_saves_nothing_and_takes_back_faults_that_are_mended(
    owner: Client, study: Study
) -> None:
    before = study.latest.spec
    fields = form_fields(page(owner, study))
    address = reverse("study-check", args=[study.key])
    live = owner.post(address, fields | {"order.overlap": "lots"}).content.decode()
    shown = re.search(r'name="_shown"[^>]*value="([^"]*)"', live)
    assert shown
    assert shown.group(1) == "f-order-overlap"
    mended = owner.post(address, fields | {"_shown": shown.group(1)}).content.decode()
    assert error_at(mended, "order-overlap") == ""
    assert "not saved" in live
    assert "not saved" not in mended
    assert study.latest.spec == before


def test_numbers_of_the_design_are_worked_out_live(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study)) | {"order.overlap": "2"}
    live = owner.post(reverse("study-check", args=[study.key]), fields).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", live))
    assert "Comparisons 4 on 4 excerpts" in text
    assert "Lists 6 of 6 trials" in text
    assert "Overlap 4 at least for each; 2 asked" in text
    assert "People needed 3 for an overlap of 2" in text
    assert "connected" in text


def test_a_design_that_cannot_be_dealt_can_be_saved_but_says_so(
    owner: Client, study: Study
) -> None:
    fields = form_fields(page(owner, study)) | {"order.participants": "2", "order.overlap": "2"}
    live = owner.post(reverse("study-check", args=[study.key]), fields).content.decode()
    assert "not run yet" in live
    assert "need 8 trials" in live
    assert send(owner, study, fields).status_code == 302


def test_a_block_can_be_added_moved_and_taken_out_without_saving(
    owner: Client, study: Study
) -> None:
    before = study.latest.spec
    fields = form_fields(page(owner, study))
    added = form_fields(send(owner, study, fields, _do="add:blocks").content.decode())
    assert added["blocks[1].key"] == ["block-1"]
    moved = form_fields(send(owner, study, added, _do="up:blocks[1]").content.decode())
    assert moved["blocks[0].key"] == ["block-1"]
    assert moved["blocks[1].key"] == ["pairwise-advice"]
    left = form_fields(send(owner, study, moved, _do="remove:blocks[0]").content.decode())
    assert left == fields
    assert study.latest.spec == before


@pytest.mark.parametrize("path", ["blocks[0].questions", "plan.exclusions", "blocks[0].contrasts"])
def test_questions_rules_and_pairs_can_be_added_and_taken_out(
    owner: Client, study: Study, path: str
) -> None:
    fields = form_fields(page(owner, study))
    added = form_fields(send(owner, study, fields, _do=f"add:{path}").content.decode())
    new = sorted(set(added) - set(fields))
    assert new
    assert all(name.startswith(path) for name in new)
    last = max(int(re.findall(r"\[(\d+)\]", name[len(path) :])[0]) for name in new)
    text = send(owner, study, added, _do=f"remove:{path}[{last}]").content.decode()
    assert form_fields(text) == fields


@pytest.mark.parametrize(
    "action", ["remove:blocks[7]", "add:texts", "explode:blocks[0]", "up:x", "add:blocks.x.y"]
)
def test_an_action_that_leads_nowhere_is_told_and_loses_nothing(
    owner: Client, study: Study, action: str
) -> None:
    fields = form_fields(page(owner, study)) | {"title": "Typed"}
    answered = send(owner, study, fields, _do=action)
    assert answered.status_code == 200
    assert form_fields(answered.content.decode())["title"] == ["Typed"]
    assert 'class="notice bad"' in answered.content.decode()


def test_a_new_type_shows_the_fields_of_that_type(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study)) | {"blocks[0].type": "mushra"}
    text = send(owner, study, fields, _do="show:blocks[0].type").content.decode()
    assert 'name="blocks[0].hidden_reference"' in text
    assert 'name="blocks[0].advice.max_words"' not in text


def test_a_text_can_be_given_in_every_language(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study)) | {"languages[]": ["en", "de"]}
    shown = form_fields(send(owner, study, fields, _do="show:languages").content.decode())
    assert shown["texts.consent.en"] == ["You take part freely."]
    assert shown["texts.consent.de"] == [""]
    assert send(owner, study, shown | {"texts.consent.de": "Freiwillig."}).status_code == 302
    texts = read_spec(study.latest.spec).texts
    assert texts.consent == {"en": "You take part freely.", "de": "Freiwillig."}
    assert texts.debriefing == "Thank you."


def test_a_text_that_lacks_the_first_language_is_refused(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study)) | {"languages[]": ["en", "de"]}
    fields |= {"texts.consent.en": "", "texts.consent.de": "Freiwillig."}
    text = send(owner, study, fields).content.decode()
    assert "language &#x27;en&#x27;" in error_at(text, "texts-consent")


def test_for_htmx_the_answer_is_the_form_alone(owner: Client, study: Study) -> None:
    fields = form_fields(page(owner, study))
    address = reverse("study-edit", args=[study.key])
    answered = owner.post(address, fields | {"_do": "save"}, headers=HTMX)
    text = answered.content.decode()
    assert answered.status_code == 200
    assert "<html" not in text
    assert "Saved at" in text


def test_markup_in_texts_is_shown_as_text(db: None) -> None:
    evil = "<script>alert(1)</script>"
    block = block_data("pairwise advice", title=evil, instructions=evil)
    study = make_study(blocks=[block], songs=4, texts={"consent": evil})
    client = client_of(study.owner)
    for name in ("study-edit", "study-toml", "study-preview", "study-preview-trial"):
        text = client.get(reverse(name, args=[study.key])).content.decode()
        assert evil not in text, name


def test_a_frozen_version_is_shown_and_cannot_be_changed(db: None) -> None:
    version = open_study()
    client = client_of(version.study.owner)
    text = page(client, version.study)
    assert version.protocol_hash in text
    assert "Make a new version" in text
    assert 'id="builder"' not in text
    answered = send(client, version.study, {"title": "Another"}, _do="save")
    assert answered.status_code == 400
    version.refresh_from_db()
    assert version.spec["title"] == "A study"


def test_a_new_version_begins_as_a_copy_and_the_frozen_one_stays(db: None) -> None:
    version = open_study()
    client = client_of(version.study.owner)
    client.post(reverse("study-new-version", args=[version.study.key]))
    draft = version.study.latest
    assert (draft.number, draft.state, draft.spec) == (2, "draft", version.spec)
    fields = form_fields(page(client, version.study)) | {"title": "Second"}
    assert send(client, version.study, fields).status_code == 302
    version.refresh_from_db()
    assert version.spec["title"] == "A study"
    assert freezing.protocol_of(version)["spec"] == version.spec
