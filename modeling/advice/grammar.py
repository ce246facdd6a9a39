"""The patterns by which advice is read. Text is in lower case, with single spaces.

A pattern of `CLAUSES` reads one piece of advice whole; its groups are stem, db and, where the
direction does not follow from the pattern itself, the word that carries it.
"""

import re

NUMBER = r"\d+(?:[.,]\d+)?"
_AMOUNT = rf"(?:by )?(?:about |around |roughly |approximately |some )?(?P<db>{NUMBER}) ?db\b"
_STEM = (
    r"(?:the )?(?:lead |main )?(?P<stem>vocals?|voice|singer|drums?|drum kit|bass line|"
    r"bass guitar|bass(?! drum)|other instruments|other stem\b|accompaniment|"
    r"other(?! (?:two |three )?(?:stems|faders|parts)))\b"
)
_UP = r"(?:raise|lift|boost|increase|bump|turn up|bring up|push up|move up)"
_DOWN = (
    r"(?:lower|cut|reduce|drop|decrease|attenuate|turn down|bring down|push down|"
    r"move down|pull down|pull back|take down)"
)
_MOVING = r"(?:bring|turn|push|pull|move|take|ease|nudge|shift|lift|bump)"
_NEEDING = r"(?:needs?|wants?|could use|can use)"
_BEING = r"(?:is|are|sits?|sounds?)"
_TOO = r"too (?P<word>loud|high|quiet|soft|low)\b"
_MUST = r"(?:should|must|needs? to|has to|have to|could)"

STEM_WORDS = {
    "vocal": "vocals",
    "voice": "vocals",
    "singer": "vocals",
    "drum": "drums",
    "bass": "bass",
    "other": "other",
    "accompaniment": "other",
}

UPWARD = frozenset({"up", "more", "louder", "add", "to", "raise"})
"""Direction words that mean a raise; what is called too quiet needs one too."""
TOO_LITTLE = frozenset({"quiet", "soft", "low"})

_LEVEL = r"(?: level| fader)?"
CLAUSES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (direction, re.compile(rf"\b{pattern}"))
    for direction, pattern in (
        ("raise", rf"{_UP} {_STEM}{_LEVEL}(?: up)? {_AMOUNT}"),
        ("lower", rf"{_DOWN} {_STEM}{_LEVEL}(?: down| back)? {_AMOUNT}"),
        ("word", rf"{_MOVING} {_STEM}{_LEVEL} (?P<word>up|down|back) {_AMOUNT}"),
        ("word", rf"give {_STEM} {_AMOUNT} (?P<word>more|less)(?: level)?"),
        ("word", rf"(?P<word>add) {_AMOUNT} to {_STEM}"),
        ("word", rf"(?:take|trim|remove) {_AMOUNT} (?P<word>off|from) {_STEM}"),
        ("word", rf"make {_STEM} {_AMOUNT} (?P<word>louder|quieter|softer)"),
        ("word", rf"{_STEM} {_NEEDING} {_AMOUNT} (?P<word>more|less)(?: level)?"),
        ("word", rf"{_STEM} {_MUST} (?:come|go|move) (?P<word>up|down) {_AMOUNT}"),
        ("word", rf"{_STEM} {_MUST} be {_AMOUNT} (?P<word>louder|quieter|softer)"),
        ("too", rf"{_STEM} {_BEING} {_AMOUNT} {_TOO}"),
        (
            "too",
            rf"{_STEM} {_BEING} (?:a (?:bit|little) )?{_TOO}",
        ),
    )
)
STAYS = re.compile(rf"\b(?:leave|keep) {_STEM} (?:as|where) (?:it|they) (?:is|are)\b")

_LIKELY = r",? ?\(?(?:anywhere |most likely |likely |somewhere )?"
GIVE_OR_TAKE = re.compile(
    rf",? ?\(?(?:give or take|plus or minus|±|\+/-) ?(?P<reach>{NUMBER}) ?db\b\)?"
)
BETWEEN = re.compile(rf"{_LIKELY}between (?P<low>{NUMBER})(?: db)? and (?P<high>{NUMBER}) ?db\b\)?")
FROM_TO = re.compile(
    rf"{_LIKELY}from (?P<low>[+-]?{NUMBER})(?: db)? to (?P<high>[+-]?{NUMBER}) ?db\b\)?"
)

LEAVE_REST = re.compile(
    r"\b(?:leave|keep) (?:everything else|all else|the rest|the others?|"
    r"the other (?:two |three )?(?:stems|faders|parts)) "
    r"(?:exactly )?(?:as|where) (?:it|they) (?:is|are)\b|\bthe rest can stay (?:where|as) it is\b"
)
LEAVE_ALL = re.compile(
    r"\b(?:leave|keep) (?:the )?(?:balance|mix|faders|levels|stems|everything|it) "
    r"(?:exactly |just )?(?:as|where) (?:it|they) (?:is|are)\b"
    r"|\bno (?:change|move|adjustment)s? (?:is|are) (?:needed|necessary)\b"
    r"|\bnothing (?:needs|has) to (?:change|be changed|move)\b"
)
WITHIN = re.compile(rf"\bwithin (?:about |around |roughly )?(?P<db>{NUMBER}) ?db\b")

LOOSE_ADVICE = re.compile(
    rf"\b(?:{_UP}|{_DOWN}|{_MOVING}|trim|louder|quieter|softer|too (?:loud|high|quiet|soft|low)|"
    r"leave|keep|add|give|remove|fader|mute|solo|(?:rais|lower|lift|boost|increas|decreas|reduc|"
    r"drop|dropp|cutt|bump|attenuat|turn|bring|push|pull|mov|nudg|trimm|mut)(?:ed|ing)|brought)\b"
)
"""Words of advice; where they are left over, something was not understood."""
MAY_ADVISE = re.compile(rf"{LOOSE_ADVICE.pattern}|\b(?:more|less|should|must|up|down)\b")
"""Every clause holds one of these; a sentence without any gives no advice."""
LOOSE_FIGURE = re.compile(r"\d ?db\b")
UNCLEAR = re.compile(
    r"\b(?:not|never|avoid|don't|cannot|can't|shouldn't|without|instead|rather|neither|nor|"
    r"if|unless|or|otherwise|alternatively|either)\b"
)
SENTENCE_END = re.compile(r"[.!?;:](?=\s|$)")
