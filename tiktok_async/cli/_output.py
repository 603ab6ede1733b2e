"""The output of commands: tables on a terminal, tab-separated lines in a pipe, or JSON."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tiktok_async.cli._text import printable

# Columns whose cells must not be broken into several lines.
_WHOLE = {"id", "open_id", "publish_id", "event_id", "field", "level"}

Header = Annotated[bool, Parameter(name="--header", negative="", show_default=False)]
"""The option `--header` of every command that writes a table."""

Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
"""The option `--json` of every reading command."""


def write_json(value: Mapping[str, Any]) -> None:
    """Write one JSON document on one line; times are ISO 8601 in UTC, durations are seconds."""
    line = orjson.dumps(value, default=_plain) + b"\n"
    # JSON is UTF-8, whatever the terminal's encoding is. Text that was written before must come first.
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def write_row(cells: Iterable[object]) -> None:
    """Write one tab-separated line."""
    sys.stdout.write("\t".join(shown(cell) for cell in cells) + "\n")


def write_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    header: bool = False,
    styles: Mapping[str, str] | None = None,
) -> None:
    """Show *rows* as a table on a terminal, and as tab-separated lines in a pipe.

    Args:
        columns: The headings. Ids and times stay on one line; other columns are folded if the terminal is narrow.
        rows: The cells.
        header: Write the headings in a pipe, too.
        styles: Styles for cells with a certain text, such as `{"dangerous": "bold red"}`.
    """
    if not sys.stdout.isatty():
        if header:
            write_row(columns)
        for row in rows:
            write_row(row)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = [list(row) for row in rows]
    for place, column in enumerate(columns):
        widest = max((len(shown(row[place])) for row in cells), default=0)
        whole = column in _WHOLE or all(isinstance(row[place], int | datetime | None) for row in cells)
        table.add_column(column, overflow="fold", no_wrap=whole, min_width=max(widest, len(column)) if whole else None)
    for row in cells:
        table.add_row(*(_cell(cell, styles or {}) for cell in row))
    Console().print(table)


def _cell(cell: object, styles: Mapping[str, str]) -> Text:
    text = shown(cell)
    return Text(text, style=styles.get(text, ""), justify="right" if isinstance(cell, int) else "left")


def write_record(record: Mapping[str, object]) -> None:
    """Show one record: a field on each line, without the fields that are `None`."""
    write_table(("field", "value"), [(name, shown(value)) for name, value in record.items() if value is not None])


def note(message: str) -> None:
    """Write a message for the user, which is not data, to standard error."""
    sys.stderr.write(f"{printable(message)}\n")


def shown(value: object) -> str:
    """Return *value* as text on one line, without control characters, which could come from TikTok's users."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f} s"
    return printable(str(value)).replace("\n", " ")


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
