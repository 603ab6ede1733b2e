"""What `import tiktok_async` costs beside `import aiohttp`, which every user of it pays for anyway.

    python -m benchmarks.bench_import [--quick]

The cases run in turn in fresh interpreters, so that a busy machine slows all of them alike. Figures are the CPU time of
a whole `python -c` run, less that of an empty one in the same round.
Goals: at most 1.05 times `import aiohttp`, with aiohttp itself; at most 0.35 times without it; at most 1.25 times for
the session, without what is not used yet.
"""

import resource
import subprocess
import sys
from functools import partial

from benchmarks._rows import Row, beside, in_turns, main

CASES = {
    "nothing": "pass",
    "aiohttp": "import aiohttp",
    "tiktok_async": "import tiktok_async",
    "tiktok_async + aiohttp": "import tiktok_async, aiohttp",
    "TikTokSession": "from tiktok_async import TikTokSession",
}


def one_run(code: str) -> float:
    """Return the seconds of CPU that a fresh interpreter needs for *code*."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(*, quick: bool) -> list[Row]:
    taken = in_turns({name: partial(one_run, code) for name, code in CASES.items()}, 3 if quick else 21)
    empty = taken.pop("nothing")
    cost = {
        name: [1e3 * (whole - least) for whole, least in zip(runs, empty, strict=True)] for name, runs in taken.items()
    }
    aiohttp = cost["aiohttp"]
    bars = {"tiktok_async": 0.35, "tiktok_async + aiohttp": 1.05, "TikTokSession": 1.25}
    return [
        beside(
            "7" if name in bars else "", f"import {name}", "ms CPU", mine, "aiohttp", aiohttp, at_most=bars.get(name)
        )
        for name, mine in cost.items()
        if name != "aiohttp"
    ]


if __name__ == "__main__":
    main(__doc__, {"imports": imports})
