"""The fewest-moves gauge: how a move is shown to people.

A common offset changes nothing that can be heard at constant loudness, so a move has infinitely
many forms. Shown is the form that touches the fewest stems.
"""

import numpy as np

from analysis.vectors import FloatArray, Move

DEAD_ZONE_DB = 0.5
"""A stem counts as moved when it moves by more than this."""

_TIE_DB = 1e-6
_EDGE_DB = 1e-9


def fewest_moves(move: Move) -> tuple[Move, ...]:
    """Every equally short form of `move`, the one nearest to the move as given first.

    The offset leaves the fewest stems moved by more than `DEAD_ZONE_DB`; among those it makes the
    total move (sum of absolute dB over active stems) smallest; what is then still free rests the
    unmoved stems as near to zero as it can (least squares). Different sets of unmoved stems that
    tie are all returned: +6 dB on two of four stems is -6 dB on the other two.

    >>> [form.to_mapping() for form in fewest_moves(Move(6.0, 6.0, None, 0.0))]
    [{'vocals': 0.0, 'drums': 0.0, 'bass': None, 'other': -6.0}]
    """
    values_db = move.to_array()
    active_db = values_db[np.isfinite(values_db)]
    if active_db.size == 0:
        return (move,)
    offsets_db = _best_offsets(active_db)
    ordered = sorted(offsets_db, key=lambda offset_db: (abs(offset_db), offset_db))
    return tuple(Move.from_sequence((values_db - offset_db).tolist()) for offset_db in ordered)


def moved_stems(move: Move, dead_zone_db: float = DEAD_ZONE_DB) -> tuple[str, ...]:
    """The stems that this form of a move touches, in the order of `STEMS`."""
    return tuple(
        stem
        for stem, value_db in move.to_mapping().items()
        if value_db is not None and abs(value_db) > dead_zone_db + _EDGE_DB
    )


def _best_offsets(active_db: FloatArray) -> list[float]:
    """One offset for each set of unmoved stems that is best; `active_db` has shape (n,)."""
    # Every set that some offset can leave unmoved is found with its highest offset, which lies
    # DEAD_ZONE_DB above its lowest stem.
    windows = {
        tuple(np.abs(active_db - offset_db) <= DEAD_ZONE_DB + _EDGE_DB)
        for offset_db in active_db + DEAD_ZONE_DB
    }
    largest = max(sum(window) for window in windows)
    rested = [
        _rest(active_db, np.array(window)) for window in sorted(windows) if sum(window) == largest
    ]
    totals_db = [float(np.abs(active_db - offset_db).sum()) for offset_db in rested]
    limit_db = min(totals_db) + _TIE_DB
    return [
        offset_db
        for offset_db, total_db in zip(rested, totals_db, strict=True)
        if total_db <= limit_db
    ]


def _rest(active_db: FloatArray, unmoved: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """The offset for one set of unmoved stems: smallest total move, then least squares."""
    low_db = float(active_db[unmoved].max()) - DEAD_ZONE_DB
    high_db = float(active_db[unmoved].min()) + DEAD_ZONE_DB
    # The total is convex and flat between the two middle values (one value if n is odd).
    ranked = np.sort(active_db)
    flat_low_db = float(ranked[(ranked.size - 1) // 2])
    flat_high_db = float(ranked[ranked.size // 2])
    best_low_db = float(np.clip(flat_low_db, low_db, high_db))
    best_high_db = float(np.clip(flat_high_db, low_db, high_db))
    return float(np.clip(active_db[unmoved].mean(), best_low_db, best_high_db))
