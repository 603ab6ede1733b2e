"""All benchmarks beside their peers, in one table and some plots.

    python -m benchmarks [--quick] [--only AREA[.CASE] ...] [--to FOLDER]
    python -m benchmarks --table

Each area runs in a process of its own, so that none profits or suffers from another's imports. Its figures replace the
older ones in results.json, from which RESULTS.md and plots/ are made; so the areas may be run one at a time. With
`--quick` nothing is kept unless `--to` says where: figures of few repetitions do not count.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._results import HERE, Results

AREAS = (
    *(
        "felt",
        "end_to_end",
        "layers",
        "decode",
        "limiters",
        "redis_limiters",
        "fleet",
        "stores",
        "postgres",
        "tokens",
        "saves",
        "uploads",
        "import",
    ),
    *("retry", "pages", "observers", "sync"),
)


def run(area: str, cases: list[str], folder: Path, *, quick: bool) -> bool:
    """Run *cases* of *area*, all if there are none, and keep their rows in *folder*. Returns whether it worked."""
    print(f"\n## {area} {' '.join(cases)}\n", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        rows = Path(directory) / "rows.json"
        command = [sys.executable, "-m", f"benchmarks.bench_{area}", *cases, "--json", str(rows)]
        done = subprocess.run(command + ["--quick"] * quick, cwd=HERE.parent, check=False)
        if done.returncode:
            print(f"{area} failed", file=sys.stderr)
            return False
        results = Results(folder)
        results.add(area, json.loads(rows.read_text()))
        results.write(AREAS)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it works")
    parser.add_argument("--only", nargs="+", default=AREAS, metavar="AREA[.CASE]", help=f"of {', '.join(AREAS)}")
    parser.add_argument("--table", action="store_true", help="run nothing: make the table and the plots anew")
    parser.add_argument("--to", type=Path, help="the folder of results.json, RESULTS.md and plots/")
    arguments = parser.parse_args()
    if arguments.table:
        Results(arguments.to or HERE).write(AREAS)
        return
    wanted: dict[str, list[str]] = {}
    for name in arguments.only:
        area, _, case = name.partition(".")
        if area not in AREAS:
            parser.error(f"no area {area}; there are {', '.join(AREAS)}")
        wanted.setdefault(area, []).extend([case] if case else [])
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = arguments.to or (Path(thrown_away) if arguments.quick else HERE)
        worked = [run(area, cases, folder, quick=arguments.quick) for area, cases in wanted.items()]
    sys.exit(not all(worked))


if __name__ == "__main__":
    main()
