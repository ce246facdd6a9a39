"""From a spec to items: listed and drawn, what they compare, training and checks."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.services.pairs import Reference, Source
from studies.models import Item, Rater, StudyVersion
from studies.protocol.reading import read_spec
from studies.protocol.spec import Draw
from studies.services import designing, items, lists
from studies.services.drawing import draw_items
from studies.services.refusing import Refused
from tests.annotate.conftest import NOW
from tests.studies.study_cast import (
    BLOCK_TYPES,
    block_data,
    make_excerpts,
    make_rater,
    make_study,
    open_study,
    prepare,
    prepared_study,
    study_data,
)


class _Excerpt:
    """An excerpt for draws that need no rows: its reference is the released balance."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.start_s, self.duration_s = 0.0, 20.0
        self.song = type("Song", (), {"fingerprint": f"{number:064d}"})()


def sources(count: int, *, silent: str = "") -> list[Source]:
    balance = {
        stem: None if stem == silent else 0.0 for stem in ("vocals", "drums", "bass", "other")
    }
    return [Source(_Excerpt(n), Reference("released", balance), "test") for n in range(count)]  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 60),
    share=st.floats(0, 1),
    excerpts=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_a_draw_holds_the_balanced_share_and_no_problem_twice(
    count: int, share: float, excerpts: int, seed: int
) -> None:

    draw = Draw(count=count, balanced_share=share)
    drawn = draw_items(draw, sources(excerpts), random.Random(seed))
    keys = [(source.key, tuple(error.items())) for source, error in drawn]
    assert len(keys) == len(set(keys)) <= count
    if excerpts >= count:
        balanced = sum(not any(error.values()) for _, error in drawn)
        assert len(drawn) == count
        assert balanced == round(share * count)


def test_drawn_errors_have_all_sizes_stems_and_signs_equally_often() -> None:

    draw = Draw(count=48, balanced_share=0.0)
    drawn = draw_items(draw, sources(48), random.Random(1))
    moved = [next((s, v) for s, v in error.items() if v) for _, error in drawn]
    assert set(Counter(moved).values()) == {2}
    assert {abs(value or 0) for _, value in moved} == {3.0, 6.0, 9.0}


def test_an_error_never_falls_on_a_stem_that_is_silent() -> None:

    drawn = draw_items(Draw(count=24), sources(24, silent="vocals"), random.Random(1))
    assert {error["vocals"] for _, error in drawn} == {None}
    assert sum(any(error.values()) for _, error in drawn) == 18


@pytest.mark.django_db
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_each_block_type_compares_what_it_should(kind: str) -> None:
    version = make_study(types=(kind,)).latest
    items.prepare_items(version, NOW)
    main = version.items.filter(kind="main").first()
    assert main is not None
    told = [(one.role, one.name) for one in main.stimuli.all()]
    expected = {
        "pairwise advice": [("system", "template_shrinkage"), ("system", "equal_loudness")],
        "rated advice": [("system", n) for n in ("template_shrinkage", "equal_loudness", "zero")],
    }
    others = expected["rated advice"]
    expected["ranking"] = expected["multi-stimulus"] = others
    expected["mushra"] = [*others, ("reference", ""), ("anchor", "low-pass 3.5 kHz")]
    beside = [("problem", "")] if "advice" in kind else []
    assert told == expected[kind] + beside


@pytest.mark.django_db
def test_the_problem_is_the_reference_and_the_error_on_top() -> None:
    version = make_study().latest
    items.prepare_items(version, NOW)
    item = version.items.get(number=1)
    assert item.error_db == {"vocals": -6.0, "drums": 0.0, "bass": 0.0, "other": 0.0}
    assert item.problem_db == item.error_db
    assert set(item.reference_db.values()) == {0.0}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_training_and_checks_show_as_many_stimuli_as_a_trial_and_no_system(kind: str) -> None:
    version = make_study(types=(kind,)).latest
    items.prepare_items(version, NOW)
    spec = read_spec(version.spec)
    design = items.design_of(version, spec)
    n_shown = {len(cell.stimuli) for cell in (*design.main, *design.training, *design.attention)}
    assert len(n_shown) == 1
    others = Item.objects.filter(version=version).exclude(kind="main")
    assert others.count() == 2
    roles = set(others.values_list("stimuli__role", flat=True))
    assert "system" not in roles
    assert not others.filter(stimuli__advice__isnull=False).exists()


