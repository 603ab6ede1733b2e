"""What is shown: tables for a person, tab-separated lines for a pipe, JSON for a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
"""The option `--json` of every reading command."""


def write_json(value: Mapping[str, Any]) -> None:
    """Write one JSON document on a line of its own; times are ISO 8601 in UTC, durations seconds."""
    sys.stdout.write(orjson.dumps(value, default=_plain).decode() + "\n")


def write_row(cells: Iterable[object]) -> None:
    """Write one tab-separated line."""
    sys.stdout.write("\t".join(shown(cell) for cell in cells) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show *rows* as a table on a terminal, and as tab-separated lines without a heading in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            write_row(row)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell), justify="right" if isinstance(cell, int) else "left") for cell in row))
    Console().print(table)


def write_record(record: Mapping[str, object]) -> None:
    """Show one thing: a field on each line, without those that are not known."""
    write_table(("field", "value"), [(name, value) for name, value in record.items() if value is not None])


def note(message: str) -> None:
    """Tell the person something that is no data, on standard error."""
    sys.stderr.write(f"{message}\n")


def shown(value: object) -> str:
    """Return *value* for a line: no control character of TikTok's users reaches the terminal."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f} s"
    return "".join(char if char.isprintable() else " " for char in str(value))


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
