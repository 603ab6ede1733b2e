"""The SQLite file itself: its permissions, whether this library made it, and its tables."""

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tiktok_async.errors import StoreError
from tiktok_async_stores._url import MEMORY

# "TikA" as a number: it distinguishes this library's files from those of other programs.
_APPLICATION_ID = 0x54696B41

# The log is copied into the file when it has this many pages, about 32 MB. With SQLite's default of 1,000 pages, many
# tasks make a sixth fewer durable puts.
_LOG_PAGES = 8_000
_BUSY_SECONDS = 5.0

SIDE_FILES = ("", "-wal", "-shm", "-journal")
"""The endings of the names of SQLite's files."""

# One entry for each schema version. Released entries are never edited; new ones are added.
#
# `apps` keeps a client_key once instead of in each row and index entry, which saves 40 bytes a token. Rows are in the
# primary key's tree (WITHOUT ROWID), so a read by key is one search. `expiring` reads the partial index. The table's
# key is part of every index, so its entries are (app, expires_at, open_id).
_MIGRATIONS = (
    """
    CREATE TABLE apps (id INTEGER PRIMARY KEY, client_key TEXT NOT NULL UNIQUE);
    CREATE TABLE tokens (
        app INTEGER NOT NULL,
        open_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        active INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (app, open_id)
    ) WITHOUT ROWID;
    CREATE INDEX tokens_expiring ON tokens (app, expires_at) WHERE active = 1;
    CREATE TABLE leases (
        client_key TEXT NOT NULL,
        open_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (client_key, open_id)
    ) WITHOUT ROWID;
    CREATE TABLE fence (last INTEGER NOT NULL);
    INSERT INTO fence VALUES (0);
    """,
    """
    CREATE TABLE notes (
        client_key TEXT NOT NULL,
        open_id TEXT NOT NULL,
        name TEXT NOT NULL,
        until INTEGER NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (client_key, open_id, name)
    ) WITHOUT ROWID;
    CREATE INDEX notes_until ON notes (until);
    """,
    """
    CREATE TABLE checkpoints (
        app INTEGER NOT NULL,
        open_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        round INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (app, open_id)
    ) WITHOUT ROWID;
    CREATE INDEX checkpoints_due ON checkpoints (app, due_at);
    CREATE TABLE checkpoint_leases (
        client_key TEXT NOT NULL,
        open_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (client_key, open_id)
    ) WITHOUT ROWID;
    """,
    # Notes of older releases have no end by the monotonic clock, and no length: 2 ** 62 limits none.
    """
    ALTER TABLE notes ADD COLUMN boot TEXT NOT NULL DEFAULT '';
    ALTER TABLE notes ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE notes ADD COLUMN ttl INTEGER NOT NULL DEFAULT 4611686018427387904;
    DROP INDEX notes_until;
    CREATE INDEX notes_ends ON notes (boot, ends);
    """,
)


Identity = tuple[tuple[int, int], tuple[int, int]]
"""The files on disk of a path and its log: device and inode of each."""


def identity(path: str) -> Identity | None:
    """Return the files that *path* and its log name now; `None` if one of them does not exist."""
    try:
        return _number_of(path), _number_of(f"{path}-wal")
    except OSError:
        return None


def _number_of(path: str) -> tuple[int, int]:
    info = os.stat(path)  # noqa: PTH116 - twice as fast as pathlib, at each commit
    return info.st_dev, info.st_ino