@pytest.mark.django_db
def test_preparing_again_is_idempotent_and_keeps_every_row() -> None:
    version = prepared_study()
    before = list(version.items.values_list("pk", flat=True))
    items.prepare_items(version, NOW)
    assert list(version.items.values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_another_spec_replaces_the_items_and_keeps_texts_that_were_proof_read() -> None:
    version = prepared_study(types=("rated advice",))
    stimulus = version.items.get(number=1).stimuli.get(number=1)
    stimulus.text = "Read and mended."
    stimulus.save()
    data = version.spec | {"items": {"listed": version.spec["items"]["listed"][:5]}}
    designing.save_draft(version, read_spec(data), NOW)
    items.prepare_items(version, NOW)
    assert version.items.filter(kind="main").count() == 5
    mended = version.items.get(number=1).stimuli.get(number=1)
    assert mended.pk != stimulus.pk
    assert (mended.text, mended.advice_id) == ("Read and mended.", stimulus.advice_id)
    assert mended.rendering == stimulus.rendering


@pytest.mark.django_db
def test_previews_of_a_draft_go_with_the_items_they_were_on() -> None:

    version = prepared_study()
    lists.claim(make_rater(version, run=Rater.Run.PREVIEW), NOW)
    designing.save_draft(version, read_spec(version.spec | {"seed": 6, "items": {
        "listed": version.spec["items"]["listed"][:5]}}), NOW)  # fmt: skip
    items.prepare_items(version, NOW)
    assert not version.raters.exists()


def refusal(data: dict[str, Any]) -> str:
    version = make_study(data=data).latest
    with pytest.raises(Refused) as refused:
        items.prepare_items(version, NOW)
    assert not version.items.exists()
    return str(refused.value)


@pytest.mark.django_db
def test_faults_of_listed_items_are_told_by_their_place() -> None:
    listed = study_data()["items"]["listed"]
    assert refusal(study_data(items={"listed": [{"excerpt": "Nobody"}]})) == (
        "items.listed[0].excerpt: no excerpt 'Nobody' in the library; give its key or its song's "
        "title"
    )
    twice = refusal(study_data(items={"listed": [listed[0], listed[0]]}))
    assert twice.startswith("items.listed[1]: the same problem as items.listed[0]")
    excerpt = make_excerpts()[0]
    excerpt.loudness_lufs = excerpt.loudness_lufs | {"vocals": None}
    excerpt.save()
    silent = refusal(study_data(items={"listed": listed[:1]}))
    assert "vocals does not sound" in silent


@pytest.mark.django_db
def test_an_excerpt_is_found_by_its_songs_title_where_that_is_one() -> None:
    version = make_study(items={"listed": [{"excerpt": "Artist 2 - Song 2"}]}).latest
    make_excerpts()
    items.prepare_items(version, NOW)
    main = version.items.filter(kind="main").get()
    assert main.excerpt.song.title == "Song 2"


@pytest.mark.django_db
def test_a_draw_from_no_excerpt_is_refused() -> None:
    make_excerpts()
    told = refusal(study_data(items={"draw": {"count": 3, "songs": "polka"}}))
    assert told.startswith("items.draw: no excerpt with audio")
    told = refusal(study_data(items={"draw": {"count": 3, "campaign": "None such"}}))
    assert told == "items.draw.campaign: no campaign 'None such'; give its key"


@pytest.mark.django_db
def test_training_and_checks_of_a_draw_stand_on_excerpts_of_their_own() -> None:
    version = make_study(items={"draw": {"count": 4}}).latest
    items.prepare_items(version, NOW)
    main = set(version.items.filter(kind="main").values_list("excerpt", flat=True))
    others = set(version.items.exclude(kind="main").values_list("excerpt", flat=True))
    assert len(main) == 4
    assert not main & others


@pytest.mark.django_db
def test_equal_seeds_draw_equal_items_and_other_seeds_others() -> None:
    def drawn(seed: int) -> list[Any]:
        version: StudyVersion = make_study(items={"draw": {"count": 4}}, seed=seed).latest
        items.prepare_items(version, NOW)
        return list(version.items.values_list("kind", "excerpt", "error_db"))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.django_db
def test_a_frozen_version_keeps_its_items() -> None:

    with pytest.raises(Refused, match="frozen"):
        items.prepare_items(open_study(), NOW)


@pytest.mark.django_db
def test_two_blocks_ask_about_the_same_problems() -> None:
    blocks = [block_data("rated advice"), block_data("multi-stimulus")]
    version = make_study(blocks=blocks).latest
    prepare(version)
    by_block = [
        list(version.items.filter(kind="main", block=one["key"]).values_list("excerpt", "error_db"))
        for one in blocks
    ]
    assert by_block[0] == by_block[1]
    assert len(by_block[0]) == 6
