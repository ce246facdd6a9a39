"""The problems of a study: which excerpts, listed or drawn, and which errors, stratified by size,
stem and sign."""

import random
from collections.abc import Iterator, Sequence
from itertools import cycle

from django.db.models import Q

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Campaign, Excerpt, Song
from annotate.services.pairs import Source, sources_of
from studies.protocol.dealing import MOST_MEETINGS
from studies.protocol.spec import Draw, Spec
from studies.services.refusing import Refused
from studies.services.seen import saw

# The error of training and attention items.
EXTRA_DB = 6.0
# How often another error is tried where an excerpt has this one already.
_TRIES = 50


def draw_errors(draw: Draw, rng: random.Random) -> Iterator[tuple[str, float]]:
    """Stem and signed dB, without end; "" and 0.0 for a problem that is balanced.

    The first `draw.count` hold the balanced share to the nearest whole number; sizes, stems and
    signs come equally often.
    """
    n_balanced = round(draw.balanced_share * draw.count)
    moved = [
        (stem, sign * size) for size in draw.sizes_db for stem in draw.stems for sign in (1, -1)
    ]
    strata = _shuffled_cycle(moved, rng)
    flags = [True] * n_balanced + [False] * (draw.count - n_balanced)
    rng.shuffle(flags)
    for is_balanced in flags:
        yield ("", 0.0) if is_balanced else next(strata)
    yield from strata


def _shuffled_cycle(
    strata: Sequence[tuple[str, float]], rng: random.Random
) -> Iterator[tuple[str, float]]:
    """Round after round, each in an order of its own."""
    for _ in cycle([None]):
        yield from rng.sample(strata, len(strata))


def draw_items(
    draw: Draw, sources: Sequence[Source], rng: random.Random
) -> list[tuple[Source, StemValues]]:
    """`draw.count` problems on these excerpts in turn, no two alike; fewer where no more differ.

    The error (dB) is 0 where a stem is not moved and null where it does not sound.
    """
    errors = draw_errors(draw, rng)
    drawn: list[tuple[Source, StemValues]] = []
    seen: set[tuple[str, str, float]] = set()
    for number in range(draw.count):
        source = sources[number % len(sources)]
        for _ in range(_TRIES):
            stem, size_db = _sounding(next(errors), source, draw)
            if (source.key, stem, size_db) not in seen:
                seen.add((source.key, stem, size_db))
                drawn.append((source, error_of(source, {stem: size_db} if stem else {})))
                break
    return drawn


def _sounding(error: tuple[str, float], source: Source, draw: Draw) -> tuple[str, float]:
    """The same error on a stem that sounds in this excerpt."""
    stem, size_db = error
    if not stem or source.reference.balance_db[stem] is not None:
        return error
    sounding = [one for one in draw.stems if source.reference.balance_db[one] is not None]
    return (sounding[STEMS.index(stem) % len(sounding)], size_db) if sounding else ("", 0.0)


def error_of(source: Source, moved_db: dict[str, float]) -> StemValues:
    """A move from the reference of this excerpt: null where a stem does not sound."""
    return {
        stem: None if value is None else float(moved_db.get(stem, 0.0))
        for stem, value in source.reference.balance_db.items()
    }


def problems_of(
    spec: Spec, rng: random.Random
) -> tuple[list[tuple[Source, StemValues]], list[Source]]:
    """Listed and drawn problems, and every excerpt that training and checks may use."""
    listed, draw = _listed(spec), spec.items.draw
    extra = [
        _source(name, f"items.extra[{number}]", spec)
        for number, name in enumerate(spec.items.extra)
    ]
    if draw is None:
        return listed, extra or [source for source, _ in listed]
    pool = _drawn_sources(spec, draw)
    rng.shuffle(pool)
    n_apart = 0 if extra else _n_apart(spec, draw, len(pool))
    drawn_from = pool[: len(pool) - n_apart]
    drawn = draw_items(draw, drawn_from, rng)
    return listed + drawn, extra or pool[len(drawn_from) :] or pool


