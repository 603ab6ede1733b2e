"""The table and the plots of the benchmarks: what they say of a row, and that the committed ones are of the figures."""

import tomllib
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import guard
from benchmarks.__main__ import AREAS
from benchmarks._draw import bars, goals
from benchmarks._results import HERE, Results
from benchmarks._rows import Row, alone, beside, in_turns, reason, short, table

FASTER = beside("2", "decoding", "us", [1.0, 2.0, 3.0], "a peer", [2.0, 4.0, 4.0], at_most=0.6)
REFUSED = alone("3a", "refused", "calls", [0, 0, 1], at_most=0, middle=max)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert FASTER.ratio == 0.5
    assert (FASTER.ours, FASTER.theirs, FASTER.rounds) == (2.0, 4.0, 3)
    assert FASTER.holds


def test_a_bar_may_be_on_the_figure_itself_and_on_its_worst_round() -> None:
    assert REFUSED.value == 1
    assert not REFUSED.holds


def test_every_other_round_goes_backwards() -> None:
    seen: list[str] = []
    in_turns({name: partial(seen.append, name) for name in "abc"}, 2)
    assert "".join(seen) == "abccba"


def test_the_table_says_what_is_not_met_and_why() -> None:
    text = table([FASTER, REFUSED], {"refused": "The clock was set back."})
    assert "| 2 | decoding | a peer | 0.5 (0.5 to 0.75) | at most 0.6 | yes | 2 us | 4 us |" in text
    assert "| 3a | refused |  |  | at most 0 calls | **no.** The clock was set back. | 1 calls |  |" in text


def test_the_table_has_no_empty_columns() -> None:
    assert table([alone("", "size", "bytes", [5.0])]) == "| what | ours |\n| --- | ---: |\n| size | 5 bytes |\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1234.5, "1,234"), (12.34, "12.3"), (0.5, "0.5"), (0.0123, "0.012"), (0.0, "0"), (2e-5, "2.0e-05")],
)
def test_a_figure_is_shown_with_the_digits_that_count(number: float, text: str) -> None:
    assert short(number) == text


def test_plots_are_valid_pictures_for_any_figures() -> None:
    rows = [FASTER, REFUSED, alone("x", "none <of> it", "%", [0.0], at_least=1.0)]
    for picture in (bars("all", rows), goals(rows)):
        assert ET.fromstring(picture).tag.endswith("svg")
        assert "prefers-color-scheme: dark" in picture


def test_figures_of_an_area_replace_its_own_only(tmp_path: Path) -> None:
    row = {"goal": "2", "what": "w", "unit": "us", "ours": 1.0}
    results = Results(tmp_path)
    results.add("decode", {"page": [row]})
    results.add("limiters", {"speed": [row], "memory": [row]})
    results.write(AREAS)
    again = Results(tmp_path)
    again.add("limiters", {"speed": [{**row, "ours": 2.0}]})
    assert again.rows(AREAS) == {
        "decode": [Row(goal="2", what="w", unit="us", ours=1.0)],
        "limiters": [Row(goal="2", what="w", unit="us", ours=ours) for ours in (2.0, 1.0)],
    }


def _ratio(ratio: float, low: float, high: float, *, unit: str = "us") -> Row:
    return Row(goal="", what="w", unit=unit, ours=1.0, peer="p", theirs=1.0, ratio=ratio, low=low, high=high)


@pytest.mark.parametrize(
    ("before", "now", "unit", "worse"),
    [
        (1.0, (1.29, 1.2, 1.4), "us", False),
        (1.0, (1.5, 1.4, 1.6), "us", True),
        (1.0, (1.5, 0.9, 1.6), "us", False),  # one round was as good as before: the machine was busy
        (10.0, (9.0, 8.0, 9.5), "1/s", False),
        (10.0, (6.0, 5.0, 7.0), "1/s", True),
        (10.0, (20.0, 18.0, 22.0), "1/s", False),
    ],
)
def test_the_guard_distinguishes_a_worse_ratio_from_noise(
    before: float, now: tuple[float, float, float], unit: str, *, worse: bool
) -> None:
    old = _ratio(before, before, before, unit=unit)
    found = guard.worse([old], [_ratio(*now, unit=unit)], room=1.3)
    assert len(found) == worse
    assert not worse or old.label in found[0]


def test_the_guard_leaves_out_what_was_not_measured_before_or_has_no_peer() -> None:
    assert guard.worse([], [_ratio(9, 9, 9)], room=1.3) == []
    assert guard.worse([alone("", "size", "bytes", [5.0])], [alone("", "size", "bytes", [50.0])], room=1.3) == []


def test_the_table_says_what_was_measured_while_others_used_the_machine(tmp_path: Path) -> None:
    row = {"goal": "2", "what": "w", "unit": "us", "ours": 1.0}
    results = Results(tmp_path)
    results.add("decode", {"page": [row]})
    results._areas["decode"]["page"]["load"] = 9.5
    assert (
        "Other work used the machine while these were measured: decode."
        in results.pages(AREAS)[tmp_path / "RESULTS.md"]
    )


def test_the_committed_table_and_plots_are_made_of_the_committed_figures() -> None:
    pages = Results().pages(AREAS)
    stale = [path.name for path, made in pages.items() if path.read_text(encoding="utf-8") != made]
    assert not stale, "run `python -m benchmarks --table`"


def test_every_goal_that_is_not_met_has_its_reason_and_no_reason_outlives_it() -> None:
    why = tomllib.loads((HERE / "why.toml").read_text(encoding="utf-8"))
    missed = [row for rows in Results().rows(AREAS).values() for row in rows if row.binding and not row.holds]
    assert [row.label for row in missed if not reason(row, why)] == []
    assert set(why.values()) == {reason(row, why) for row in missed}
