"""A study opens only when nothing is missing; then it is locked, hashed and never changes."""

import copy
import json
from typing import Any

import pytest
from django.conf import settings

from studies.models import Item, Stimulus, StudyVersion
from studies.protocol.hashing import content_hash
from studies.protocol.reading import read_spec
from studies.services import designing, freezing
from studies.services.freezing import Refused, freeze, problems
from studies.services.items import prepare_items
from studies.services.study_rendering import path_of
from tests.annotate.conftest import NOW
from tests.studies.study_cast import (
    block_data,
    make_excerpts,
    make_study,
    open_study,
    prepared_study,
    study_data,
)
from tests.studies.study_cast import freeze as freeze_with_rules

pytestmark = pytest.mark.django_db


def refusal(version: StudyVersion) -> str:
    """Why it is not frozen; nothing of it is."""
    with pytest.raises(Refused) as refused:
        freeze_with_rules(version)
    version.refresh_from_db()
    assert (version.state, version.protocol_hash, version.lists.count()) == ("draft", "", 0)
    return str(refused.value)


def first_of_systems(version: StudyVersion) -> Stimulus:
    return Stimulus.objects.filter(item__version=version, role="system")[0]


def test_freezing_opens_locks_and_logs() -> None:
    version = open_study()
    assert version.state == "open"
    assert version.frozen_at == NOW
    assert len(version.protocol_hash) == len(version.plan_hash) == 64
    assert version.lists.count() == 6
    line = version.study.audit.get(act="opened")
    assert line.detail["protocol_hash"] == version.protocol_hash
    assert refusal_of_frozen(version) == f"{version} is frozen already"


def refusal_of_frozen(version: StudyVersion) -> str:
    with pytest.raises(Refused) as refused:
        freeze(version, None, NOW)
    return str(refused.value)


def test_a_draft_without_items_is_refused() -> None:
    version = make_study().latest
    assert refusal(version) == "items: not made since the spec changed; run generate_advice"


def test_a_spec_that_changed_after_its_items_were_made_is_refused() -> None:
    version = prepared_study()
    data = copy.deepcopy(version.spec)
    data["items"]["listed"][0]["error_db"]["vocals"] = 4.0
    designing.save_draft(version, read_spec(data), NOW)
    assert "not made since the spec changed" in refusal(version)


def test_missing_advice_is_refused() -> None:
    version = prepared_study()
    row = first_of_systems(version)
    Stimulus.objects.filter(pk=row.pk).update(advice=None, system=None, text="")
    assert refusal(version).endswith(f"{row.name}: no advice yet; run generate_advice")


@pytest.mark.parametrize("text", ["", "  \n "])
def test_empty_text_is_refused(text: str) -> None:
    version = prepared_study()
    Stimulus.objects.filter(pk=first_of_systems(version).pk).update(text=text)
    assert "the text is empty; proof-read it" in refusal(version)


def test_a_text_outside_the_length_band_is_refused() -> None:
    version = prepared_study()
    Stimulus.objects.filter(pk=first_of_systems(version).pk).update(text="word " * 300)
    assert "300 words, not 1 to 200" in refusal(version)


def test_audio_that_is_gone_is_refused() -> None:
    version = prepared_study(types=("multi-stimulus",), audio={"target_lufs": -31.5})
    rendering: dict[str, Any] = first_of_systems(version).rendering or {}
    path_of(rendering["sha256"]).unlink()
    assert "no audio yet; run generate_advice" in refusal(version)


def test_a_design_with_zero_or_too_little_overlap_is_refused() -> None:
    order = {"participants": 2, "trials_per_person": 3, "overlap": 2, "repeats": 0}
    version = prepared_study(order=order)
    assert "6 comparisons x overlap 2 need 12 trials" in refusal(version)


def test_all_that_is_missing_is_listed() -> None:
    version = prepared_study()
    Stimulus.objects.filter(item__version=version, role="system").update(text="")
    assert len(problems(version)) == 12
    assert refusal(version).endswith("(and 11 more)")


