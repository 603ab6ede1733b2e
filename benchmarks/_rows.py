"""What a benchmark hands over: rows of figures beside their peers, and the one command line of them all."""

import argparse
import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import asdict, frozen

T = TypeVar("T")

ROUNDS = 9
"""A goal holds as the median of at least so many interleaved repetitions beside its peer in one run."""


@frozen(kw_only=True)
class Row:
    """One figure, beside a peer's where there is one.

    Attributes:
        goal: The number of the goal it belongs to, "" for a figure that only informs.
        what: What was measured.
        unit: Of `ours` and `theirs`.
        ours: The median of our figures.
        peer: What it is compared with.
        theirs: The median of the peer's figures, from the same run.
        ratio: The median of ours / theirs within a round; `None` where the bar is on our own figure.
        low: The smallest of those ratios.
        high: The largest of them.
        at_most: The bar, if less is better.
        at_least: The bar, if more is better.
        rounds: How many repetitions the medians are of.
    """

    goal: str
    what: str
    unit: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    rounds: int = ROUNDS
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float:
        """The figure that is compared with the bar."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def label(self) -> str:
        """What identifies the row: what was measured, and its peer."""
        return self.what if self.ratio is None else f"{self.what} / {self.peer}"

    @property
    def binding(self) -> bool:
        """Whether there is a bar."""
        return self.at_most is not None or self.at_least is not None

    @property
    def holds(self) -> bool:
        """Whether the bar is reached."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


def beside(  # noqa: PLR0917 - the columns of the table, in their order
    goal: str,
    what: str,
    unit: str,
    ours: Sequence[float],
    peer: str,
    theirs: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """Return the row of a ratio: *ours* and *theirs* were measured in turns, round by round."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return Row(
        goal=goal,
        what=what,
        unit=unit,
        ours=statistics.median(ours),
        peer=peer,
        theirs=statistics.median(theirs),
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        at_most=at_most,
        at_least=at_least,
        rounds=len(ours),
    )


def alone(
    goal: str,
    what: str,
    unit: str,
    ours: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    peer: str = "",
    theirs: Sequence[float] = (),
    middle: Callable[[Sequence[float]], float] = statistics.median,
) -> Row:
    """Return the row of a figure that is held against a bar itself, whatever the peer's is.

    Args:
        goal: As in `Row`.
        what: As in `Row`.
        unit: As in `Row`.
        ours: One figure for each round.
        at_most: As in `Row`.
        at_least: As in `Row`.
        peer: As in `Row`.
        theirs: The peer's figures.
        middle: What is made of the figures: the median, or the worst where none may be bad.
    """
    return Row(
        goal=goal,
        what=what,
        unit=unit,
        ours=middle(ours),
        peer=peer,
        theirs=middle(theirs) if theirs else None,
        at_most=at_most,
        at_least=at_least,
        rounds=len(ours),
    )


def in_turns(variants: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run each of *variants* once a round, so that a busy machine slows all; every other round goes backwards."""
    results: dict[str, list[T]] = {name: [] for name in variants}
    for number in range(rounds):
        for name in reversed(list(variants)) if number % 2 else variants:
            results[name].append(variants[name]())
    return results


class Case(Protocol):
    """Measures, and returns rows."""

    def __call__(self, *, quick: bool) -> Iterable[Row]:
        """Be *quick* if the figures need not count."""
        ...


def main(doc: str | None, cases: Mapping[str, Case]) -> None:
    """Run the cases that the command line names, all without a name, and show their rows.

    `--json PATH` also writes them there, which is how `python -m benchmarks` collects them.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(cases)}; all without one")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it works")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(cases):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(cases)}")
    rows = {name: list(cases[name](quick=arguments.quick)) for name in arguments.cases or cases}
    print("\n" + table([row for found in rows.values() for row in found]))
    if arguments.json:
        arguments.json.write_text(json.dumps({name: [asdict(row) for row in found] for name, found in rows.items()}))


def table(rows: Iterable[Row], why: Mapping[str, str] | None = None) -> str:
    """Return *rows* as a Markdown table, without empty columns; *why* says of a row's label why its bar
    is not reached."""
    head = ("goal", "what", "peer", "ours / peer's", "bar", "met", "ours", "peer's")
    columns = list(zip(head, *(_cells(row, why or {}) for row in rows), strict=True))
    kept = [column for column in columns if any(column[1:])]
    lines = ["| " + " | ".join(line) + " |" for line in zip(*kept, strict=True)]
    aligned = "".join("| ---: " if column[0] in {"ours", "peer's", "ours / peer's"} else "| --- " for column in kept)
    return "\n".join([lines[0], aligned + "|", *lines[1:]]) + "\n" if lines else ""


def reason(row: Row, why: Mapping[str, str]) -> str:
    """Return what *why* says of *row*; its keys are labels, in which `*` stands for anything."""
    return next((words for label, words in why.items() if fnmatchcase(row.label, label)), "")


def _cells(row: Row, why: Mapping[str, str]) -> tuple[str, ...]:
    bar = met = ""
    if row.binding:
        words = f"at most {short(row.at_most)}" if row.at_most is not None else f"at least {short(row.at_least or 0)}"
        bar = words if row.ratio is not None else f"{words} {row.unit}"
        met = "yes" if row.holds else f"**no.** {reason(row, why)}".rstrip()
    return (
        row.goal,
        row.what,
        row.peer,
        _spread(row),
        bar,
        met,
        f"{short(row.ours)} {row.unit}",
        "" if row.theirs is None else f"{short(row.theirs)} {row.unit}",
    )


def _spread(row: Row) -> str:
    if row.ratio is None:
        return ""
    if row.low is None or row.high is None or row.rounds == 1:
        return short(row.ratio)
    return f"{short(row.ratio)} ({short(row.low)} to {short(row.high)})"


def short(number: float) -> str:
    """Return *number* with three digits that count, and no more."""
    if number and abs(number) < 0.001:
        return f"{number:.1e}"
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2 if abs(number) >= 0.1 else 3
    text = f"{number:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
