"""Files that hold somebody's secrets or messages: for their owner alone, and never through a link that lies in the way.

A name that can be guessed may have been taken by another user of the machine: by a link, a file of theirs or a pipe.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["continue_private", "create_private", "make_private_folders"]

_MODE = 0o600
_FOLDER_MODE = 0o700
# Windows has neither; there, files of a user's folders are that user's.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def create_private(path: Path) -> BinaryIO:
    """Make a new file that its owner alone can open, and return it, open for writing.

    Raises:
        FileExistsError: Something has that name, be it a link that leads nowhere.
        OSError: It cannot be made.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, _MODE), "wb")


def continue_private(path: Path) -> BinaryIO:
    """Open a file that this user has left at *path* for appending, or make a new one; see `create_private`.

    What has that name and is not such a file is removed first: a link, somebody else's file, or one that has a second
    name.

    Raises:
        OSError: It cannot be opened, or what is in the way cannot be removed.
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
    """Make *inside*, a folder below *top*, step by step, each for its owner alone; *top* is made, too.

    Raises:
        NotADirectoryError: A step below *top* is a link or a file.
        OSError: One cannot be made.
    """
    top.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    step = top
    for part in inside.relative_to(top).parts:
        step /= part
        try:
            step.mkdir(mode=_FOLDER_MODE)
        except FileExistsError:
            if not stat.S_ISDIR(step.lstat().st_mode):
                raise NotADirectoryError(20, "something that is no folder has this name", str(step)) from None


def _is_own(found: os.stat_result) -> bool:
    own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return own and stat.S_ISREG(found.st_mode) and found.st_nlink == 1
