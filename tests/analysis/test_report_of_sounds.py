"""Features of the sounds stand beside ratings, when the export tells them."""

from typing import Any

from analysis.report.build import Options, build
from tests.analysis.simulated_study import Scene, export

OPTIONS = Options(now="2026-02-01T12:00:00Z", seed=1)


def test_a_feature_that_follows_the_quality_correlates_and_noise_does_not() -> None:
    values = export(Scene(people={"good": 12}, seed=4))
    for place, item in enumerate(values["items"]):
        for number, one in enumerate(item["stimuli"]):
            error_db = one["error_after_db"]
            if error_db is not None:
                noise = float((7 * place + 3 * number) % 5)
                one["character"] = {"crest_db": 14.0 - error_db, "width_db": -noise}
    found = build(values, OPTIONS)
    parts: dict[str, Any] = {
        part["measure"]: part for part in found["objective"] if part["kind"] == "scale"
    }
    assert parts["crest_db"]["spearman"]["low"] > 0
    width = parts["width_db"]["spearman"]
    assert width["low"] < 0 < width["high"]
    assert parts["crest_db"]["measure_is"] == "of the sound: crest db"


def test_without_sounds_no_feature_is_listed() -> None:
    found = build(export(Scene(people={"good": 4}, seed=4)), OPTIONS)
    assert {part["measure"] for part in found["objective"]} <= {
        "error_after_db", "stated", "right", "n_words", "loudness_lufs",
    }  # fmt: skip
