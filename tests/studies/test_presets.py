"""Presets are whole specs that can be run, in both languages."""

import pytest

from studies.protocol.lists import Cell, Design, make_lists
from studies.protocol.reading import preset_names, read_spec
from studies.protocol.spec import Spec


def test_there_are_the_five_presets() -> None:
    assert preset_names() == [
        "advice-pairwise",
        "advice-rated",
        "differential-vs-baseline",
        "mixes-multi-stimulus",
        "mixes-mushra",
    ]


def cells(spec: Spec) -> list[Cell]:
    """The comparisons of a preset with as many excerpts as items."""
    assert spec.items.draw is not None
    block = spec.blocks[0]
    groups: list[tuple[int, ...]] = [(1, 2, 3)]
    if block.type == "pairwise advice":
        groups = [(number, 100 + number) for number, _ in enumerate(block.pairs())]
    if block.type == "rated advice":
        groups = [(number,) for number, _ in enumerate(block.systems)]
    return [
        Cell(item, block.key, f"x{item}", group)
        for item in range(spec.items.draw.count)
        for group in groups
    ]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_can_be_run_as_it_stands(name: str) -> None:
    spec = read_spec({"preset": name})
    key = spec.blocks[0].key
    extras = [Cell(900 + n, key, f"extra{n}", (1, 2)) for n in range(4)]
    design = Design(
        cells(spec), extras[: spec.gates.training.trials], extras[-spec.gates.attention.trials :]
    )
    assert len(make_lists(design, spec.order, spec.seed)) == spec.order.participants


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_has_every_text_in_both_languages(name: str) -> None:
    assert read_spec({"preset": name, "languages": ["en", "de"]}).languages == ["en", "de"]


def test_the_confirmatory_preset_gives_both_systems_the_same_form() -> None:
    spec = read_spec({"preset": "differential-vs-baseline"})
    (block,) = spec.blocks
    assert block.systems == ["differential", "baseline"]
    assert not block.advice.reasons
    assert not block.advice.self_check
    assert spec.plan.primary is not None
    assert spec.plan.primary.contrast == ("differential", "baseline")
    assert [rule.rule for rule in spec.plan.exclusions] == [
        "complete",
        "not rejected",
        "attention at least",
    ]


def test_who_lists_items_gets_none_drawn_beside_them() -> None:
    items = {"listed": [{"excerpt": "x"}]}
    assert read_spec({"preset": "advice-rated", "items": items}).items.draw is None


def test_a_spec_read_from_its_own_data_is_the_same() -> None:
    for name in preset_names():
        spec = read_spec({"preset": name})
        assert read_spec(spec.as_data()) == spec
