"""The genres: what each draws its songs from. A genre is only a set of ranges and choices."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Genre:
    """Ranges (low, high) and choices that a song of this genre is drawn from.

    `swing` is where the off-beat stands within its pair (0.5 straight, 0.67 triplets) and
    `swing_beats` the length of that pair; progressions are scale degrees from 0; `layers` are
    (instrument, pattern) pairs of the stem `other`, the first half more likely to carry the song.
    """

    name: str
    tempo_bpm: Range
    modes: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    kits: tuple[str, ...]
    beats: tuple[str, ...]
    basses: tuple[str, ...]
    bass_lines: tuple[str, ...]
    layers: tuple[tuple[str, str], ...]
    singing: tuple[str, ...]
    layer_count: tuple[int, int] = (2, 3)
    swing: Range = (0.5, 0.52)
    swing_beats: float = 0.5
    chord_size: int = 3
    bars_per_chord: tuple[float, ...] = (1.0,)
    waltz: float = 0.0
    syllables_per_s: Range = (1.8, 3.2)
    room_s: Range = (0.6, 1.6)
    drive_db: Range = (-6.0, 3.0)
    pumping: float = 0.0
    """How often the backing ducks on every beat."""


GENRES: tuple[Genre, ...] = (
    Genre(
        "pop",
        (92, 126),
        ("major", "minor"),
        ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (3, 4, 5, 0)),
        ("studio", "machine", "clap"),
        ("backbeat", "pop16", "four"),
        ("synth", "finger", "sub"),
        ("eighths", "roots", "push"),
        (
            ("keys", "chords"),
            ("pad", "sustain"),
            ("pluck", "arpeggio"),
            ("clean", "offbeat"),
            ("strings", "sustain"),
            ("piano", "chords"),
            ("bell", "answer"),
        ),
        ("sung", "bright", "airy"),
        layer_count=(2, 4),
        pumping=0.2,
    ),
    Genre(
        "rock",
        (104, 152),
        ("major", "mixolydian", "minor"),
        ((0, 3, 4, 3), (0, 6, 3, 0), (5, 3, 0, 4), (0, 2, 3, 4)),
        ("rock", "studio"),
        ("backbeat", "rock8", "halftime"),
        ("pick", "finger"),
        ("eighths", "roots", "push"),
        (
            ("crunch", "strum"),
            ("crunch", "chords"),
            ("clean", "arpeggio"),
            ("organ", "sustain"),
            ("lead", "answer"),
        ),
        ("sung", "bright", "belt"),
        drive_db=(0.0, 9.0),
        room_s=(0.5, 1.4),
    ),
    Genre(
        "hip-hop",
        (72, 98),
        ("minor", "dorian", "phrygian"),
        ((0, 5), (0, 3), (0, 5, 3, 4), (0, 0, 5, 6)),
        ("808", "lofi"),
        ("boombap", "trap", "halftime"),
        ("808", "sub", "upright"),
        ("sparse", "push", "roots"),
        (
            ("epiano", "chords"),
            ("bell", "arpeggio"),
            ("piano", "offbeat"),
            ("strings", "sustain"),
            ("pad", "sustain"),
            ("vibes", "answer"),
        ),
        ("rap", "rap", "sung"),
        layer_count=(1, 3),
        swing=(0.52, 0.62),
        chord_size=4,
        bars_per_chord=(1.0, 2.0),
        syllables_per_s=(3.6, 5.6),
        room_s=(0.3, 0.9),
        pumping=0.15,
    ),
    Genre(
        "house",
        (118, 130),
        ("minor", "dorian"),
        ((0, 5, 2, 6), (0, 3), (0, 6, 5, 6), (5, 6, 0, 0)),
        ("909", "machine"),
        ("four", "fourdense", "garage"),
        ("synth", "reese", "sub"),
        ("offbeats", "octaves", "push"),
        (
            ("stab", "offbeat"),
            ("pluck", "arpeggio"),
            ("pad", "sustain"),
            ("organ", "offbeat"),
            ("piano", "push"),
            ("supersaw", "push"),
        ),
        ("airy", "bright", "sung"),
        layer_count=(2, 4),
        chord_size=4,
        bars_per_chord=(1.0, 2.0),
        syllables_per_s=(1.2, 2.4),
        room_s=(0.8, 2.2),
        pumping=0.7,
    ),
    Genre(
        "ballad",
        (58, 82),
        ("major", "minor"),
        ((0, 4, 5, 3), (0, 2, 3, 4), (0, 5, 1, 4), (3, 0, 4, 5)),
        ("studio", "brush"),
        ("ballad", "sidestick"),
        ("finger", "upright"),
        ("roots", "rootfifth"),
        (
            ("piano", "arpeggio"),
            ("piano", "chords"),
            ("strings", "sustain"),
            ("acoustic", "arpeggio"),
            ("epiano", "chords"),
            ("pad", "sustain"),
        ),
        ("sung", "airy", "belt"),
        bars_per_chord=(0.5, 1.0),
        waltz=0.2,
        syllables_per_s=(1.4, 2.4),
        room_s=(1.2, 2.4),
        drive_db=(-12.0, -3.0),
    ),
    Genre(
        "folk",
        (78, 124),
        ("major", "mixolydian", "dorian"),
        ((0, 3, 0, 4), (0, 4, 5, 3), (0, 6, 3, 0), (0, 5, 3, 4)),
        ("brush", "percussion"),
        ("train", "sidestick", "shaker"),
        ("upright", "finger"),
        ("rootfifth", "roots"),
        (
            ("acoustic", "strum"),
            ("acoustic", "arpeggio"),
            ("banjo", "arpeggio"),
            ("fiddle", "answer"),
            ("organ", "sustain"),
            ("mandolin", "offbeat"),
        ),
        ("sung", "airy"),
        layer_count=(1, 3),
        waltz=0.3,
        room_s=(0.4, 1.2),
        drive_db=(-12.0, -4.0),
    ),
    Genre(
        "funk",
        (94, 116),
        ("dorian", "mixolydian"),
        ((0,), (0, 3), (0, 0, 3, 3), (1, 4)),
        ("studio", "rock"),
        ("funk", "funk2"),
        ("slap", "finger", "synth"),
        ("sixteenths", "octaves", "push"),
        (
            ("clean", "scratch"),
            ("brass", "push"),
            ("clav", "scratch"),
            ("organ", "offbeat"),
            ("epiano", "push"),
        ),
        ("bright", "belt", "sung"),
        layer_count=(2, 4),
        swing=(0.5, 0.58),
        chord_size=4,
        bars_per_chord=(1.0, 2.0),
        room_s=(0.25, 0.8),
    ),
    Genre(
        "ambient",
        (64, 100),
        ("lydian", "minor", "major"),
        ((0, 3), (0, 5, 3, 3), (0, 1), (3, 0)),
        ("machine", "lofi", "percussion"),
        ("pulse", "downtempo", "shaker"),
        ("sub", "reese", "synth"),
        ("drone", "roots"),
        (
            ("pad", "sustain"),
            ("strings", "sustain"),
            ("bell", "arpeggio"),
            ("pluck", "arpeggio"),
            ("epiano", "chords"),
            ("noise", "sustain"),
        ),
        ("airy", "hum"),
        layer_count=(2, 4),
        chord_size=5,
        bars_per_chord=(1.0, 2.0),
        syllables_per_s=(0.6, 1.4),
        room_s=(1.8, 2.7),
        drive_db=(-14.0, -4.0),
        pumping=0.15,
    ),
    Genre(
        "metal",
        (96, 176),
        ("phrygian", "minor", "locrian"),
        ((0, 0, 1, 0), (0, 5, 6, 0), (0, 2, 1, 0), (0, 0, 5, 4)),
        ("metal",),
        ("doublekick", "halftime", "blast"),
        ("pick", "distorted"),
        ("gallop", "eighths"),
        (
            ("metal", "gallop"),
            ("metal", "strum"),
            ("lead", "answer"),
            ("strings", "sustain"),
        ),
        ("growl", "belt"),
        chord_size=2,
        room_s=(0.3, 0.9),
        drive_db=(3.0, 10.0),
    ),
    Genre(
        "jazz",
        (88, 168),
        ("major", "dorian"),
        ((1, 4, 0, 5), (0, 5, 1, 4), (2, 5, 1, 4), (0, 3, 2, 5)),
        ("brush", "jazz"),
        ("ride", "brushes"),
        ("upright",),
        ("walking", "rootfifth"),
        (
            ("piano", "comp"),
            ("jazzguitar", "comp"),
            ("vibes", "comp"),
            ("brass", "answer"),
            ("organ", "comp"),
        ),
        ("sung", "airy"),
        layer_count=(1, 2),
        swing=(0.6, 0.67),
        swing_beats=1.0,
        chord_size=5,
        bars_per_chord=(0.5, 1.0),
        waltz=0.15,
        room_s=(0.6, 1.5),
        drive_db=(-14.0, -6.0),
    ),
    Genre(
        "reggae",
        (68, 90),
        ("minor", "major"),
        ((0, 3), (0, 6), (0, 4, 3, 4), (0, 5, 3, 4)),
        ("studio", "rock"),
        ("onedrop", "steppers"),
        ("finger", "sub"),
        ("dub", "push"),
        (
            ("clean", "skank"),
            ("organ", "bubble"),
            ("piano", "skank"),
            ("brass", "answer"),
            ("clav", "scratch"),
        ),
        ("sung", "bright"),
        swing=(0.5, 0.6),
        room_s=(0.8, 1.8),
    ),
    Genre(
        "drum and bass",
        (160, 178),
        ("minor", "phrygian", "dorian"),
        ((0, 5), (0, 6, 5, 5), (0, 2), (0, 0, 3, 5)),
        ("dnb", "909"),
        ("amen", "twostep"),
        ("reese", "distorted", "sub"),
        ("sparse", "push", "drone"),
        (
            ("pad", "sustain"),
            ("stab", "push"),
            ("bell", "arpeggio"),
            ("supersaw", "sustain"),
            ("epiano", "chords"),
        ),
        ("airy", "bright", "rap"),
        chord_size=4,
        bars_per_chord=(2.0,),
        syllables_per_s=(1.4, 3.0),
        room_s=(0.6, 1.8),
        pumping=0.2,
    ),
)