def connect(path: str) -> sqlite3.Connection:
    """Open the store's file. Make it or bring its tables up to date if needed.

    Args:
        path: The file, or `:memory:`.

    Raises:
        StoreError: It cannot be opened, or is not a file of this library.
        sqlite3.OperationalError: Another process is making it now; try again.
    """
    if path != MEMORY:
        _check_file(path)
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(f"The SQLite store {path} cannot be opened: {error}.{obstacles(path)}") from error
    try:
        _prepare(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        raise StoreError(f"The SQLite store {path} cannot be opened: {error}.{obstacles(path)}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(f"{path} is not a SQLite file, or it is damaged; choose another path.") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _check_file(path: str) -> None:
    """Make the file, readable only by its owner, before a token is in it. SQLite's side files copy its mode.

    An existing file is not opened: closing it would end all locks of this process on it, also those of other
    connections (https://sqlite.org/howtocorrupt.html, 2.2). A process that then closes its own connection would believe
    that it is the last one, and remove the log that the others use.
    """
    try:
        _make_file(path)
    except FileNotFoundError:
        parent = Path(path).absolute().parent
        raise StoreError(f"The SQLite store {path} cannot be made: the directory {parent} does not exist.") from None
    except OSError as error:
        raise StoreError(f"The SQLite store {path} cannot be written: {error.strerror}.{obstacles(path)}") from error


def _make_file(path: str) -> None:
    with suppress(FileExistsError):
        # Use the target of a link, since the link itself counts as an existing file.
        target = os.path.realpath(path)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        return
    if os.path.isdir(path):  # noqa: PTH112 - as above
        raise StoreError(f"The SQLite store {path} is a directory; give the path of a file in it.")
    if not _may(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def obstacles(path: str) -> str:
    """Return sentences about permissions that this process lacks on the file, its side files or its folder, if any.

    SQLite makes two more files in the folder of an open database. Its own error messages name neither these nor the
    folder.
    """
    if path == MEMORY or os.name != "posix":
        return ""
    folder = os.path.dirname(path)  # noqa: PTH120 - a str, as all paths here
    wanted = [(folder, os.W_OK | os.X_OK), *((f"{path}{suffix}", os.R_OK | os.W_OK) for suffix in SIDE_FILES)]
    barred = [_described(each) for each, mode in wanted if os.path.lexists(each) and not _may(each, mode)]
    if not barred:
        return ""
    return (
        f" This process runs as user {_user(os.geteuid())}, who may not write to {', '.join(barred)}. SQLite writes to "
        f"the file, to {path}-wal and {path}-shm, and makes these in the folder: give all of them to that user "
        "(chown), or run as their owner."
    )


def _may(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _described(path: str) -> str:
    try:
        info = os.stat(path)  # noqa: PTH116 - a str, as all paths here
    except OSError:
        return path
    return f"{path} (of user {_user(info.st_uid)}, mode {stat.S_IMODE(info.st_mode):04o})"


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)  # a container's user has no name


def unsafe_mode(path: str) -> Iterator[tuple[str, str]]:
    """Yield the file's mode and advice if others may read or write it. Files that this library makes are private."""
    if path != MEMORY and os.name == "posix":
        mode = stat.S_IMODE(Path(path).stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield (
                f"mode {mode:04o}",
                f"Make it private: chmod 600 {path}* (other users of this machine can open it now).",
            )


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    # A stored token is on disk even if the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    if _number(connection, "application_id") != _APPLICATION_ID or _number(connection, "user_version") != len(
        _MIGRATIONS
    ):
        _migrate(connection, path)
    # Readers and the writer of other processes do not wait for each other.
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    # Deleted and replaced data is overwritten. Debian's SQLite does so by default, most others do not.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}").fetchall()
    _number(connection, "user_version")  # a first read makes the log, so its inode is known


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have done it while this one waited for the lock.
        for script in _MIGRATIONS[_schema(connection, path) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _schema(connection: sqlite3.Connection, path: str) -> int:
    application, version = _number(connection, "application_id"), _number(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0]
    if application != _APPLICATION_ID and (application or version or tables):
        raise StoreError(f"{path} is another program's SQLite file; choose another path for the tokens.")
    if version > len(_MIGRATIONS):
        raise StoreError(
            f"The SQLite store {path} was written by a newer version of this library (schema {version}, this one "
            f"knows {len(_MIGRATIONS)}); update tiktok-async."
        )
    return version


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchall()[0][0])