def _n_apart(spec: Spec, draw: Draw, n_excerpts: int) -> int:
    """How many excerpts are kept for training and checks: one for each where there are enough,
    else one for two, since a person may meet an excerpt twice."""
    needed = spec.gates.training.trials + spec.gates.attention.trials
    if n_excerpts >= draw.count + needed:
        return needed
    fewest = -(-needed // MOST_MEETINGS)
    return fewest if fewest < n_excerpts else 0


def _listed(spec: Spec) -> list[tuple[Source, StemValues]]:
    found: list[tuple[Source, StemValues]] = []
    for number, item in enumerate(spec.items.listed):
        where = f"items.listed[{number}]"
        own = _source(item.excerpt, f"{where}.excerpt", spec)
        error_db = error_of(own, item.error_db)
        silent = [stem for stem in item.error_db if error_db[stem] is None]
        if silent:
            raise Refused(f"{where}.error_db: {silent[0]} does not sound in {item.excerpt!r}")
        for earlier, (source, known_db) in enumerate(found):
            if (source.key, known_db) == (own.key, error_db):
                raise Refused(f"{where}: the same problem as items.listed[{earlier}]; list it once")
        found.append((own, error_db))
    return found


def _source(name: str, where: str, spec: Spec) -> Source:
    sources = sources_of([find_excerpt(name, where)], None, spec.seed)
    if not sources:
        raise Refused(f"{where}: {name!r} has fewer than two stems that sound")
    return sources[0]


def find_excerpt(name: str, where: str) -> Excerpt:
    """An excerpt by its key, or by the title of its song where that has one excerpt only.

    Raises:
        Refused: there is none, or more than one.
    """
    usable = Excerpt.objects.usable().filter(has_audio=True).select_related("song")
    artist, _, title = name.rpartition(" - ")
    named = Q(song__title=name) | (Q(song__artist=artist, song__title=title) if artist else Q())
    found = list(usable.filter(key=name)) or list(usable.filter(named)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f"{where}: more than one excerpt is called {name[:60]!r}; give its key")
    raise Refused(
        f"{where}: no excerpt {name[:60]!r} in the library; give its key or its song's title"
    )


def _drawn_sources(spec: Spec, draw: Draw) -> list[Source]:
    """The excerpts to draw from, in an order that is the same on every machine. Those that a
    system of the study was fitted on stay out unless the spec allows them."""
    usable = Excerpt.objects.usable().filter(has_audio=True).select_related("song")
    campaign = None
    if draw.campaign:
        campaign = _campaign(draw.campaign)
        usable = usable.filter(campaign_items__campaign=campaign).distinct()
    usable = usable.filter(song__in=Song.objects.search(draw.songs))
    sources = sources_of(list(usable), campaign, spec.seed)
    names = {name for block in spec.blocks for name in block.systems}
    if not spec.allow_seen:
        sources = [one for one in sources if not saw(one.excerpt.song, names)]
    if not sources:
        raise Refused(
            "items.draw: no excerpt with audio and two stems that sound fits, or all were used to "
            "train one of the systems; import songs, widen the filter, or set allow_seen"
        )
    return sources


def _campaign(name: str) -> Campaign:
    found = Campaign.objects.filter(Q(key=name) | Q(name=name))[:2]
    if len(found) != 1:
        told = "no campaign" if not found else "more than one campaign"
        raise Refused(f"items.draw.campaign: {told} {name!r}; give its key")
    return found[0]


def extra_problems(
    spec: Spec, main: Sequence[tuple[Source, StemValues]], pool: Sequence[Source]
) -> list[tuple[Source, StemValues]]:
    """Problems for training and checks: on excerpts that no main item uses as far as there are
    such, one after the other."""
    needed = spec.gates.training.trials + spec.gates.attention.trials
    used = [source.key for source, _ in main]
    unused_first = sorted(pool, key=lambda source: used.count(source.key))
    by_key = {source.key: source for source in unused_first}
    sources = list(by_key.values())
    chosen = []
    for number in range(needed):
        source = sources[number % len(sources)]
        sounding = [stem for stem in STEMS if source.reference.balance_db[stem] is not None]
        sign = 1.0 if number % 2 else -1.0
        chosen.append(
            (source, error_of(source, {sounding[number % len(sounding)]: sign * EXTRA_DB}))
        )
    return chosen
