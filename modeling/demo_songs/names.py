"""Invented titles and artists. Words are made of syllables, so they name nobody."""

import numpy as np

_STARTS = ("br", "c", "d", "f", "gl", "h", "k", "l", "m", "n", "p", "qu", "r", "s", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ae", "io", "ou")
_ENDS = ("", "", "l", "n", "r", "s", "th", "x", "m")


def word(rng: np.random.Generator, syllables: int) -> str:
    """An invented word with a capital letter."""
    parts = [
        str(rng.choice(_STARTS)) + str(rng.choice(_VOWELS)) + str(rng.choice(_ENDS))
        for _ in range(syllables)
    ]
    return "".join(parts).capitalize()


def song_title(rng: np.random.Generator) -> str:
    """One to three invented words."""
    return " ".join(word(rng, int(rng.integers(1, 4))) for _ in range(int(rng.integers(1, 4))))


def artist_name(rng: np.random.Generator, number: int) -> str:
    """A pseudo-artist; the number keeps two artists of one seed apart."""
    return f"{word(rng, 2)} {word(rng, 2)} (generated artist {number})"
