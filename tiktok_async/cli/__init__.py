"""The command line `tiktok-async`, with the extra `cli`."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
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
    sys.exit(run(sys.argv[1:]))
