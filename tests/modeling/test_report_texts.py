"""What a report writes is safe to open: in a spreadsheet, in a browser."""

from modeling.report.page import Markup, number, table


def test_a_title_is_never_markup() -> None:
    assert "<script>" not in table(["Song"], [["<script>alert(1)</script>"]])
    assert "<small>" in table(["Song"], [[Markup("<small>n 3</small>")]])


def test_a_figure_is_shown_with_interval_and_n_or_as_a_dash() -> None:
    shown = number({"estimate": -0.25, "low": -0.5, "high": 0.0, "n": 12}, 2)
    assert shown == "−0.25<small>[−0.50, 0.00] n 12</small>"
    assert number({"estimate": None, "low": None, "high": None, "n": 0}, 2) == "–"
