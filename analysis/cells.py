"""Texts in CSV cells: none that a spreadsheet runs as a formula, and each as it was when read back.

An apostrophe before it makes a cell text. A text that has apostrophes of its own before what would
run gets one more, so that taking one away always gives what there was.
"""

from typing import Any

# Spreadsheets run a cell that begins so, some also in full width or after space.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CONTROL_STARTS = ("\t", "\r", "\n")


def _would_run(text: str) -> bool:
    if text[:1].isalnum():  # nearly every cell: a million rows have twenty each
        return False
    bare = text.lstrip("'")
    return bare.startswith(CONTROL_STARTS) or bare.lstrip().startswith(FORMULA_STARTS)


def safe_text(value: Any) -> Any:
    """The cell for a value; what is no text stays as it is: numbers keep their sign.

    >>> safe_text("=1+1"), safe_text("'=1"), safe_text("'tis"), safe_text(-1.5)
    ("'=1+1", "''=1", "'tis", -1.5)
    """
    return f"'{value}" if isinstance(value, str) and _would_run(value) else value


def plain_text(cell: str) -> str:
    """What `safe_text` was given.

    >>> plain_text("'=1+1"), plain_text("''=1"), plain_text("'tis"), plain_text("-3")
    ('=1+1', "'=1", "'tis", '-3')
    """
    return cell[1:] if cell.startswith("'") and _would_run(cell) else cell


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of csv.DictReader as it was written; what is no text (missing, too many) stays."""
    return {k: plain_text(v) if isinstance(v, str) else v for k, v in row.items()}
