"""Small parts of HTML; whatever is no `Markup` is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

Plain = Mapping[str, Any]
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


class Markup(str):
    """Text that is HTML already."""


def tag(name: str, text: str, kind: str = "") -> str:
    """One element around a text."""
    of_kind = f' class="{kind}"' if kind else ""
    return f"<{name}{of_kind}>{_escaped(text)}</{name}>"


def listed(lines: Iterable[str]) -> str:
    """A list, nothing without lines."""
    items = "".join(tag("li", line) for line in lines if line)
    return f"<ul>{items}</ul>" if items else ""


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    text: Sequence[int] = (),
) -> str:
    """A table that scrolls by itself when narrow; `text` names columns set to the left."""
    sides = [' class="text"' if place in text else "" for place in range(len(head))]
    top = "".join(
        f'<th scope="col"{side}>{escape(name)}</th>' for name, side in zip(head, sides, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{side}>{_escaped(value)}</td>" for value, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    told = tag("caption", sentence(caption)) if caption else ""
    inner = f"{told}<thead><tr>{top}</tr></thead><tbody>\n{body}</tbody>"
    return f'<div class="wide" tabindex="0"><table>{inner}</table></div>'


def number(figure: Plain | None, digits: int = 2) -> Markup:
    """An estimate with its interval and n under it; a dash with the reason where there is none."""
    if figure is None or figure.get("estimate") is None:
        reason = "" if figure is None else str(figure.get("cannot") or figure.get("note") or "")
        return Markup(f"{DASH}<small>{escape(reason)}</small>" if reason else DASH)
    if figure["low"] is None and figure["high"] is None:
        told = f"n {figure['n']}"
    else:
        told = f"[{plain(figure['low'], digits)}, {plain(figure['high'], digits)}] n {figure['n']}"
    return Markup(f"{plain(figure['estimate'], digits)}<small>{told}</small>")


def figure_text(figure: Plain, digits: int = 2) -> str:
    """An estimate with its interval in one line."""
    if figure["estimate"] is None:
        return f"cannot be given ({figure.get('note') or 'no reason'})"
    value = plain(figure["estimate"], digits)
    if figure["low"] is None and figure["high"] is None:
        return value
    level = f"{100 * figure.get('level', 0.95):g} % interval"
    return f"{value} ({level} {plain(figure['low'], digits)} to {plain(figure['high'], digits)})"


def plain(value: float | None, digits: int = 2) -> str:
    """A number to read; an end that is open has no number."""
    return "open" if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def sentence(text: str) -> str:
    """The text with a capital to begin with.

    >>> sentence("linear mixed model by REML")
    'Linear mixed model by REML'
    """
    return text[:1].upper() + text[1:]


def p_text(p: float | None) -> str:
    """A p value as journals print it."""
    if p is None:
        return DASH
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)
