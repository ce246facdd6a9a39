"""The learning curves of a run as one SVG, drawn without a plotting library."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, MARGIN = 640, 320, 48
COLOURS = {"baseline": "#b35900", "differential": "#00629b"}


def curves_svg(curves: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]) -> str:
    """Validation loss over steps; `curves` holds, by advisor, one list of checks per seed.

    Raises:
        ValueError: no check at all.
    """
    checks = [check for members in curves.values() for member in members for check in member]
    if not checks:
        raise ValueError("there is no check to draw; train at least up to the first one")
    last_step = max(float(check["step"]) for check in checks)
    losses = [float(check["validation_loss"]) for check in checks]
    low, high = min(losses), max(losses)
    span = (high - low) or 1.0

    def point(check: Mapping[str, Any]) -> str:
        x = MARGIN + (WIDTH - 2 * MARGIN) * float(check["step"]) / last_step
        y = MARGIN + (HEIGHT - 2 * MARGIN) * (high - float(check["validation_loss"])) / span
        return f"{x:.1f},{y:.1f}"

    lines = []
    for name, members in curves.items():
        colour = COLOURS.get(name, "#555555")
        for member in members:
            path = " ".join(point(check) for check in member)
            lines.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            )
        if members and members[0]:
            x, y = point(members[0][-1]).split(",")
            lines.append(
                f'<text x="{x}" y="{float(y) - 6:.1f}" text-anchor="end" fill="{colour}">'
                f"{escape(name)}</text>"
            )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="system-ui, sans-serif" font-size="12">',
            f'<text x="{MARGIN}" y="20">Loss on validation songs, one line per seed</text>',
            f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 12}" text-anchor="end">'
            f"updates, up to {last_step:g}</text>",
            f'<text x="8" y="{MARGIN}">{high:.2f}</text>',
            f'<text x="8" y="{HEIGHT - MARGIN}">{low:.2f}</text>',
            *lines,
            "</svg>",
            "",
        ]
    )