def card_that_saw(**seen: list[str]) -> None:
    """A differential advisor's card that names these songs or artists."""
    folder = settings.CHECKPOINTS / "differential"
    folder.mkdir(parents=True, exist_ok=True)
    card = {"format": "gainsay-checkpoint/1", "fingerprints": [], "artists": []} | seen
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize("by", ["fingerprint", "artist"])
def test_items_that_a_system_was_fitted_on_are_refused(by: str) -> None:
    version = prepared_study()
    song = make_excerpts()[2].song
    card_that_saw(**{f"{by}s": [getattr(song, by)]})
    with pytest.raises(Refused, match=f"template_shrinkage was fitted on {song} or its artist"):
        freeze(version, None, NOW)


def test_items_that_no_system_of_the_study_was_fitted_on_are_not() -> None:
    version = prepared_study(
        blocks=[block_data("pairwise advice", systems=["equal_loudness", "zero"])]
    )
    card_that_saw(artists=["Artist 2"])
    assert freeze(version, None, NOW).state == "open"


def test_allowed_seen_items_are_marked() -> None:
    version = prepared_study(allow_seen=True)
    card_that_saw(artists=["Artist 2"])
    freeze(version, None, NOW)
    marked = version.items.exclude(seen_by=[])
    assert {item.excerpt.song.artist for item in marked} == {"Artist 2"}
    assert {tuple(item.seen_by) for item in marked} == {("template_shrinkage",)}


def test_the_draw_leaves_out_what_a_system_was_fitted_on() -> None:
    make_excerpts()
    card_that_saw(artists=["Artist 2", "Artist 3"])
    version = make_study(items={"draw": {"count": 4}}).latest
    prepare_items(version, NOW)
    artists = set(version.items.values_list("excerpt__song__artist", flat=True))
    assert artists == {"Artist 0", "Artist 1", "Artist 4", "Artist 5"}


def test_html_and_script_in_advice_are_text_and_stay_as_they_are() -> None:
    version = prepared_study()
    evil = "<script>alert(1)</script> & <b>raise</b> the vocals by 3 dB."
    Stimulus.objects.filter(pk=first_of_systems(version).pk).update(text=evil)
    freeze_with_rules(version)
    assert first_of_systems(version).text == evil


def test_the_same_study_has_the_same_hash_and_any_change_another() -> None:
    first, second = open_study(), open_study()
    assert first.protocol_hash == second.protocol_hash
    changed = [
        open_study(seed=6),
        open_study(texts={"consent": "Another consent."}),
        open_study(order=study_data()["order"] | {"participants": 7}),
    ]
    assert len({one.protocol_hash for one in (first, *changed)}) == 4
    mended = prepared_study()
    Stimulus.objects.filter(pk=first_of_systems(mended).pk).update(text="Mended.")
    assert freeze_with_rules(mended).protocol_hash != first.protocol_hash


def test_the_hash_is_of_what_is_stored() -> None:
    version = open_study(types=("mushra",))
    version = StudyVersion.objects.get(pk=version.pk)
    assert content_hash(freezing.protocol_of(version)) == version.protocol_hash
    assert content_hash(version.spec["plan"]) == version.plan_hash
    Item.objects.filter(version=version, number=1).update(block="other")
    assert content_hash(freezing.protocol_of(version)) != version.protocol_hash


def test_pausing_resuming_and_closing_are_logged_and_only_go_where_they_can() -> None:
    version = open_study()
    with pytest.raises(Refused, match="it cannot be resumed"):
        freezing.resume(version, None, NOW)
    freezing.pause(version, None, NOW)
    assert version.state == "paused"
    freezing.resume(version, None, NOW)
    freezing.close(version, None, NOW)
    assert (version.state, version.closed_at) == ("closed", NOW)
    for act in (freezing.close, freezing.pause, freezing.resume):
        with pytest.raises(Refused):
            act(version, None, NOW)
    acts = list(version.study.audit.values_list("act", flat=True))
    assert acts == ["created", "opened", "paused", "resumed", "closed"]


def test_lists_name_stimuli_by_number_and_hold_every_comparison() -> None:
    version = open_study(types=("rated advice",))
    shown = {
        (one["item"], *one["sides"])
        for own in version.lists.all()
        for one in own.trials
        if one["kind"] == "main"
    }
    assert shown == {(item, number) for item in range(1, 7) for number in (1, 2, 3)}
