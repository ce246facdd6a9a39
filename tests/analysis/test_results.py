"""The shape in which figures leave the package."""

import json
import math

from analysis.results import Estimate


def test_an_estimate_goes_through_json_unrounded() -> None:
    figure = Estimate(0.1 + 0.2, -1.0, 2.0, 7, method="mean")
    assert json.loads(json.dumps(figure.as_json(), allow_nan=False)) == {
        "estimate": 0.1 + 0.2,
        "low": -1.0,
        "high": 2.0,
        "n": 7,
        "level": 0.95,
        "method": "mean",
        "note": "",
    }


def test_a_figure_that_cannot_be_given_is_null_and_says_why() -> None:
    figure = Estimate.missing(1, "ICC", "one excerpt only")
    assert math.isnan(figure.estimate)
    assert figure.as_json()["estimate"] is None
    assert figure.as_json()["note"] == "one excerpt only"
