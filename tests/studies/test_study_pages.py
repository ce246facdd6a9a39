"""The list of studies, sharing, cloning, taking in and out, preparing, proof-reading, opening."""

import io
import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from studies.models import AuditLine, Study, StudyVersion
from studies.protocol.reading import read_spec
from studies.protocol.writing import spec_toml, to_toml
from studies.services import designing
from tests.studies.conftest import NOW
from tests.studies.design_cast import client_of
from tests.studies.study_cast import (
    SYSTEMS,
    block_data,
    make_study,
    open_study,
    prepared_study,
    rules_only,
)


def text_of(answered: Any) -> str:
    return answered.content.decode()


def test_the_first_visit_teaches_how_to_begin(researcher: Any) -> None:
    text = text_of(client_of(researcher).get(reverse("studies")))
    assert "No study yet" in text
    assert reverse("study-new") in text


def test_the_list_asks_as_often_for_many_studies_as_for_one(
    researcher: Any, django_assert_max_num_queries: Any
) -> None:
    client, counts = client_of(researcher), []
    for number in (1, 2, 3):
        study = make_study(researcher, songs=2, title=f"Study {number}")
        designing.share(study, get_user_model().objects.create_user(f"c{number}"), "view",
                        researcher, NOW)  # fmt: skip
        with django_assert_max_num_queries(10) as captured:
            text = text_of(client.get(reverse("studies")))
        assert f"Study {number}" in text
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2]


def test_the_list_shows_own_and_shared_studies_and_no_others(
    researcher: Any, stranger: Any
) -> None:
    make_study(researcher, songs=2, title="Mine alone")
    shared = make_study(researcher, songs=2, title="Given to see")
    designing.share(shared, stranger, "view", researcher, NOW)
    text = text_of(client_of(stranger).get(reverse("studies")))
    assert "Given to see" in text
    assert "Mine alone" not in text


def test_a_colleague_is_given_a_right_and_loses_it_again(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher, songs=2)
    client, address = client_of(researcher), reverse("study-share", args=[study.key])
    assert client.post(address, {"username": "stranger", "may": "run"}).status_code == 302
    assert designing.may(stranger, study) == "run"
    client.post(reverse("study-unshare", args=[study.key]), {"username": "stranger"})
    assert designing.may(stranger, study) == ""
    acts = list(AuditLine.objects.filter(study=study).values_list("act", flat=True))
    assert acts == ["created", "shared", "unshared"]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"username": "nobody here", "may": "view"}, "No account is called"),
        ({"username": "researcher", "may": "view"}, "owns this study"),
        ({"username": "stranger", "may": "everything"}, "not one of the available choices"),
    ],
)
def test_sharing_with_nobody_or_for_nothing_is_refused(
    researcher: Any, stranger: Any, sent: Any, says: str
) -> None:
    study = make_study(researcher, songs=2)
    answered = client_of(researcher).post(reverse("study-share", args=[study.key]), sent)
    assert answered.status_code == 400
    assert says in text_of(answered)
    assert not study.members.exists()


def test_a_colleague_clones_a_study_into_one_of_their_own(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher, songs=2)
    designing.share(study, stranger, "view", researcher, NOW)
    address = reverse("study-clone", args=[study.key])
    assert client_of(stranger).post(address, {"title": "Again"}).status_code == 302
    made = Study.objects.get(owner=stranger)
    assert (made.title, made.cloned_from) == ("Again", study)
    assert made.latest.spec == study.latest.spec | {"title": "Again"}


def test_a_spec_goes_out_and_comes_in_as_toml_and_as_json(researcher: Any) -> None:
    study = make_study(researcher, songs=3)
    client = client_of(researcher)
    for format_ in ("toml", "json"):
        given = client.get(reverse("study-spec", args=[study.key, format_]))
        assert "attachment" in given["Content-Disposition"]
        file = SimpleUploadedFile(f"spec.{format_}", given.content)
        assert client.post(reverse("study-import"), {"file": file}).status_code == 302
        made = Study.objects.order_by("-pk")[0]
        assert made != study
        assert made.latest.spec == study.latest.spec


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("spec.toml", b"title = ", "spec.toml:"),
        ("spec.json", b"[" * 2000, "spec.json:"),
        ("spec.toml", b"\xff\xfe", "spec.toml:"),
        ("spec.toml", b'title = "x"', "items: is missing"),
        ("spec.json", b"[]", "one object"),
    ],
)
def test_a_file_that_is_no_spec_is_refused_by_its_name(
    researcher: Any, name: str, content: bytes, says: str
) -> None:
    file = SimpleUploadedFile(name, content)
    answered = client_of(researcher).post(reverse("study-import"), {"file": file})
    assert answered.status_code == 400
    assert says in text_of(answered)
    assert not Study.objects.exists()


