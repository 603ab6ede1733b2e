"""What `import tiktok_async` costs beside `import aiohttp`, which every user of it pays for anyway.

Run: python benchmarks/bench_import.py [--rounds N]

The cases run in turn in fresh interpreters, so that a busy machine slows all of them alike. Figures are medians of
the wall-clock time of a whole `python -c` run, less that of an empty one.
"""

import argparse
import statistics
import subprocess
import sys
import time

CASES = {
    "nothing": "pass",
    "aiohttp": "import aiohttp",
    "tiktok_async": "import tiktok_async",
    "tiktok_async + aiohttp": "import tiktok_async, aiohttp",
    "TikTokSession": "from tiktok_async import TikTokSession",
}


def one_run(code: str) -> float:
    """Return the seconds that a fresh interpreter needs for *code*."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    return time.perf_counter() - started


def measure(rounds: int) -> dict[str, float]:
    """Return the median seconds of each case, less those of an empty interpreter."""
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, code in CASES.items():
            times[name].append(one_run(code))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {name: seconds - medians["nothing"] for name, seconds in medians.items() if name != "nothing"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21, help="fresh interpreters per case")
    costs = measure(parser.parse_args().rounds)
    print("| import | ms | beside aiohttp |\n| --- | ---: | ---: |")
    for name, seconds in costs.items():
        print(f"| {name} | {seconds * 1000:.1f} | {seconds / costs['aiohttp']:.2f} |")


if __name__ == "__main__":
    main()
