"""Uploads that are not finished, kept in files so that another process can go on with them."""

import hashlib
import json
import os
import re
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen
from platformdirs import user_state_path

from tiktok_async.errors import ConfigurationError

_FOREIGN = re.compile(r"[^A-Za-z0-9.~-]")
# An upload can go on for an hour; what is left of one after a day is of no use to anybody.
_STALE = timedelta(days=1)
_MOST_BYTES = 64 * 1024


@frozen(slots=True, kw_only=True)
class SavedUpload:
    """One of them.

    Attributes:
        publish_id: TikTok's id.
        open_id: The account.
        video: The path of the video, if it is a file.
        text: What `Publish.to_json` gave; it holds the upload address.
    """

    publish_id: str
    open_id: str
    video: str | None
    text: str = field(repr=False)


def prepare() -> None:
    """Make the folder, and throw away what is too old to be of use.

    Raises:
        ConfigurationError: It cannot be made or written to.
    """
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "geteuid") and folder.stat().st_uid == os.geteuid():
            folder.chmod(0o700)
        oldest = (datetime.now(UTC) - _STALE).timestamp()
        for file in folder.glob("*.json"):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
    except OSError as error:
        msg = f"Uploads that are broken off are kept in {folder}, which cannot be used: {error.strerror}."
        raise ConfigurationError(msg) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        msg = f"Uploads that are broken off are kept in {folder}, which cannot be written to."
        raise ConfigurationError(msg)


def file_of(publish_id: str) -> Path:
    """Return the file that keeps the upload of *publish_id*."""
    mark = hashlib.sha256(publish_id.encode()).hexdigest()[:8]
    return _folder() / f"{_FOREIGN.sub('_', publish_id)[:80]}-{mark}.json"


def keep(publish_id: str, text: str) -> None:
    """Keep *text* for *publish_id*, for the eyes of this user alone; a crash leaves the old text or the new one.

    Raises:
        OSError: The file cannot be written; what was kept before still is.
    """
    file = file_of(publish_id)
    # `mkstemp` makes files that only their owner can open.
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget(publish_id: str) -> None:
    """Forget the upload of *publish_id*."""
    with suppress(OSError):
        file_of(publish_id).unlink(missing_ok=True)


def find(wish: str) -> SavedUpload:
    """Return the unfinished upload that *wish* names.

    Args:
        wish: A publish_id, the file of a saved state, or the video.

    Raises:
        ConfigurationError: There is none.
    """
    path = Path(wish).absolute()
    for saved in _newest_first():
        if wish == saved.publish_id or str(path) == saved.video:
            return saved
    given = _read(path)
    if given is None:
        msg = f"No unfinished upload is known by {wish!r}, which may be a publish_id, a saved state or the video."
        raise ConfigurationError(msg)
    return given


def latest(open_id: str) -> SavedUpload:
    """Return the unfinished upload of *open_id* that was worked on last.

    Raises:
        ConfigurationError: There is none.
    """
    for saved in _newest_first():
        if saved.open_id == open_id:
            return saved
    msg = f"Account {open_id} has no unfinished upload here ({_folder()})."
    raise ConfigurationError(msg)


def _folder() -> Path:
    return user_state_path("tiktok-async") / "uploads"


def _newest_first() -> list[SavedUpload]:
    def age(file: Path) -> float:
        try:
            return -file.stat().st_mtime_ns
        except OSError:  # another process has just finished it
            return 0

    return [saved for file in sorted(_folder().glob("*.json"), key=age) if (saved := _read(file)) is not None]


def _read(file: Path) -> SavedUpload | None:
    """Read a saved state; `None` if *file* is none."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_BYTES).decode()
        data: Any = json.loads(text)
        upload = cast("dict[str, Any]", data["upload"])
        return SavedUpload(publish_id=data["publish_id"], open_id=data["open_id"], video=upload["path"], text=text)
    except (OSError, ValueError, TypeError, KeyError):
        return None
