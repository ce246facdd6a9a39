"""What a new study begins with: a preset, or as little as a spec can be."""

from typing import Any

from studies.protocol.reading import preset, preset_names

BLANK_SPEC: dict[str, Any] = {
    "items": {"draw": {"count": 8}},
    "blocks": [
        {
            "key": "advice",
            "type": "pairwise advice",
            "systems": ["differential", "baseline"],
            "questions": [
                {
                    "key": "preference",
                    "kind": "choice",
                    "text": "Which advice would you rather follow?",
                }
            ],
        }
    ],
    "order": {"participants": 12, "trials_per_person": 6, "overlap": 3, "repeats": 1},
    "texts": {"consent": ""},
}


def presets() -> list[tuple[str, str, str]]:
    """(name, title, description) of every preset."""
    found = []
    for name in preset_names():
        data = preset(name)
        words = name.replace("-", " ").capitalize()
        found.append((name, str(data.get("title") or words), str(data.get("description", ""))))
    return found


def beginning(name: str, title: str) -> dict[str, Any]:
    """Plain data of a new spec: of the preset `name`, or a blank one for "blank"."""
    if name in preset_names():
        return {"preset": name, "title": title}
    return BLANK_SPEC | {"title": title}
