"""The page of what TikTok's sources dispute, from the questions of `tiktok_async.probe`."""

from tiktok_async.probe import QUESTIONS, Question

_HEAD = """
# What TikTok's sources dispute

TikTok's pages contradict each other in places, and live answers contradict the pages. This library has not met TikTok's
real servers yet. Where sources disagree it takes the reading that works under both, if there is one. The emulator has a
switch for each dispute, and the tests play every side of it.

Whoever has an app can settle most rows in some minutes, safely: [Probing TikTok](probe.md) shows how. The last column
says which level of `tiktok-async probe` asks it, or why none does.

| Question | One source | Another | Here | Switch | Asked by |
|---|---|---|---|---|---|
""".lstrip()

_SILENT = """
## What nobody says

| Silence | What may be | Here | Switch | Asked by |
|---|---|---|---|---|
"""

_TAIL = """
To see how your program takes the other side of a row, give the emulator that switch of `Quirks`:
[Testing](testing.md) shows how. `quirks_from(report)` takes all switches from a report of the probe.
"""


def disputed() -> str:
    """Return the page."""
    said = "".join(_row(question) for question in QUESTIONS if not question.silent)
    silent = "".join(_row(question) for question in QUESTIONS if question.silent)
    return _HEAD + said + _SILENT + silent + _TAIL


def _row(question: Question) -> str:
    first, *others = question.sides.values()
    sides = [f"{first}; {'; '.join(others)}"] if question.silent else [first, "; ".join(others)]
    asked = f"`{question.level}`" if question.ask is not None else question.unasked
    switch = question.played if question.quirk is None else f"`{question.quirk}`"
    return f"| {' | '.join([question.asks, *sides, question.here, switch, asked])} |\n"