def test_an_archive_goes_out_and_the_worker_takes_it_in(
    researcher: Any, work: Callable[[], list[Any]]
) -> None:
    study = make_study(researcher, songs=3)
    client = client_of(researcher)
    answered = client.get(reverse("study-archive", args=[study.key]))
    content = b"".join(answered.streaming_content)
    file = SimpleUploadedFile("study.zip", content)
    followed = client.post(reverse("study-import"), {"file": file})
    assert "Waiting for the worker" in text_of(client.get(followed["Location"]))
    (job,) = work()
    assert job.error == ""
    made = Study.objects.exclude(pk=study.pk).get()
    assert client.get(followed["Location"])["Location"] == reverse("study-edit", args=[made.key])
    assert made.latest.spec["blocks"] == study.latest.spec["blocks"]


def test_an_archive_that_is_none_is_refused_without_a_path(
    researcher: Any, work: Callable[[], list[Any]]
) -> None:
    client = client_of(researcher)
    file = SimpleUploadedFile("study.zip", b"no archive")
    followed = client.post(reverse("study-import"), {"file": file})
    (job,) = work()
    assert "no readable ZIP" in job.error
    assert "/" not in job.error
    assert "no readable ZIP" in text_of(client.get(followed["Location"]))
    assert not Study.objects.exists()


def test_a_draft_is_edited_as_toml_under_the_same_checks(researcher: Any) -> None:
    study = make_study(researcher, songs=3)
    client, address = client_of(researcher), reverse("study-toml", args=[study.key])
    text = spec_toml(read_spec(study.latest.spec))
    assert client.post(address, {"toml": text.replace("A study", "Typed")}).status_code == 302
    assert study.latest.spec["title"] == "Typed"
    refused = client.post(address, {"toml": text + "\nbroken ="})
    assert refused.status_code == 400
    assert "TOML:" in text_of(refused)
    assert "broken =" in text_of(refused)
    live = client.post(address, {"toml": text.replace("overlap = 1", "overlap = 0"),
                                 "_do": "check"}, headers={"HX-Request": "true"})  # fmt: skip
    assert "order.overlap = 0" in text_of(live)
    assert study.latest.spec["title"] == "Typed"


@pytest.mark.parametrize(
    "text",
    ["plain", 'with "quotes" and \\ and \\n', "two\nlines", "ends \\", 'three """', "\x7f", "é€"],
)
def test_every_text_is_written_as_toml_that_reads_the_same(text: str) -> None:
    data = {"a": text, "b": {"c d": [text], "e": [{"f": text}, {"f": None}]}, "g": [["x", text]]}
    read = tomllib.loads(to_toml(data))
    assert read == {"a": text, "b": {"c d": [text], "e": [{"f": text}, {}]}, "g": [["x", text]]}


def test_a_preset_whose_values_were_taken_away_is_not_filled_in_again(researcher: Any) -> None:
    spec = read_spec({"preset": "differential-vs-baseline", "title": "x"})
    without = spec.model_copy(update={"plan": spec.plan.model_copy(update={"primary": None})})
    assert read_spec(tomllib.loads(spec_toml(spec))) == spec
    assert read_spec(tomllib.loads(spec_toml(without))).plan.primary is None


def test_a_preview_takes_the_form_as_it_stands_and_keeps_no_answer(researcher: Any) -> None:
    study = make_study(researcher, songs=3)
    client = client_of(researcher)
    page = client.get(reverse("study-preview-trial", args=[study.key]))
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert all(name not in text_of(page) for name in SYSTEMS)
    saved = client.post(
        reverse("study-preview-save", args=[study.key]),
        json.dumps({"seq": 3, "submit": {"key": "k", "values": {"better": "A"}}}),
        content_type="application/json",
    )
    assert saved.json()["saved_seq"] == 3
    assert saved.json()["submitted"]["revision"] == 1
    assert not study.latest.raters.exists()


@pytest.mark.parametrize(
    "type_", ["pairwise advice", "rated advice", "multi-stimulus", "mushra", "ranking"]
)
def test_every_type_of_trial_can_be_previewed(researcher: Any, type_: str) -> None:
    study = make_study(researcher, songs=3, types=(type_,))
    address = reverse("study-preview-trial", args=[study.key])
    answered = client_of(researcher).get(address)
    assert answered.status_code == 200
    asked = study.latest.spec["blocks"][0]["questions"][0]["text"]
    assert asked in text_of(answered)


def test_preparing_is_asked_of_the_worker_and_its_end_is_shown(
    researcher: Any, work: Callable[[], list[Any]], settings: Any
) -> None:
    settings.CHECKPOINTS = rules_only()
    study = make_study(researcher, songs=4)
    client = client_of(researcher)
    followed = client.post(reverse("study-prepare", args=[study.key]))
    assert "Waiting for the worker" in text_of(client.get(followed["Location"]))
    (job,) = work()
    assert (job.state, job.result["problems"]) == ("done", [])
    page = text_of(client.get(followed["Location"]))
    assert "Nothing to read yet" not in page
    assert 'name="text"' in page


@pytest.fixture
def version(researcher: Any) -> StudyVersion:
    return prepared_study(researcher)


