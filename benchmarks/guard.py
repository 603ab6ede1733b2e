"""Finds what became slower: measures again and compares the ratios with the committed ones, with room for noise.

    python -m benchmarks.guard [AREA[.CASE] ...] [--room 1.3] [--quick]

Only ratios count, since they were taken beside a peer in one run: a slower machine slows both. A ratio has become worse
if it is so many times worse than the committed one, and if even its best round is worse than the committed ratio. Run
it by hand, or see .github/workflows/figures.yml. It is no part of the tests, which must not depend on what else a
machine does.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.__main__ import AREAS, run
from benchmarks._results import Results
from benchmarks._rows import Row, short

USUAL = ("decode", "end_to_end", "felt.refreshes", "felt.cache", "import", "limiters.speed", "retry", "pages")
"""What takes some minutes and needs no server of its own."""


def worse(before: Iterable[Row], now: Iterable[Row], *, room: float) -> list[str]:
    """Return a line for each ratio that is worse by more than *room*; a row without its counterpart does not count."""
    known = {row.label: row for row in before if row.ratio}
    lines: list[str] = []
    for row in now:
        old = known.get(row.label)
        if old is None or not old.ratio or not row.ratio:
            continue
        more_is_better = row.unit.startswith(("1/", "MB/", "calls/", "items/", "pages/", "requests/", "tokens/"))
        times = old.ratio / row.ratio if more_is_better else row.ratio / old.ratio
        best = row.high if more_is_better else row.low
        still = best is not None and (best >= old.ratio if more_is_better else best <= old.ratio)
        if times > room and not still:
            lines.append(f"{row.label}: {short(row.ratio)}, it was {short(old.ratio)} ({times:.2f} times as bad)")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.guard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=USUAL, metavar="AREA[.CASE]", help=f"by default {', '.join(USUAL)}")
    parser.add_argument("--room", type=float, default=1.3, help="how many times as bad a ratio may be")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it works")
    arguments = parser.parse_args()
    wanted: dict[str, list[str]] = {}
    for name in arguments.what:
        area, _, case = name.partition(".")
        wanted.setdefault(area, []).extend([case] if case else [])
    with tempfile.TemporaryDirectory() as folder:
        worked = [run(area, cases, Path(folder), quick=arguments.quick) for area, cases in wanted.items()]
        lines = worse(_all(Results().rows(AREAS)), _all(Results(Path(folder)).rows(AREAS)), room=arguments.room)
    print("\n".join(lines) or "no ratio has become worse")
    sys.exit(bool(lines) or not all(worked))


def _all(areas: Mapping[str, list[Row]]) -> list[Row]:
    return [row for rows in areas.values() for row in rows]


if __name__ == "__main__":
    main()
