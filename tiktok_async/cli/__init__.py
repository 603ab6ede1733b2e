"""The command line `tiktok-async`, with the extra `cli`."""

import sys
from importlib.util import find_spec

from tiktok_async.cli._help import asks_for_help, show_first_page

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if asks_for_help(arguments) and find_spec("cyclopts") is not None:
        show_first_page()
        return
    try:
        from tiktok_async.cli._main import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tiktok_async"):
            raise
        sys.stderr.write(
            f"tiktok-async: its command line needs {error.name}, which is not installed. "
            'Install it with: pip install "tiktok-async[cli]"\n'
        )
        sys.exit(1)
    sys.exit(run(arguments))
