"""Drafts, versions, clones, rights."""

from typing import Any

import pytest

from studies.models import Study
from studies.protocol.reading import read_spec
from studies.services import designing, freezing
from studies.services.refusing import Refused
from tests.annotate.conftest import NOW
from tests.studies.study_cast import freeze, make_study, open_study, prepare, study_data

pytestmark = pytest.mark.django_db


def test_a_study_begins_as_a_draft_and_says_who_made_it(researcher: Any) -> None:
    study = make_study(researcher)
    version = study.latest
    assert (version.number, version.state, study.title) == (1, "draft", "A study")
    assert list(study.audit.values_list("act", "by")) == [("created", researcher.pk)]


def test_an_unknown_system_is_refused_and_nothing_is_made(researcher: Any) -> None:
    data = study_data()
    data["blocks"][0]["systems"] = ["zero", "wizard"]
    with pytest.raises(Refused, match=r"blocks\[0\].*no system 'wizard'; known are differential"):
        designing.create_study(researcher, read_spec(data), NOW)
    assert not Study.objects.exists()


def test_a_system_that_knows_the_answer_is_refused(researcher: Any) -> None:
    data = study_data()
    data["blocks"][0]["systems"] = ["zero", "oracle"]
    with pytest.raises(Refused, match="no system 'oracle'"):
        designing.create_study(researcher, read_spec(data), NOW)


def test_a_draft_changes_and_a_frozen_version_never_does() -> None:
    version = open_study()
    before = version.spec
    with pytest.raises(Refused, match="frozen"):
        designing.save_draft(version, read_spec(study_data(title="Another")), NOW)
    version.refresh_from_db()
    assert version.spec == before
    draft = designing.new_version(version.study, NOW)
    designing.save_draft(draft, read_spec(study_data(title="Another")), NOW)
    draft.refresh_from_db()
    assert draft.spec["title"] == draft.study.title == "Another"


def test_there_is_one_draft_at_a_time() -> None:
    study = open_study().study
    designing.new_version(study, NOW)
    with pytest.raises(Refused, match="draft already"):
        designing.new_version(study, NOW)


def test_freezing_a_new_version_closes_the_one_before() -> None:
    first = open_study()
    second = designing.new_version(first.study, NOW)
    prepare(second)
    freeze(second)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("closed", "open", 2)
    with pytest.raises(Refused, match="cannot be resumed"):
        freezing.resume(first, None, NOW)


def test_a_clone_has_the_spec_and_nobodys_answers(researcher: Any) -> None:
    first = open_study()
    clone = designing.clone_study(first.study, researcher, "A copy", NOW)
    assert clone.latest.spec == first.spec | {"title": "A copy"}
    assert (clone.owner, clone.cloned_from) == (researcher, first.study)
    assert not clone.latest.raters.exists()
    assert clone.latest.state == "draft"


def test_rights_are_as_given_and_nothing_for_strangers(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher)
    assert designing.may(researcher, study) == "own"
    assert designing.may(stranger, study) == ""
    for right in ("view", "run", "unblind"):
        designing.share(study, stranger, right, researcher, NOW)
        assert designing.may(stranger, study) == right
    assert designing.may_at_least(stranger, study, "run")
    assert not designing.may_at_least(stranger, study, "own")
    designing.unshare(study, stranger, researcher, NOW)
    assert designing.may(stranger, study) == ""
    acts = list(study.audit.values_list("act", flat=True))
    assert acts == ["created", "shared", "shared", "shared", "unshared"]


def test_an_account_that_was_closed_may_nothing(researcher: Any) -> None:
    study = make_study(researcher)
    researcher.is_active = False
    assert designing.may(researcher, study) == ""


def test_a_right_that_does_not_exist_is_refused(researcher: Any, stranger: Any) -> None:
    with pytest.raises(Refused, match="'everything' is no right"):
        designing.share(make_study(researcher), stranger, "everything", researcher, NOW)
