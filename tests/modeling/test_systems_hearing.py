"""A system hears what it declares, and cannot reach anything else."""

import gc
from collections.abc import Iterator
from itertools import combinations
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from analysis.vectors import Balance, Move
from modeling.corpus import Excerpt
from modeling.systems.hearing import Heard, HeardMix, HeardStems, LoudnessTable, Scene, hear
from modeling.systems.registry import systems
from tests.modeling.systems_scene import AS_IMPORTED, FAR_OUT, scene
from tests.modeling.training_songs import noise_stems

INPUTS = ("mix", "stems", "loudness_table")
PARTS = {"mix": HeardMix, "stems": HeardStems, "loudness_table": LoudnessTable}
DECLARED = sorted({asked.hears for asked in systems().values()}, key=sorted)


def _reachable(root: object) -> Iterator[Any]:
    """Everything that can be got at from an object, classes and code left out."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        yield thing
        waiting.extend(gc.get_referents(thing))
        waiting.append(getattr(thing, "base", None))
        waiting.extend(vars(thing).values() if hasattr(thing, "__dict__") else ())


@pytest.mark.parametrize("declared", DECLARED, ids=lambda names: "+".join(sorted(names)) or "none")
def test_what_was_not_declared_is_nowhere_in_what_is_heard(declared: frozenset[str]) -> None:
    heard = hear(scene(with_audio=True), declared)
    things = list(_reachable(heard))
    for name, kind in PARTS.items():
        assert any(isinstance(thing, kind) for thing in things) == (name in declared)
    assert any(isinstance(thing, Move) for thing in things) == ("answer" in declared)
    assert not any(isinstance(thing, Scene | Excerpt | Balance) for thing in things)


def test_who_declares_the_mix_reaches_no_array_of_the_stems() -> None:
    asked = scene(with_audio=True)
    products = asked.excerpt.products
    secret = [
        products.bands,
        products.envelope,
        products.level_db,
        asked.excerpt.gram,
        asked.excerpt.loudness_lufs,
        asked.audio,
    ]
    things = list(_reachable(hear(asked, {"mix"})))
    arrays = [thing for thing in things if isinstance(thing, np.ndarray)]
    assert len(arrays) == 3
    assert not any(np.shares_memory(a, b) for a in arrays for b in secret if b is not None)


@pytest.mark.parametrize("name", INPUTS)
def test_asking_for_what_was_not_declared_fails(name: str) -> None:
    getters = {
        "mix": Heard.the_mix,
        "stems": Heard.the_stems,
        "loudness_table": Heard.the_table,
        "answer": Heard.the_answer,
    }
    heard = hear(scene(), {name})
    for other, getter in getters.items():
        if other == name:
            getter(heard)
            continue
        with pytest.raises(LookupError, match=f"{other} was not declared"):
            getter(heard)


@pytest.mark.parametrize("declared", [set(c) for n in (1, 2, 3) for c in combinations(INPUTS, n)])
def test_the_overall_level_cannot_be_heard(declared: set[str]) -> None:
    quiet, loud = (
        hear(scene(Balance(g, g - 3.0, g, g + 2.0), with_audio=True), declared) for g in (-9.0, 7.0)
    )
    if quiet.mix and loud.mix:
        np.testing.assert_allclose(quiet.mix.bands, loud.mix.bands, rtol=1e-4)
        assert quiet.mix.audio is not None
        assert loud.mix.audio is not None
        np.testing.assert_allclose(quiet.mix.audio, loud.mix.audio, atol=1e-6)
    if quiet.stems and loud.stems:
        np.testing.assert_allclose(
            quiet.stems.products.level_db, loud.stems.products.level_db, atol=1e-6
        )
    if quiet.loudness_table and loud.loudness_table:
        np.testing.assert_allclose(
            quiet.loudness_table.stems_lufs, loud.loudness_table.stems_lufs, atol=1e-6
        )


def test_the_table_shows_a_move_of_one_stem() -> None:
    before, after = (hear(scene(at), {"loudness_table"}) for at in (AS_IMPORTED, FAR_OUT))
    change_db = after.the_table().relative_db - before.the_table().relative_db
    np.testing.assert_allclose(change_db, [2.25, 2.25, -6.75, 2.25], atol=1e-6)


def test_a_stem_that_is_off_is_masked_and_not_in_the_mix() -> None:
    off = hear(scene(Balance(0.0, 0.0, None, 0.0), with_audio=True), INPUTS)
    assert off.active == (True, True, False, True)
    assert np.isnan(off.the_table().stems_lufs[2])
    stems = noise_stems(3)
    without = stems[[0, 1, 3]].sum(axis=0)
    audio = off.the_mix().audio
    assert audio is not None
    scale = np.abs(audio).max() / np.abs(without).max()
    np.testing.assert_allclose(audio, without * scale, atol=1e-5)


def test_a_scene_in_which_nothing_sounds_is_refused() -> None:
    nothing = scene(Balance(None, None, None, None))
    with pytest.raises(ValueError, match="noise 3: no stem sounds"):
        hear(nothing, {"mix"})


def test_an_unknown_input_and_an_unknown_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="hears: thoughts is unknown"):
        hear(scene(), {"thoughts"})
    with pytest.raises(ValueError, match="noise 3: the right balance is unknown"):
        hear(Scene(scene().excerpt, FAR_OUT), {"answer"})
