"""Problem/solution sets: from excerpts and their reference balances to pairs with everything that
is needed to train, to score or to fine-tune elsewhere. The folder: annotate/services/pair_files.py.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.gauge import fewest_moves, moved_stems
from analysis.vectors import STEMS, Balance, Move
from annotate.fields import StemValues
from annotate.models import Campaign, Consensus, ConsensusExcerpt, Excerpt
from modeling.advice.structure import Answer, SpokenMove
from modeling.advice.writer import MOST_MOVES, STEP_DB, write
from modeling.errors import (
    PUBLISHED,
    PUBLISHED_CATEGORIES_DB,
    USUAL,
    ErrorDistribution,
    draw_published,
)

PRESETS: dict[str, ErrorDistribution] = {"default": USUAL, "published": PUBLISHED}
# Pairs of an excerpt unless said otherwise: all categories once, or a fair sample.
PER_EXCERPT = {"default": 8, "published": len(PUBLISHED_CATEGORIES_DB)}
COMMON_GAIN_DB = 6.0
SPLITS = ("train", "validation", "test")
VALIDATION_SHARE, TEST_SHARE = 0.1, 0.1
INSTRUCTIONS = (
    "Listen to this mix of vocals, drums, bass and other instruments. What would you change about "
    "the balance of its stems?",
    "Here is a mix of four stems: vocals, drums, bass and other. Say which stem to raise or lower, "
    "and by how many dB, or that the balance should stay as it is.",
    "How well are the four stems of this mix balanced? Give advice on their levels in dB.",
    "You are mixing. Which fader would you move here, which way and how far, if any?",
)
ANCHORED = " The level of the {anchor} is right; take it as the anchor."


@dataclass(frozen=True, slots=True)
class Reference:
    """What counts as balanced: dB relative to the stems as imported, null where off or silent."""

    kind: str
    balance_db: StemValues
    low_db: StemValues | None = None
    high_db: StemValues | None = None
    n: int | None = None
    version: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An excerpt with its reference balance and the split of its artist."""

    excerpt: Excerpt
    reference: Reference
    split: str

    @property
    def key(self) -> str:
        """An id that follows from the audio, the window and the reference alone."""
        excerpt = self.excerpt
        parts = [excerpt.song.fingerprint, f"{excerpt.start_s:.6f}", f"{excerpt.duration_s:.6f}"]
        parts += [repr(self.reference.balance_db[stem]) for stem in STEMS]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def mask(self) -> tuple[bool, ...]:
        return tuple(self.reference.balance_db[stem] is not None for stem in STEMS)


@dataclass(frozen=True, slots=True)
class Pair:
    """One problem: `error_db` (4,) is the move from the reference to it, NaN where masked."""

    id: str
    source: Source
    error_db: NDArray[np.float64]
    common_gain_db: float
    category: int | None
    anchor: str | None
    instruction: str
    answer: Answer
    response: str
    response_is_partial: bool


def sources_of(excerpts: Sequence[Excerpt], campaign: Campaign | None, seed: int) -> list[Source]:
    """Excerpts that can make pairs: from the consensus where frozen, else as released.

    Those with fewer than two stems to tell apart are left out.
    """
    frozen = _frozen(excerpts, campaign)
    splits = _splits(excerpts, seed)
    found = [
        Source(one, _reference(one, frozen.get(one.pk)), splits[_group(one)]) for one in excerpts
    ]
    return sorted((one for one in found if sum(one.mask) > 1), key=lambda one: one.key)


