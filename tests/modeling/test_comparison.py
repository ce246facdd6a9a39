"""Two sets compared, and the self-check that follows from it."""

from pathlib import Path

import numpy as np
import pytest

from analysis.vectors import STEMS, Balance
from modeling.models.comparison import after_move, compare, self_checked
from modeling.models.decision import Decision, StemMove
from modeling.models.posterior import Evidence
from modeling.systems.comparing import compare_sets
from tests.modeling.systems_scene import AS_IMPORTED, FAR_OUT, scene, write_checkpoints

OUT_DB = np.array([4.0, 0.0, -3.0, 0.0])


def evidence(offset_db: np.ndarray, sigma_db: float = 1.0) -> Evidence:
    return Evidence(offset_db, np.where(np.isfinite(offset_db), sigma_db, np.nan))


def said(*moves: tuple[str, float]) -> Decision:
    spoken = tuple(StemMove(stem, db, db - 1.0, db + 1.0, 0.9) for stem, db in moves)
    return Decision(spoken, 0.9)


def test_the_set_nearer_to_balanced_is_better_by_the_stem_that_moved() -> None:
    found = compare(evidence(OUT_DB), evidence(OUT_DB + np.array([-4.0, 0.0, 0.0, 0.0])))
    assert found.better == "after"
    assert found.stems[0] == "vocals"
    # Means removed: 3.75, 0.25, 3.25, 0.25 dB before; 0.75, 0.75, 2.25, 0.75 dB after.
    assert found.gain_db == pytest.approx(1.875 - 1.125)


def test_the_gain_is_what_the_stems_brought_together() -> None:
    found = compare(evidence(OUT_DB), evidence(np.array([1.0, 0.5, -1.0, 0.0])))
    assert found.gain_nats == pytest.approx(found.by_stem_nats.sum())
    assert found.gain_nats > 0.0


def test_the_other_way_round_the_gain_changes_its_sign() -> None:
    one, other = evidence(OUT_DB), evidence(np.zeros(4))
    assert compare(one, other).gain_nats == pytest.approx(-compare(other, one).gain_nats)
    assert compare(other, one).better == "before"


def test_a_common_gain_changes_nothing() -> None:
    found = compare(evidence(OUT_DB), evidence(OUT_DB + 7.0))
    assert found.gain_nats == pytest.approx(0.0, abs=1e-9)
    assert found.gain_db == pytest.approx(0.0, abs=1e-9)


def test_a_masked_stem_counts_for_nothing() -> None:
    masked = np.array([4.0, 0.0, np.nan, 0.0])
    found = compare(evidence(masked), evidence(masked + np.array([-4.0, 0.0, 5.0, 0.0])))
    assert np.isnan(found.by_stem_nats[STEMS.index("bass")])
    assert "bass" not in found.stems
    assert found.better == "after"


def test_sets_of_different_stems_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="different stems"):
        compare(evidence(OUT_DB), evidence(np.array([4.0, 0.0, np.nan, 0.0])))


def test_a_move_that_helps_passes_the_self_check_and_one_that_harms_does_not() -> None:
    kept = self_checked(evidence(OUT_DB), said(("vocals", -4.0), ("drums", 6.0)))
    assert [(move.stem, move.move_db) for move in kept.moves] == [("vocals", -4.0)]


def test_moves_that_help_only_together_pass_in_their_order() -> None:
    # Raising the drums first would only pass the vocals on the way up.
    out = evidence(np.array([3.0, -1.0, -1.0, -1.0]))
    decision = said(("drums", 3.0), ("vocals", -5.0))
    kept = self_checked(out, decision)
    after = out
    for move in kept.moves:
        after = after_move(after, Decision((move,), 1.0).as_move([True] * 4))
    assert kept.moves == tuple(move for move in decision.moves if move in kept.moves)
    assert compare(out, after).gain_nats > 0.0


def test_a_move_too_far_is_not_said() -> None:
    assert self_checked(evidence(OUT_DB), said(("vocals", -12.0))).moves == ()


def test_the_differential_advisor_prefers_the_balance_of_its_songs(tmp_path: Path) -> None:
    checkpoints = write_checkpoints(tmp_path)
    found = compare_sets(scene(FAR_OUT), scene(AS_IMPORTED), checkpoints)
    assert found.better == "after"
    assert found.stems[0] == "bass"
    off = Balance(0.0, None, 0.0, 0.0)
    with pytest.raises(ValueError, match="different stems"):
        compare_sets(scene(off), scene(AS_IMPORTED), checkpoints)