def change(version: StudyVersion, text: str, **more: Any) -> Any:
    address = reverse("study-proof-change", args=[version.study.key, 1, 1])
    client = client_of(version.study.owner)
    return client.post(address, {"text": text}, headers={"HX-Request": "true"}, **more)


def test_a_text_is_put_right_its_original_kept_and_the_change_noted(version: StudyVersion) -> None:
    stimulus = version.items.get(number=1).stimuli.get(number=1)
    original = stimulus.text
    answered = text_of(change(version, "Raise the vocals by <b>6</b> dB."))
    stimulus.refresh_from_db()
    assert stimulus.text == "Raise the vocals by <b>6</b> dB."
    assert stimulus.advice.prose == original
    assert "<b>6</b>" not in answered
    assert "What the system said" in answered
    line = AuditLine.objects.get(study=version.study, act="text changed")
    assert (line.by, line.detail["n_words"]) == (version.study.owner, 6)
    change(version, "Raise the vocals by <b>6</b> dB.")
    assert AuditLine.objects.filter(act="text changed").count() == 1


@pytest.mark.parametrize(("text", "says"), [("  \n ", "is empty"), ("a" * 5001, "at most 5000")])
def test_an_empty_or_enormous_text_is_refused(version: StudyVersion, text: str, says: str) -> None:
    before = version.items.get(number=1).stimuli.get(number=1).text
    assert says in text_of(change(version, text))
    assert version.items.get(number=1).stimuli.get(number=1).text == before


def test_proof_reading_hides_who_wrote_what_until_asked(version: StudyVersion) -> None:
    client = client_of(version.study.owner)
    address = reverse("study-proof", args=[version.study.key])
    assert all(name not in text_of(client.get(address)) for name in SYSTEMS)
    assert SYSTEMS[0] in text_of(client.get(address, {"names": "1"}))


def test_a_colleague_who_has_not_unblinded_never_reads_names(
    version: StudyVersion, stranger: Any
) -> None:
    designing.share(version.study, stranger, "unblind", version.study.owner, NOW)
    address = reverse("study-proof", args=[version.study.key])
    page = text_of(client_of(stranger).get(address, {"names": "1"}))
    assert all(name not in page for name in SYSTEMS)


def test_the_proof_page_asks_as_often_for_many_items_as_for_few(
    researcher: Any, django_assert_max_num_queries: Any
) -> None:
    order = {"participants": 2, "trials_per_person": 1, "overlap": 1, "repeats": 0}
    client, counts = client_of(researcher), []
    for songs in (3, 6):
        address = reverse(
            "study-proof", args=[prepared_study(researcher, songs=songs, order=order).study.key]
        )
        with django_assert_max_num_queries(12) as captured:
            client.get(address)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_problem_mixes_can_be_heard(version: StudyVersion) -> None:
    item = version.items.get(number=1)
    problem = item.stimuli.get(role="problem")
    address = reverse("study-proof-sound", args=[version.study.key, 1, problem.number])
    answered = client_of(version.study.owner).get(address)
    content = answered.content
    assert answered["Content-Type"] == "audio/flac"
    assert len(content) == problem.rendering["n_bytes"]
    assert io.BytesIO(content).read(4) == b"fLaC"


def test_opening_lists_what_is_missing_and_freezes_nothing(researcher: Any) -> None:
    study = make_study(researcher, songs=4, texts={"consent": ""})
    client, address = client_of(researcher), reverse("study-open", args=[study.key])
    page = text_of(client.get(address))
    assert "not made since the spec changed" in page
    assert "no consent text" in page
    assert client.post(address).status_code == 400
    assert study.latest.state == "draft"


def test_a_prepared_draft_is_frozen_and_open(version: StudyVersion, settings: Any) -> None:
    settings.CHECKPOINTS = rules_only()
    client = client_of(version.study.owner)
    address = reverse("study-open", args=[version.study.key])
    assert "everything is there" in text_of(client.get(address))
    assert client.post(address).status_code == 302
    version.refresh_from_db()
    assert (version.state, len(version.protocol_hash)) == ("open", 64)


def test_a_frozen_text_cannot_be_put_right(db: None) -> None:
    version = open_study()
    before = version.items.get(number=1).stimuli.get(number=1).text
    assert "frozen" in text_of(change(version, "Something else."))
    assert version.items.get(number=1).stimuli.get(number=1).text == before


def test_strange_blocks_names_and_items_in_addresses_do_no_harm(researcher: Any) -> None:
    study = make_study(researcher, songs=3, blocks=[block_data("pairwise advice")])
    client = client_of(researcher)
    for name in ("study-preview", "study-preview-trial", "study-proof"):
        answered = client.get(
            reverse(name, args=[study.key]), {"block": "\0<x>", "language": "xx", "page": "-9"}
        )
        assert answered.status_code == 200
    address = reverse("study-proof-sound", args=[study.key, 99, 99])
    assert Client().get(address).status_code == client.get(address).status_code == 404
