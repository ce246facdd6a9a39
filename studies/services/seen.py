"""Which systems were fitted on a song: read from the cards of the checkpoints, without torch."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from annotate.models import Song
from studies.cards import CARD_FILE, TRAINED, read_card

# Fitted on the training songs of the advisors beside them.
FITTED_RULES = frozenset({"template", "template_shrinkage", "ridge", "neighbours"})


def saw(song: Song, systems: Iterable[str]) -> list[str]:
    """Those of these systems that were fitted on this song, or on any song of its artist."""
    advisors = [name for name in TRAINED if _card_saw(name, song)]
    return sorted(
        name for name in set(systems) if name in advisors or (advisors and name in FITTED_RULES)
    )


def _card_saw(name: str, song: Song) -> bool:
    folder = Path(settings.CHECKPOINTS) / name
    try:
        changed = (folder / CARD_FILE).stat().st_mtime_ns
    except OSError:
        return False
    fingerprints, artists = _seen(folder, changed)
    return song.fingerprint in fingerprints or (bool(song.artist) and song.artist in artists)


@lru_cache(maxsize=8)
def _seen(folder: Path, changed: int) -> tuple[frozenset[str], frozenset[str]]:
    card, _problem = read_card(folder)
    if card is None:
        return frozenset(), frozenset()
    return frozenset(card.get("fingerprints", ())), frozenset(card.get("artists", ()))
