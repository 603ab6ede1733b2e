"""What is kept of the runs: one JSON file, and the table and the plots that are made of it."""

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks._draw import bars, goals
from benchmarks._machine import machine
from benchmarks._rows import Row, table

HERE = Path(__file__).parent
_GROWTH = ("plots/sync_growth.svg",)  # drawn by bench_sync itself: a curve is not bars
_QUIET = 3.0  # the benchmarks' own load, on two cores
_HEAD = """<!-- Made by `python -m benchmarks`: with `--table` after a change of why.toml. -->

# Figures

Each figure is the median of interleaved repetitions beside its peer in one run. The ratio is ours divided by the
peer's, with the smallest and the largest of the repetitions: of time and memory less is better, of rates more.
Absolute figures mean something on this machine only; the ratios are what to compare.
"""


class Results:
    """The rows of all areas, by area and case.

    Args:
        folder: Where `results.json` is.
    """

    def __init__(self, folder: Path = HERE) -> None:
        self.folder = folder
        self._path = folder / "results.json"
        kept: dict[str, Any] = {"machine": {}, "areas": {}}
        if self._path.exists():
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        self._machine: dict[str, str] = kept["machine"]
        self._areas: dict[str, dict[str, Any]] = kept["areas"]

    def add(self, area: str, cases: Mapping[str, list[dict[str, Any]]]) -> None:
        """Take the rows of *area*'s *cases*, measured on this machine just now, in place of older ones."""
        here = machine()
        if here != self._machine:  # figures of two machines, or of two sets of peers, share no table
            self._machine, self._areas = here, {}
        taken = {"taken": datetime.now(UTC).date().isoformat(), "load": round(os.getloadavg()[0], 1)}
        self._areas.setdefault(area, {}).update({name: {**taken, "rows": rows} for name, rows in cases.items()})

    def rows(self, order: Iterable[str]) -> dict[str, list[Row]]:
        """Return the rows by area, in that *order*."""
        return {
            area: [Row(**row) for case in self._areas[area].values() for row in case["rows"]]
            for area in order
            if area in self._areas
        }

    def pages(self, order: Iterable[str]) -> dict[Path, str]:
        """Return the files that are made of the rows, by path: the table, and a plot for each area."""
        areas = self.rows(order)
        every = [row for rows in areas.values() for row in rows]
        plots = {
            f"plots/{area}.svg": bars(area, rows)
            for area, rows in areas.items()
            if any(row.theirs is not None for row in rows)
        }
        bound = sorted((row for row in every if row.binding), key=lambda row: (row.goal.isalpha(), row.goal))
        plots = {"plots/goals.svg": goals(bound), **plots}
        why = tomllib.loads((HERE / "why.toml").read_text(encoding="utf-8"))
        parts = [
            _HEAD,
            f"{sum(row.holds for row in bound)} of {len(bound)} bars are reached.{self._busy()}\n",
            "## What a user feels\n",
            table(areas.get("felt", []), why),
            "## Beside the goals\n",
            table([row for row in bound if row.goal != "felt"], why),
            "## Beside other peers\n",
            table([row for area, rows in areas.items() if area != "felt" for row in rows if not row.binding]),
            "## Plots\n",
            *(f"![{Path(name).stem.replace('_', ' ')}]({name})\n" for name in [*plots, *_GROWTH]),
            "## Taken on\n",
            "| | |\n| --- | --- |",
            *(f"| {name} | {fact} |" for name, fact in {**self._machine, "date": self._dates()}.items()),
        ]
        made = {self.folder / name: picture for name, picture in plots.items()}
        return {self.folder / "RESULTS.md": "\n".join(parts) + "\n", **made}

    def write(self, order: Iterable[str]) -> None:
        """Write the JSON, the table and the plots."""
        kept = {"machine": self._machine, "areas": self._areas}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        for path, made in self.pages(order).items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(made, encoding="utf-8")

    def _busy(self) -> str:
        """Return a sentence about the areas that were measured while others used the machine, if there are any."""
        areas = [name for name, cases in self._areas.items() if any(case["load"] > _QUIET for case in cases.values())]
        if not areas:
            return ""
        return (
            f" Other work used the machine while these were measured: {', '.join(areas)}. Their spread is wide, and "
            "what cold caches cost is more than on a quiet machine."
        )

    def _dates(self) -> str:
        return ", ".join(sorted({case["taken"] for area in self._areas.values() for case in area.values()}))
