"""The picture of the folders in docs/design.md: floors from the linter's contract, arrows from the imports."""

import ast
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

import tiktok_async

ROOT = Path(__file__).parents[2]
PACKAGE = Path(str(tiktok_async.__file__)).parent

_WIDTH, _ROW, _GAP, _BOX, _LEFT = 960, 74, 12, 40, 16
# What is left out: no subject of its own.
_PLUMBING = {"__main__", "_lazy", "_old_pickles"}

_STYLE = """
.page { fill: #fbfaf8; } .floor { fill: #f0ede8; } .room { fill: #ffffff; stroke: #8a8178; }
.arrow { stroke: #b3123b; stroke-opacity: 0.5; fill: none; } text { font: 14px system-ui, sans-serif; fill: #26221d; }
@media (prefers-color-scheme: dark) {
  .page { fill: #1c1a18; } .floor { fill: #26231f; } .room { fill: #322e29; stroke: #8a8178; }
  .arrow { stroke: #ff7a94; stroke-opacity: 0.55; } text { fill: #f2eee8; }
}
""".strip()


def floors() -> list[list[str]]:
    """Return the floors from the top, each with its folders, as the linter's contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(contract for contract in settings["contracts"] if contract["id"] == "floors")
    rows = [layer.replace("|", ":").replace("(", "").replace(")", "").split(":") for layer in contract["layers"]]
    named = [[name.strip() for name in row if name.strip() not in _PLUMBING] for row in rows]
    return [row for row in named if row]


def arrows() -> set[tuple[str, str]]:
    """Return which folder imports which, at run time."""
    return {
        (room, target)
        for file in sorted(PACKAGE.rglob("*.py"))
        if (room := _room(file)) not in _PLUMBING
        for target in _imported(ast.parse(file.read_text(encoding="utf-8")))
        if target != room and target not in _PLUMBING
    }


def _direct(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out the arrows that others imply: where A imports B and B imports C, A may import C."""
    below: dict[str, set[str]] = {}
    for source, target in found:
        below.setdefault(source, set()).add(target)

    def implies(other: str, source: str, target: str) -> bool:
        # In a circle each would imply the other, and neither would be drawn.
        return target in _reached(below, other, source) and other not in _reached(below, target, source)

    return {
        (source, target)
        for source, target in found
        if not any(implies(other, source, target) for other in below[source] - {target})
    }


def _reached(below: dict[str, set[str]], start: str, source: str) -> set[str]:
    """Return what *start* imports, and what that imports, without going round by *source*; rooms may form a circle."""
    seen, left = {source}, [start]
    while left:
        room = left.pop()
        if room not in seen:
            seen.add(room)
            left.extend(below.get(room, ()))
    return seen - {source}


def _room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = node.module.split(".")
            if parts[0] == "tiktok_async":
                yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        yield from _imported(node)


def folder_map() -> str:
    """Return the picture as SVG."""
    rows = floors()
    places: dict[str, tuple[float, float, float]] = {}
    shapes: list[str] = []
    for number, row in enumerate(rows):
        top = _LEFT + number * _ROW
        shapes.append(
            f'<rect class="floor" x="{_LEFT}" y="{top}" width="{_WIDTH - 2 * _LEFT}" height="{_ROW - 8}" rx="8"/>'
        )
        width = min(190.0, (_WIDTH - 2 * _LEFT - _GAP) / len(row) - _GAP)
        start = (_WIDTH - len(row) * (width + _GAP) + _GAP) / 2
        for place, name in enumerate(row):
            places[name] = (start + place * (width + _GAP), top + 13, width)
    lines = [
        _arrow(places[source], places[target])
        for source, target in sorted(_direct(arrows()))
        if {source, target} <= {*places}
    ]
    rooms = [_drawn(name, *place) for name, place in places.items()]
    height = 2 * _LEFT + len(rows) * _ROW
    title = "The folders of tiktok_async: each imports from its own floor or a lower one"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{title}</title>",
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="page" width="{_WIDTH}" height="{height}" rx="12"/>',
            *shapes,
            *lines,
            *rooms,
            "</svg>\n",
        ]
    )


def _arrow(source: tuple[float, float, float], target: tuple[float, float, float]) -> str:
    (left, top, width), (to_left, to_top, to_width) = source, target
    x1, y1, x2, y2 = left + width / 2, top + _BOX, to_left + to_width / 2, to_top
    middle = (y1 + y2) / 2
    return (
        f'<path class="arrow" d="M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def _drawn(name: str, left: float, top: float, width: float) -> str:
    middle = left + width / 2
    return (
        f'<rect class="room" x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{_BOX}" rx="6"/>'
        f'<text x="{middle:.0f}" y="{top + 25:.0f}" text-anchor="middle">{escape(name)}</text>'
    )