def draw_pairs(sources: Sequence[Source], *, preset: str, seed: int, count: int) -> list[Pair]:
    """`count` pairs, the excerpts in turn. A pair follows from seed, preset, excerpt and its turn
    alone, so other excerpts or another count change none of it."""
    return [
        _pair(sources[number % len(sources)], number // len(sources), preset, seed)
        for number in range(count)
    ]


def _pair(source: Source, turn: int, preset: str, seed: int) -> Pair:
    words = f"{seed}\0{preset}\0{source.key}\0{turn}"
    digest = hashlib.sha256(words.encode()).digest()
    rng = np.random.default_rng(list(digest))
    category, anchor = None, None
    if preset == "published":
        category = turn % len(PUBLISHED_CATEGORIES_DB)
        error_db, anchor = draw_published(rng, category, source.mask)
    else:
        error_db = PRESETS[preset].draw(rng, source.mask)
    error_db = np.round(error_db, 2)
    answer, is_partial = answer_to(error_db)
    instruction = INSTRUCTIONS[int(rng.integers(len(INSTRUCTIONS)))]
    return Pair(
        id=digest.hex()[:16],
        source=source,
        error_db=error_db,
        common_gain_db=round(float(rng.uniform(-COMMON_GAIN_DB, COMMON_GAIN_DB)), 2),
        category=category,
        anchor=anchor,
        instruction=instruction + (ANCHORED.format(anchor=anchor) if anchor else ""),
        answer=answer,
        response=write(answer, (), rng, reasons=False),
        response_is_partial=is_partial,
    )


def answer_to(error_db: NDArray[np.float64]) -> tuple[Answer, bool]:
    """What the right advice says, and whether it leaves a smaller move unsaid."""
    correction = fewest_moves(Move.from_sequence((-error_db).tolist()))[0]
    values = correction.to_mapping()
    sized = [(stem, value) for stem in moved_stems(correction) if (value := values[stem])]
    largest = sorted(sized, key=lambda pair: -abs(pair[1]))
    moves = [SpokenMove(stem, _half_db(value)) for stem, value in largest[:MOST_MOVES]]
    return Answer(tuple(moves)), len(largest) > MOST_MOVES


def _half_db(value_db: float) -> float:
    """To the half dB that is said, never to nothing."""
    size_db = max(STEP_DB, STEP_DB * round(abs(value_db) / STEP_DB))
    return size_db if value_db > 0.0 else -size_db


def _frozen(excerpts: Sequence[Excerpt], campaign: Campaign | None) -> dict[int, ConsensusExcerpt]:
    """The newest frozen consensus of each excerpt, of this campaign or of any."""
    consensuses = Consensus.objects.order_by("frozen_at", "pk")
    if campaign is not None:
        consensuses = consensuses.filter(campaign=campaign).order_by("version")
    wanted = {one.pk for one in excerpts}
    found: dict[int, ConsensusExcerpt] = {}
    for consensus in consensuses:
        rows = consensus.excerpts.filter(status=ConsensusExcerpt.Status.CONSENSUS)
        for row in rows.select_related("consensus__campaign", "item"):
            if row.item.excerpt_id in wanted:
                found[row.item.excerpt_id] = row
    return found


def _reference(excerpt: Excerpt, frozen: ConsensusExcerpt | None) -> Reference:
    active = excerpt.active()
    if frozen is None:
        return Reference("released", {stem: 0.0 if active[stem] else None for stem in STEMS})
    consensus = frozen.consensus
    return Reference(
        "consensus",
        {stem: frozen.balance_db[stem] if active[stem] else None for stem in STEMS},
        frozen.low_db,
        frozen.high_db,
        frozen.n,
        f"{consensus.campaign.name} v{consensus.version}",
        consensus.content_hash,
    )


def _group(excerpt: Excerpt) -> str:
    """What must not lie on both sides of a split: the artist, else the song."""
    return excerpt.song.artist.strip().casefold() or excerpt.song.fingerprint


def _splits(excerpts: Sequence[Excerpt], seed: int) -> dict[str, str]:
    """A split for each artist: the strictest that any of their songs was given, else by a seeded
    hash, which songs added later do not change."""
    given: dict[str, set[str]] = {}
    for excerpt in excerpts:
        given.setdefault(_group(excerpt), set()).add(excerpt.song.split)
    return {
        group: next((s for s in reversed(SPLITS) if s in splits), None) or _drawn(group, seed)
        for group, splits in given.items()
    }


def _drawn(group: str, seed: int) -> str:
    digest = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < TEST_SHARE:
        return "test"
    return "validation" if place < TEST_SHARE + VALIDATION_SHARE else "train"


def as_json(pair: Pair) -> dict[str, Any]:
    """One line of pairs.jsonl, without its files (docs/pairs.md)."""
    source, excerpt = pair.source, pair.source.excerpt
    error = Move.from_sequence(pair.error_db.tolist())
    reference = Balance.from_mapping(source.reference.balance_db)
    common = Move.from_sequence(np.where(pair.source.mask, pair.common_gain_db, np.nan).tolist())
    corrections = fewest_moves(Move.from_sequence((-pair.error_db).tolist()))
    return {
        "id": pair.id,
        "split": source.split,
        "song": {
            "fingerprint": excerpt.song.fingerprint,
            "title": excerpt.song.title,
            "artist": excerpt.song.artist,
            "genre": excerpt.song.genre,
            "licence": excerpt.song.licence,
            "source": excerpt.song.source,
            "generated": excerpt.song.is_generated,
        },
        "excerpt": {
            "id": source.key,
            "start_s": excerpt.start_s,
            "duration_s": excerpt.duration_s,
            "loudness_lufs": excerpt.loudness_lufs,
        },
        "reference": {
            "kind": source.reference.kind,
            "balance_db": source.reference.balance_db,
            "low_db": source.reference.low_db,
            "high_db": source.reference.high_db,
            "n": source.reference.n,
            "version": source.reference.version,
            "content_hash": source.reference.content_hash,
        },
        "problem": {
            "error_db": error.to_mapping(),
            "category": pair.category,
            "anchor": pair.anchor,
            "common_gain_db": pair.common_gain_db,
            "balance_db": (reference + error + common).to_mapping(),
        },
        "solution": {
            "correction_db": corrections[0].to_mapping(),
            "equivalent_corrections_db": [form.to_mapping() for form in corrections[1:]],
            "leave_it": pair.answer.leave_it,
            "moves": [
                {"stem": move.stem, "direction": move.direction, "db": abs(move.move_db)}
                for move in pair.answer.moves
            ],
        },
        "instruction": pair.instruction,
        "response": pair.response,
        "response_is_partial": pair.response_is_partial,
    }
