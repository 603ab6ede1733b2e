"""Plots as SVG, by hand: bars beside each other, and goals beside their bars. Readable on light and on dark pages."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from benchmarks._rows import Row, short

WIDTH = 760
_LEFT = 290
_RIGHT = 640
_LINE = 20

# The colours follow the reader's setting; both sets were chosen for contrast on their own background.
STYLE = """<style>
svg { background: #fff; font: 12px sans-serif }
text { fill: #24292f } .dim { fill: #57606a } .ours { fill: #b3123b } .peer { fill: #8c959f }
.ok { fill: #1a7f37 } .missed { fill: #b3123b } .axis { stroke: #8c959f; stroke-width: 1 } .head { font-weight: bold }
.line { fill: none; stroke: #8c959f; stroke-width: 2 } .mine { stroke: #b3123b } .dash { stroke-dasharray: 6 4 }
@media (prefers-color-scheme: dark) {
svg { background: #16181d } text { fill: #e6edf3 } .dim { fill: #9da7b3 }
.ours { fill: #ff7a94 } .peer { fill: #6e7681 }
.ok { fill: #3fb950 } .missed { fill: #ff7a94 }
.axis, .line { stroke: #6e7681 } .mine { stroke: #ff7a94 }
}
</style>"""


def svg(height: int, parts: Iterable[str], *, title: str) -> str:
    """Return a whole picture of *parts*."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", STYLE, *parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, *, style: str = "", anchor: str = "start") -> str:
    """Return *words* at a place."""
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def bars(title: str, rows: Sequence[Row]) -> str:
    """Return a panel for each thing that has a peer: ours in front, each peer below."""
    rows = [row for row in rows if row.theirs is not None]
    parts: list[str] = []
    top = 8
    for what in dict.fromkeys(row.what for row in rows):
        panel = [row for row in rows if row.what == what]
        first = panel[0]
        figures = [("tiktok-async", first.ours, "ours")]
        figures += [(row.peer, row.theirs or 0.0, "peer") for row in panel]
        most = max(value for _, value, _ in figures) or 1.0
        parts.append(text(12, top + 14, f"{what}, {first.unit}", style="head"))
        top += 24
        for name, value, style in figures:
            width = (_RIGHT - _LEFT) * value / most
            parts += [
                text(_LEFT - 8, top + 13, name, anchor="end"),
                f'<rect x="{_LEFT}" y="{top + 2}" width="{max(width, 1):.1f}" height="{_LINE - 6}" class="{style}"/>',
                text(_LEFT + width + 6, top + 13, short(value), style="dim"),
            ]
            top += _LINE
        top += 14
    return svg(top, parts, title=title)


def goals(rows: Sequence[Row]) -> str:
    """Return how far each goal's figure is from its bar: to the left of the line it is better, to the right worse."""
    far = 32.0

    def place(row: Row) -> float:
        bar = row.at_most if row.at_most is not None else row.at_least or 0.0
        over = row.value / bar if bar and row.at_most is not None else bar / row.value if row.value and bar else 0.0
        if not bar:  # none may be bad: either none is, or any is too many
            over = 1 / far if row.holds else far
        clipped = min(max(over, 1 / far), far)
        return _LEFT + 100 + (_RIGHT - _LEFT) * (0.5 + math.log(clipped) / math.log(far) / 2)

    middle = _LEFT + 100 + (_RIGHT - _LEFT) / 2
    bottom = 44 + _LINE * len(rows)
    parts = [
        text(12, 18, "Each goal's figure beside its bar", style="head"),
        text(middle - 8, 36, "better: 1/32 to 1", style="dim", anchor="end"),
        text(middle + 8, 36, "1 to 32: worse", style="dim"),
        f'<line x1="{middle}" x2="{middle}" y1="40" y2="{bottom}" class="axis"/>',
    ]
    for number, row in enumerate(rows):
        y = 48 + _LINE * number
        label = f"{row.goal}  {row.label}"
        x = place(row)
        parts += [
            text(12, y + 10, label if len(label) < 66 else label[:63] + "...", style="dim"),
            f'<line x1="{middle}" x2="{x:.1f}" y1="{y + 6}" y2="{y + 6}" class="axis"/>',
            f'<circle cx="{x:.1f}" cy="{y + 6}" r="5" class="{"ok" if row.holds else "missed"}"/>',
        ]
    return svg(bottom + 12, parts, title="How far each goal's figure is from its bar")
