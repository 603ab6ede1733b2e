"""`tiktok-async --install-completion`."""

import sys
from typing import Literal


def command(shell: Literal["bash", "zsh", "fish"] | None = None) -> None:
    """Install the completion of commands and options for bash, zsh or fish.

    Args:
        shell: Which shell; by default the current one.
    """
    from tiktok_async.cli._main import build

    path = build().install_completion(shell=shell, add_to_startup=True)
    sys.stderr.write(f"The completion is in {path}. Open a new shell to use it.\n")
