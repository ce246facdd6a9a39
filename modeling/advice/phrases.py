"""The words of advice. Every entry of a list says the same; the writer draws one.

Places to fill: {stem} "the vocals", {Stem} the same at the start of a sentence, {size} "about
3 dB", {other} a second stem; {need}, {sit}, {are} and {measure} agree with the stem.
Reasons never use a word that could be read as advice; the tests read every one of them back.
"""

from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "vocals": "the vocals",
        "drums": "the drums",
        "bass": "the bass",
        "other": "the other instruments",
    }
)
SINGULAR = frozenset({"bass"})

SIZES = ("{db} dB", "about {db} dB", "around {db} dB", "roughly {db} dB")

RAISE = (
    "raise {stem} by {size}",
    "lift {stem} by {size}",
    "bring {stem} up by {size}",
    "turn {stem} up by {size}",
    "push {stem} up by {size}",
    "make {stem} {size} louder",
    "give {stem} {size} more level",
    "add {size} to {stem}",
)
LOWER = (
    "lower {stem} by {size}",
    "cut {stem} by {size}",
    "bring {stem} down by {size}",
    "turn {stem} down by {size}",
    "pull {stem} back by {size}",
    "make {stem} {size} quieter",
    "give {stem} {size} less level",
    "take {size} off {stem}",
)
RAISE_STATED = ("{stem} {need} {size} more level", "{stem} should come up by {size}")
LOWER_STATED = ("{stem} {need} {size} less level", "{stem} should come down by {size}")

GIVE_OR_TAKE = (", give or take {reach} dB", ", plus or minus {reach} dB")
BETWEEN = (
    " (anywhere between {low} and {high} dB)",
    ", most likely between {low} and {high} dB",
)
FROM_TO = (" (anywhere from {low} to {high} dB)", ", most likely from {low} to {high} dB")

OPENERS_ONE = (
    "One change would help the balance.",
    "One stem stands out of the balance here.",
    "There is one thing to put right in this balance.",
)
OPENERS_TWO = (
    "Two changes would help the balance.",
    "Two stems stand out of the balance here.",
    "There are two things to put right in this balance, the surer one first.",
)
CLOSERS = (
    "Leave everything else where it is.",
    "The rest can stay where it is.",
    "Keep the other stems as they are.",
)

LEAVE = (
    "Leave the balance as it is.",
    "No change is needed here.",
    "Nothing needs to change here.",
    "Keep the faders where they are.",
)
LEAVE_WITHIN = (
    "Every stem seems to be within about {within} dB of its place.",
    "The stems sit within about {within} dB of a good balance.",
    "As far as can be told, all of them lie within about {within} dB of where they belong.",
)
LEAVE_MORE = (
    "The stems hold together well, and none of them stands out.",
    "The stems sit well with each other, and none of them calls for attention.",
)

FACTS = MappingProxyType(
    {
        "against_balanced": (
            "{Stem} {sit} {value} dB {above} the usual place in balanced songs.",
            "Measured against balanced songs, {stem} {are} {value} dB {above} the usual place.",
        ),
        "under_mix": (
            "{Stem} {measure} {value} LU {under} the whole mix.",
            "In loudness {stem} {sit} {value} LU {under} the whole mix.",
        ),
        "similar_songs": (
            "Compared with the {n} most similar balanced songs, {stem} {sit} {value} dB "
            "{above} the place found there.",
            "In the {n} balanced songs most like this one, {stem} would be found {value} dB "
            "{opposite}.",
        ),
        "shared_spectrum": (
            "At equal loudness {stem} and {other} share {value} % of their spectrum.",
            "{Stem} and {other} have {value} % of their spectrum in common at equal loudness.",
        ),
        "mix_region": (
            "The range from {low} to {high} Hz holds {value} % of the power of the mix.",
            "Of the power of the mix, {value} % lies in the range from {low} to {high} Hz.",
        ),
        "mix_sides": (
            "The sides of the stereo image hold {value} % of the power of the mix.",
            "Of the power of the mix, {value} % lies at the sides of the stereo image.",
        ),
        "unlike_training": (
            "This song is unlike those that the estimate was learned from, so it is less certain.",
            "Few songs like this one were learned from, so the estimate is less certain.",
        ),
    }
)
