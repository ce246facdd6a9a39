"""Problem/solution pairs: drawn as stated, right answers, splits that keep artists apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.vectors import STEMS, Balance, Move, equivalent
from annotate.models import Consensus, ConsensusExcerpt, Excerpt, Song
from annotate.services.pairs import answer_to, as_json, draw_pairs, sources_of
from modeling.advice.parser import parse
from tests.annotate.conftest import NOW

Make = Callable[..., Excerpt]


@pytest.fixture
def excerpts(make_excerpt: Make) -> list[Excerpt]:
    return [make_excerpt(number) for number in range(1, 7)]


def freeze(campaign: Any, balance_db: dict[str, float | None], *, version: int = 1) -> Consensus:
    consensus = Consensus.objects.create(
        campaign=campaign,
        version=version,
        rules={},
        seed=1,
        annotation_count=6,
        agreement={},
        software={},
        content_hash=f"{version:064d}",
        frozen_at=NOW,
    )
    low, high = ({s: None if v is None else v + d for s, v in balance_db.items()} for d in (-1, 1))
    item, *others = campaign.items.order_by("pk")
    ConsensusExcerpt.objects.bulk_create(
        [
            ConsensusExcerpt(
                consensus=consensus, item=item, status="consensus", n=6,
                balance_db=balance_db, low_db=low, high_db=high,
            ),
            *(ConsensusExcerpt(consensus=consensus, item=o, status="too few", n=1) for o in others),
        ]
    )  # fmt: skip
    return consensus


def test_the_same_seed_gives_the_same_pairs_and_more_pairs_change_none(
    excerpts: list[Excerpt],
) -> None:
    sources = sources_of(excerpts, None, 3)
    first = [as_json(pair) for pair in draw_pairs(sources, preset="default", seed=3, count=20)]
    again = [as_json(pair) for pair in draw_pairs(sources, preset="default", seed=3, count=40)]
    other = [as_json(pair) for pair in draw_pairs(sources, preset="default", seed=4, count=20)]
    assert first == again[:20]
    assert len({line["id"] for line in again}) == 40
    assert not {line["id"] for line in first} & {line["id"] for line in other}


def test_the_balance_of_a_problem_is_reference_plus_error_plus_a_common_gain(
    excerpts: list[Excerpt],
) -> None:
    for pair in draw_pairs(sources_of(excerpts, None, 1), preset="default", seed=1, count=60):
        line = as_json(pair)
        reference = Balance.from_mapping(line["reference"]["balance_db"])
        problem = Balance.from_mapping(line["problem"]["balance_db"])
        correction = Move.from_mapping(line["solution"]["correction_db"])
        assert equivalent(problem + correction, reference, tolerance_db=1e-6)
        assert abs(line["problem"]["common_gain_db"]) <= 6.0
        for form in line["solution"]["equivalent_corrections_db"]:
            assert equivalent(Move.from_mapping(form), correction)


def test_shares_of_the_usual_errors_are_as_stated(excerpts: list[Excerpt]) -> None:
    pairs = draw_pairs(sources_of(excerpts, None, 1), preset="default", seed=1, count=1200)
    moved = np.array([(np.nan_to_num(pair.error_db) != 0.0).sum() for pair in pairs])
    shares = [float(np.mean(moved == n)) for n in (0, 1, 2, 4)]
    assert shares == pytest.approx([0.25, 0.45, 0.20, 0.10], abs=0.04)


def test_the_response_reads_back_to_the_structured_answer(excerpts: list[Excerpt]) -> None:
    for pair in draw_pairs(sources_of(excerpts, None, 2), preset="default", seed=2, count=300):
        assert parse(pair.response) == pair.answer
        line = as_json(pair)
        assert line["solution"]["leave_it"] == (not np.nan_to_num(pair.error_db).any())


def test_the_published_preset_has_five_categories_and_names_an_unaltered_anchor(
    excerpts: list[Excerpt],
) -> None:
    pairs = draw_pairs(sources_of(excerpts, None, 1), preset="published", seed=1, count=30)
    assert [pair.category for pair in pairs].count(0) == 6
    ranges = {0: (0, 0), 1: (-6, -3), 2: (-12, -6), 3: (3, 6), 4: (6, 12)}
    for pair in pairs:
        error = dict(zip(STEMS, pair.error_db, strict=True))
        altered = {stem: value for stem, value in error.items() if value}
        assert pair.anchor is not None
        assert pair.anchor not in altered
        assert f"{pair.anchor} is right" in pair.instruction
        assert "other" not in altered
        assert len(altered) == int(pair.category != 0)
        low, high = ranges[pair.category]
        assert all(low <= value <= high for value in altered.values())


@pytest.mark.parametrize(
    ("error_db", "said", "is_partial"),
    [
        ([0.0, 0.0, 0.0, 0.0], [], False),
        ([-4.2, 0.0, 0.0, 0.0], [("vocals", 4.0)], False),
        ([3.0, 0.0, -8.0, np.nan], [("bass", 8.0), ("vocals", -3.0)], False),
        ([2.0, -4.0, 9.0, 0.0], [("bass", -9.0), ("drums", 4.0)], True),
        ([5.0, 5.0, 5.0, 0.0], [("other", 5.0)], False),
    ],
)
def test_the_right_advice_is_the_fewest_largest_moves_in_half_db(
    error_db: list[float], said: list[tuple[str, float]], is_partial: bool
) -> None:
    answer, partial = answer_to(np.array(error_db))
    assert [(move.stem, move.move_db) for move in answer.moves] == said
    assert partial == is_partial


def test_no_artist_is_on_two_sides_and_the_strictest_given_split_wins(
    make_excerpt: Make,
) -> None:
    made = [make_excerpt(number, artist=f"Artist {number % 9}") for number in range(1, 40)]
    Song.objects.filter(pk=made[0].song_id).update(split="train")
    Song.objects.filter(pk=made[9].song_id).update(split="test")
    found = sources_of(list(Excerpt.objects.select_related("song")), None, 5)
    by_artist: dict[str, set[str]] = {}
    for source in found:
        by_artist.setdefault(source.excerpt.song.artist, set()).add(source.split)
    assert all(len(splits) == 1 for splits in by_artist.values())
    assert by_artist["Artist 1"] == {"test"}


def test_songs_without_an_artist_are_split_by_song_and_splits_have_their_shares(
    make_excerpt: Make,
) -> None:
    made = [make_excerpt(number, artist="") for number in range(1, 201)]
    splits = [source.split for source in sources_of(made, None, 1)]
    assert splits.count("test") == pytest.approx(20, abs=12)
    assert splits.count("validation") == pytest.approx(20, abs=12)


def test_the_frozen_consensus_is_the_reference_else_the_released_balance(
    make_campaign: Callable[..., Any],
) -> None:
    campaign = make_campaign(2)
    older = {"vocals": 1.0, "drums": -1.0, "bass": 0.0, "other": 0.0}
    newer = {"vocals": 2.0, "drums": -2.0, "bass": None, "other": 0.0}
    freeze(campaign, older, version=1)
    freeze(campaign, newer, version=2)
    excerpts = [item.excerpt for item in campaign.items.order_by("pk")]
    by_excerpt = {s.excerpt.pk: s.reference for s in sources_of(excerpts, campaign, 1)}
    agreed, released = (by_excerpt[one.pk] for one in excerpts)
    assert agreed.kind == "consensus"
    assert agreed.balance_db == newer
    assert agreed.version.endswith("v2")
    assert agreed.low_db["vocals"] == 1.0
    assert released.kind == "released"
    assert set(released.balance_db.values()) == {0.0}


def test_a_stem_that_the_consensus_has_off_is_masked_everywhere(
    make_campaign: Callable[..., Any],
) -> None:
    campaign = make_campaign(1)
    freeze(campaign, {"vocals": 2.0, "drums": -2.0, "bass": None, "other": 0.0})
    excerpts = [item.excerpt for item in campaign.items.all()]
    for pair in draw_pairs(sources_of(excerpts, None, 1), preset="default", seed=1, count=30):
        line = as_json(pair)
        assert line["problem"]["error_db"]["bass"] is None
        assert line["solution"]["correction_db"]["bass"] is None
        assert all(move["stem"] != "bass" for move in line["solution"]["moves"])


def test_an_excerpt_with_one_stem_to_hear_makes_no_pair(make_excerpt: Make) -> None:
    alone = {"vocals": -20.0, "drums": None, "bass": None, "other": None}
    assert sources_of([make_excerpt(1, loudness_lufs=alone)], None, 1) == []
