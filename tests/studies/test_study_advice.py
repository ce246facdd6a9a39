"""generate_advice: every system on every item, once; resumable; told where something is missing."""

from typing import Any

import pytest

from modeling.systems.entries import equal_loudness
from modeling.systems.interface import Options, SystemFailedError
from studies.models import Advice, Stimulus, StudyVersion, System
from studies.services import study_advice
from studies.services.refusing import Refused
from tests.annotate.conftest import NOW
from tests.studies.study_cast import (
    block_data,
    make_study,
    nothing,
    prepare,
    prepared_study,
    rules_speak,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(db: None) -> StudyVersion:
    """Two songs, one system that leaves all as it is and one that levels."""
    return make_study(
        blocks=[block_data("rated advice", systems=["equal_loudness", "zero"])], songs=2
    ).latest


def generate(version: StudyVersion, *systems: str) -> study_advice.Generated:
    with rules_speak():
        return study_advice.generate_advice(version, systems or None, nothing, NOW)


def of_systems(version: StudyVersion) -> list[Stimulus]:
    rows = Stimulus.objects.filter(item__version=version, role="system")
    return list(rows.select_related("advice", "system", "item"))


def test_every_system_advises_on_every_item_with_its_provenance(version: StudyVersion) -> None:
    made = generate(version)
    assert (made.asked, made.known, made.refused) == (4, 0, {})
    for one in of_systems(version):
        assert one.advice is not None
        assert one.system is not None
        assert one.text == one.advice.prose
        assert one.system.name == one.name == one.advice.provenance["system"]
        assert one.advice.problem_db == one.item.problem_db


def test_the_balance_an_advice_leads_to_is_the_problem_and_its_move(version: StudyVersion) -> None:
    generate(version)
    for one in of_systems(version):
        assert one.advice is not None
        move = one.advice.content["move_db"]
        for stem, value in one.item.problem_db.items():
            assert one.balance_db[stem] == pytest.approx(value + move[stem])


def test_asking_again_is_idempotent(version: StudyVersion) -> None:
    generate(version)
    made = generate(version)
    assert (made.asked, made.known) == (0, 4)
    assert Advice.objects.count() == 4


def test_one_system_can_be_asked_alone_and_a_resumed_run_asks_the_rest(
    version: StudyVersion,
) -> None:
    assert generate(version, "zero").asked == 2
    made = generate(version)
    assert (made.asked, made.known) == (2, 2)


def test_a_run_that_died_resumes_where_it_was(
    version: StudyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(progress: float, message: str = "") -> None:
        raise Killed

    with rules_speak(), pytest.raises(Killed):
        study_advice.generate_advice(version, None, die, NOW)
    assert Advice.objects.count() == 2
    made = generate(version)
    assert (made.asked, made.known) == (2, 2)


def test_a_system_that_is_not_the_studys_is_refused(version: StudyVersion) -> None:
    with pytest.raises(Refused, match="--system differential: the study has equal_loudness, zero"):
        generate(version, "differential")


def test_what_a_system_refuses_is_told_and_the_others_go_on(
    version: StudyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, heard: Any, options: Options) -> Any:
        raise SystemFailedError("equal_loudness has no ears today")

    monkeypatch.setattr(equal_loudness.EqualLoudness, "advise", refuse)
    made = generate(version)
    assert made.refused == {"equal_loudness": "equal_loudness has no ears today"}
    assert made.asked == 2


def test_reasons_and_self_checks_off_are_another_advice_kept_beside(version: StudyVersion) -> None:
    generate(version)
    form = {"reasons": False, "self_check": False}
    plain = make_study(
        blocks=[block_data("rated advice", systems=["equal_loudness"], advice=form)], songs=2
    ).latest
    assert generate(plain).asked == 2
    rows = Advice.objects.filter(system__name="equal_loudness")
    assert set(rows.values_list("manner", flat=True)) == {"", "no reasons, no self-check"}
    assert all(not row.content["reasons"] for row in rows.exclude(manner=""))
    assert any(row.content["reasons"] for row in rows.filter(manner=""))


def test_another_checkpoint_is_asked_anew(version: StudyVersion) -> None:
    learned = make_study(
        blocks=[block_data("rated advice", systems=["template_shrinkage"])], songs=1
    ).latest
    generate(learned)
    System.objects.filter(name="template_shrinkage").update(
        provenance={"version": "1", "checkpoint": "older", "bundle": "older"}
    )
    assert generate(learned).asked == 1


def test_a_text_that_was_proof_read_stays_when_asked_again(version: StudyVersion) -> None:
    generate(version)
    Stimulus.objects.filter(pk=of_systems(version)[0].pk).update(text="Mended.")
    generate(version)
    assert of_systems(version)[0].text == "Mended."


def test_texts_outside_the_length_band_are_told() -> None:
    form = {"min_words": 100, "max_words": 200}
    version = prepared_study(
        blocks=[block_data("rated advice", systems=["zero"], advice=form)], songs=2
    )
    told = prepare(version)["outside_band"]
    assert len(told) == 2
    assert "zero: " in told[0]
    assert told[0].endswith("words, not 100 to 200")


def test_an_expert_without_advice_on_the_problem_is_told(version: StudyVersion) -> None:
    System.objects.create(
        name="expert_ann", version="1", title="Ann", kind="expert", created_at=NOW, last_used_at=NOW
    )
    human = make_study(
        blocks=[block_data("rated advice", systems=["expert_ann", "zero"])], songs=2
    ).latest
    made = generate(human)
    assert "has not advised on" in made.refused["expert_ann"]
    assert made.asked == 2
