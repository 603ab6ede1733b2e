"""Prints verified steps, and stops at a step that could not be verified."""

import sys

from rich.console import Console
from rich.text import Text

from tiktok_async.errors import TikTokError

_NAME_WIDTH = 10


class Steps:
    """Prints one line for each step: a number, a name, what happened, and a tick. In colour on a terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._tick, self._cross = ("✓", "✗") if _can_print("✓✗") else ("ok", "failed")
        self._count = 0

    def done(self, name: str, happened: str, *, verified: bool) -> None:
        """Print a step, and stop the run unless it was *verified*.

        Args:
            name: One word for the step.
            happened: What happened, in a sentence.
            verified: Whether a check found that it is true.

        Raises:
            TikTokError: *verified* is false.
        """
        self._count += 1
        mark = Text(self._tick, style="bold green") if verified else Text(self._cross, style="bold red")
        self._console.print(
            Text.assemble((f"{self._count:2} ", "dim"), (f"{name:<{_NAME_WIDTH}} ", "bold"), happened, " ", mark)
        )
        if not verified:
            msg = f"Step {self._count}, {name}, could not be verified."
            raise TikTokError(msg)

    def end(self, message: str) -> None:
        """Print the last line."""
        self._console.print(Text(message, style="bold"))


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
