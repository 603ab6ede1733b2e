"""Files with secrets or messages: readable only by their owner, and never opened through a link.

Another user of the machine may have taken a name that can be guessed, with a link, a file or a pipe.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from tiktok_async.errors import ConfigurationError

__all__ = ["absolute_path", "continue_private", "create_private", "make_private_folders"]

_MODE = 0o600
_FOLDER_MODE = 0o700
# Windows has neither; there, files of a user's folders are that user's.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def absolute_path(path: str | Path) -> Path:
    """Return *path* as an absolute one, with `~` and `~user` replaced by that user's home folder.

    Raises:
        ConfigurationError: That user has no home folder.
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        user = Path(path).parts[0]
        raise ConfigurationError(f"The home folder of {user} is unknown: give the whole path.") from None


def create_private(path: Path) -> BinaryIO:
    """Create a file that only its owner can open, and return it, open for writing.

    Raises:
        FileExistsError: The name is taken, perhaps by a broken link.
        OSError: It cannot be created.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, _MODE), "wb")


def continue_private(path: Path) -> BinaryIO:
    """Open this user's earlier file at *path* for appending, or create a new one; see `create_private`.

    Anything else with that name is removed first: a link, another user's file, or a file with a second name.

    Raises:
        OSError: It cannot be opened, or the other file cannot be removed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | _NO_LINK)
    except FileNotFoundError:
        return create_private(path)
    except OSError:
        # A link, which is not followed.
        path.unlink()
        return create_private(path)
    if not _is_own(os.fstat(descriptor)):
        os.close(descriptor)
        path.unlink()
        return create_private(path)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, _MODE)
    return os.fdopen(descriptor, "ab")


def make_private_folders(top: Path, inside: Path) -> None:
    """Create *inside*, a folder below *top*, with all folders between, each only for its owner; *top* is created, too.

    Raises:
        NotADirectoryError: A part of the path below *top* is a link or a file.
        OSError: One cannot be created.
    """
    top.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    step = top
    for part in inside.relative_to(top).parts:
        step /= part
        try:
            step.mkdir(mode=_FOLDER_MODE)
        except FileExistsError:
            if not stat.S_ISDIR(step.lstat().st_mode):
                raise NotADirectoryError(20, "the name is taken by something that is not a folder", str(step)) from None


def _is_own(found: os.stat_result) -> bool:
    own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return own and stat.S_ISREG(found.st_mode) and found.st_nlink == 1
