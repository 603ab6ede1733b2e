"""One run of the command line: from its arguments to its exit code."""

from collections.abc import Sequence

from cyclopts import App

app = App(name="tiktok-async", help="TikTok's official API from the command line.")


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: What was typed after the program's name.

    Returns:
        The exit code: 0 ok, 1 failed, 2 usage, 3 reauthorization needed, 130 interrupted.
    """
    app(arguments)
    return 0
