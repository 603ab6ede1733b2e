"""The folders of this user: for tokens and records, and for the state of unfinished work."""

from collections.abc import Callable
from pathlib import Path

from tiktok_async.errors import ConfigurationError

__all__ = ["data_folder", "state_folder"]


def data_folder(*, instead: str) -> Path:
    """Make and return the folder for tokens and records.

    Args:
        instead: What the user can do without such a folder; the end of the error's last sentence.

    Raises:
        ConfigurationError: There is none, as in a container whose user has no home folder.
    """
    from platformdirs import user_data_path

    return _made(user_data_path, "XDG_DATA_HOME", f", or {instead}")


def state_folder() -> Path:
    """Make and return the folder for the state of unfinished work.

    Raises:
        ConfigurationError: There is none, as in a container whose user has no home folder.
    """
    from platformdirs import user_state_path

    return _made(user_state_path, "XDG_STATE_HOME", "")


def _made(find: Callable[[str], Path], variable: str, instead: str) -> Path:
    try:
        folder = find("tiktok-async")
        # Older releases of platformdirs return a path below the working directory in place of an error.
        why = "" if folder.is_absolute() else "this user has no home folder"
    except RuntimeError:
        folder, why = Path(), "this user has no home folder"
    if not why:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            why = f"{folder} cannot be made ({error.strerror})"
    if why:
        advice = f"Set HOME or {variable} to a folder that can be written{instead}."
        raise ConfigurationError(f"There is no folder to keep anything in: {why}. {advice}")
    return folder
