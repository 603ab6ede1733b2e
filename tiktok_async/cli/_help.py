"""The first page of help. It does not load the parser or rich, which take most of the loading time."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from pkgutil import iter_modules

from tiktok_async.cli import commands
from tiktok_async.cli._text import prepare_streams

__all__ = ["HELP", "asks_for_help", "first_page", "show_first_page", "summaries"]

HELP = """TikTok's official API from the command line.

The app's keys come from `TIKTOK_CLIENT_KEY` and `TIKTOK_CLIENT_SECRET`. Data goes to standard output, all else to
standard error. Exit codes: 0 ok, 1 failed, 2 usage, 3 the account has to log in again, 130 interrupted.
"""

_WIDEST = 100
_OPTIONS = {
    "--help, -h": "Show this page; behind a command, show its arguments.",
    "--version": "Show the version.",
    "--install-completion": "Install the completion of commands and options for bash, zsh or fish.",
    "--verbose, -v": "Log to standard error: -v requests and refreshes, -vv all of this library, -vvv everything.",
    "--debug": "Show the traceback of an error.",
}


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Say whether the first page is wanted: `--help` alone, or nothing at all."""
    return list(arguments) in ([], ["--help"], ["-h"])


def summaries() -> dict[str, str]:
    """Return each command's name and the first line of its docstring, read from its source."""
    folder = Path(commands.__path__[0])
    return {
        module.name.replace("_", "-"): _summary((folder / f"{module.name}.py").read_text(encoding="utf-8"))
        for module in iter_modules(commands.__path__)
        if not module.name.startswith("_")
    }


def first_page() -> str:
    """Return the program's help: its purpose, its commands and the options that all commands have."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    about = [textwrap.fill(part, width) for part in HELP.strip().split("\n\n")]
    parts = [
        "Usage: tiktok-async COMMAND [ARGUMENTS]",
        *about,
        "\n".join(["Commands:", *_table(summaries(), width)]),
        "\n".join(["Options:", *_table(_OPTIONS, width)]),
        "Arguments of a command: tiktok-async COMMAND --help",
    ]
    return "\n\n".join(parts) + "\n"


def show_first_page() -> None:
    """Write the first page to standard output."""
    prepare_streams()
    sys.stdout.write(first_page())
    sys.stdout.flush()


def _table(rows: dict[str, str], width: int) -> Iterator[str]:
    indent = max(map(len, rows)) + 4
    for name, words in rows.items():
        lines = textwrap.wrap(words, max(width - indent, 20)) or [""]
        yield f"  {name:<{indent - 2}}{lines[0]}".rstrip()
        for line in lines[1:]:
            yield " " * indent + line


def _summary(source: str) -> str:
    """Return the first line of `command`'s docstring, or the help text if `command` is an `App`."""
    _, function, rest = source.partition("def command(")
    if function:
        return rest.partition('"""')[2].partition("\n")[0].removesuffix('"""')
    return source.partition('help="')[2].partition('"')[0]
