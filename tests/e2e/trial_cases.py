"""Trials of every type as the server would give them, for tests of the page alone."""

from typing import Any

from studies.protocol.answers import is_per_letter, letters_of
from studies.protocol.spec import Block, Question

ADVICE = (
    "The vocals sit too far back behind the drums. Bring the vocals up by about 3 dB, and take the"
    " drums down by 2 dB, so that the words are heard without strain.",
    "Leave the drums as they are. The bass is loud: 4 dB less of it lets everything else breathe."
    "\n\nThen listen again on small speakers.",
    "The balance is right as it stands: leave it.",
    "Raise the other instruments a little, by 1.5 dB, and keep everything else.",
)
CHOICE = {"key": "better", "kind": "choice", "text": "Which advice would you rather follow?"}
REASON = {
    "key": "reason", "kind": "text", "text": "Why?", "required": False, "max_length": 500,
}  # fmt: skip


def rating(key: str, text: str) -> dict[str, Any]:
    return {
        "key": key, "kind": "scale", "text": text, "low": 1, "high": 7,
        "low_label": "not at all", "high_label": "very",
    }  # fmt: skip


def criterion(key: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key, "kind": "scale", "text": text, "low": 0, "high": 100, "step": 1,
        "low_label": "worst imaginable", "high_label": "best imaginable", **more,
    }  # fmt: skip


def ranking(**more: Any) -> dict[str, Any]:
    return {"key": "order", "kind": "ranking", "text": "Put these in order.", **more}


# name: (block, letters, page)
CASES: dict[str, tuple[dict[str, Any], int, dict[str, Any]]] = {
    "pairwise": ({"type": "pairwise advice", "questions": [CHOICE, REASON]}, 2, {}),
    "confidence": (
        {
            "type": "pairwise advice",
            "questions": [CHOICE, rating("helpful", "How helpful is each advice?"), REASON],
            "hear_after": "from the start",
        },
        2,
        {},
    ),
    "after": (
        {"type": "pairwise advice", "questions": [CHOICE], "hear_after": "after the answers"},
        2,
        {},
    ),
    "rated": (
        {
            "type": "rated advice",
            "questions": [
                rating("specific", "How technically specific is it?"),
                rating("helpful", "How helpful is it?"),
                criterion("trust", "How far would you trust it?"),
                REASON,
            ],
        },
        1,
        {},
    ),
    "axis": (
        {
            "type": "multi-stimulus",
            "dry_stems": True,
            "questions": [
                criterion("production", "Production value"),
                criterion("clarity", "Clarity"),
                criterion("excitement", "Excitement"),
                REASON,
            ],
        },
        5,
        {},
    ),
    "mushra": (
        {
            "type": "mushra",
            "hidden_reference": True,
            "questions": [
                criterion("similar", "How close is each to the reference?", low_label="",
                          high_label="")
            ],
        },
        6,
        {},
    ),
    "ranking": ({"type": "ranking", "questions": [ranking(tie=True), REASON]}, 4, {}),
    "ranking-advice": (
        {"type": "ranking", "ranked": "advice", "questions": [ranking(tie=False)]},
        3,
        {},
    ),
    "training": (
        {"type": "pairwise advice", "questions": [CHOICE]},
        2,
        {"kind": "training", "position": 1, "total": 2, "may_amend": False},
    ),
    "once": ({"type": "pairwise advice", "questions": [CHOICE]}, 2, {"may_amend": False}),
    "strict": (
        {"type": "pairwise advice", "questions": [CHOICE]},
        2,
        {"listening": {"seconds": 1.0, "policy": "exclude", "what": ["problem"]}},
    ),
    "warned": (
        {"type": "pairwise advice", "questions": [CHOICE]},
        2,
        {"listening": {"seconds": 1.0, "policy": "warn", "what": ["problem"]}},
    ),
}  # fmt: skip


def block_of(case: str) -> Block:
    given = CASES[case][0]
    return Block.model_validate({"key": "main", "systems": ["one", "two"], **given})


def page_of(case: str) -> dict[str, Any]:
    """What the server gives the page, but for the addresses and what was saved."""
    block, (_, count, more) = block_of(case), CASES[case]
    letters = letters_of(count)
    return {
        "type": block.type,
        "kind": "main",
        "position": 7,
        "total": 20,
        "letters": letters,
        "asked_after": block.is_about_advice and block.hear_after == "after the answers",
        "texts": dict(zip(letters, ADVICE, strict=False)) if block.is_about_advice else {},
        "questions": [_question(block, question) for question in block.questions],
        "listening": {
            "seconds": 0.5,
            "policy": "record",
            "what": ["problem"] if block.is_about_advice else letters,
        },
        "may_amend": True,
        "title": "",
        "instructions": "Listen, read, and say what you think: there is no right or wrong.",
        **more,
    }


def _question(block: Block, question: Question) -> dict[str, Any]:
    return {**question.model_dump(mode="json"), "per_letter": is_per_letter(block, question)}


def sounds_of(case: str, phase: str) -> list[str]:
    block, letters = block_of(case), letters_of(CASES[case][1])
    names = ["problem"] if block.is_about_advice else list(letters)
    if block.type == "mushra":
        names.append("reference")
    if block.dry_stems:
        names += [f"dry {stem}" for stem in ("vocals", "drums", "bass", "other")]
    hears = block.hear_after == "from the start" or (
        block.hear_after == "after the answers" and phase != "before"
    )
    return names + ([f"after {letter}" for letter in letters] if hears else [])
