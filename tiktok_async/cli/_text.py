"""Words on their way to a terminal: what it can show, and advice that fits a person who types commands."""

import re
import sys
from typing import TextIO, cast

__all__ = ["for_terminal", "prepare_streams", "printable"]

# What the library advises in Python -> what to type here.
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
    """Return *text* without control characters, which a terminal would obey; line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def prepare_streams() -> None:
    """Let text that the terminal's encoding cannot show come out escaped; it must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            cast("TextIO", stream).reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]  # TextIOWrapper's
