"""Text for a terminal: only characters that it can show, and commands in place of Python calls."""

import re
import sys
from typing import TextIO, cast

__all__ = ["for_terminal", "prepare_streams", "printable"]

# The library's advice for Python -> the advice for the command line.
_ADVICE = (
    (
        re.compile(
            r"(?:Send its user|Log its user in|Send the user) (?:through|with) "
            r"`session\.oauth\.authorization\(\.\.\.\)`(?: once more)?"
        ),
        "Log its user in with `tiktok-async login`",
    ),
    (re.compile(r"`session\.oauth\.authorization\(\.\.\.\)`"), "`tiktok-async login`"),
    (re.compile(r"`account\.publish\((?:publish_id)?\)\.wait\(\)`"), "`tiktok-async status PUBLISH_ID --wait`"),
    (re.compile(r"`account\.publish\(state, source\)`"), "`tiktok-async upload --resume`"),
    (re.compile(r"or raise `max_rate_limit_wait`"), "or wait longer"),
    (re.compile(r", or give the keyword"), ", or give --client-key and --client-secret"),
)


def for_terminal(message: str) -> str:
    """Return *message* with commands in place of the Python calls that it advises."""
    for python, command in _ADVICE:
        message = python.sub(command, message)
    return message


def printable(text: str) -> str:
    """Return *text* without control characters, which a terminal would interpret; line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def prepare_streams() -> None:
    """Escape text that the terminal's encoding cannot show, so that it does not end the command with an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            cast("TextIO", stream).reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]  # TextIOWrapper's
