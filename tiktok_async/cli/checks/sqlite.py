"""A store in a SQLite file: whether its file system is safe, and whether others have no access to it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tiktok_async.cli.checks.filesystem import network_filesystem
from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async_stores.sqlite.file import SIDE_FILES, obstacles, unsafe_mode

_SUBJECT = "SQLite"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_sqlite(file: str) -> Iterator[Finding]:
    """Yield what endangers the store in *file*; no file is opened, made or changed.

    Args:
        file: Its path, or `:memory:`.
    """
    if file == ":memory:":
        yield Finding(_SUBJECT, Level.DANGEROUS, "The store is in memory.", "All tokens end with its process.")
        return
    path = Path(file).absolute()
    if not path.parent.is_dir():
        yield Finding(_SUBJECT, Level.DANGEROUS, f"There is no folder {path.parent}.", "Make it, with mode 0700.")
        return
    findings = [*_place(path), *_modes(path)]
    yield from findings
    if not findings:
        what = "is private and on a local disk" if path.exists() else "will be made by the first login"
        yield Finding(_SUBJECT, Level.OK, f"{path} {what}.")


def _place(path: Path) -> Iterator[Finding]:
    kind = network_filesystem(path)
    if kind is not None:
        advice = "Use a local disk, or Redis for several machines: two refreshes at the same time end a grant."
        yield Finding(_SUBJECT, Level.DANGEROUS, f"{path} is on a network file system ({kind}).", advice)
    what = obstacles(str(path))
    if what:
        advice = "A refreshed token that cannot be stored is lost."
        yield Finding(_SUBJECT, Level.DANGEROUS, what.strip(), advice)


def _modes(path: Path) -> Iterator[Finding]:
    for file in (f"{path}{suffix}" for suffix in SIDE_FILES):
        if Path(file).exists():
            for setting, advice in unsafe_mode(file):
                yield Finding(_SUBJECT, Level.DANGEROUS, f"{file} has {setting}.", advice)
    mode = path.parent.stat().st_mode
    # In a folder with the sticky bit, such as /tmp, others cannot replace this user's files.
    if os.name == "posix" and mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        what = f"Others can write to {path.parent} (mode {stat.S_IMODE(mode):04o}), and so replace the store."
        yield Finding(_SUBJECT, Level.DANGEROUS, what, f"chmod go-w {path.parent}")
