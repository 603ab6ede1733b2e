"""Unfinished uploads, saved in files so that another process can continue them."""

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
# An upload can be continued for an hour; a state that is a day old is of no use.
_STALE = timedelta(days=1)
_MOST_BYTES = 64 * 1024


@frozen(slots=True, kw_only=True)
class SavedUpload:
    """An unfinished upload.

    Attributes:
        publish_id: TikTok's id.
        open_id: The account.
        video: The path of the video, if it is a file.
        text: The result of `Publish.to_json`; it contains the upload URL, which is secret.
    """

    publish_id: str
    open_id: str
    video: str | None
    text: str = field(repr=False)


def prepare() -> None:
    """Make the folder, and delete saved states that are too old.

    Raises:
        ConfigurationError: The folder cannot be made or written to.
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
        msg = f"Interrupted uploads are saved in {folder}, which cannot be used: {error.strerror}."
        raise ConfigurationError(msg) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        msg = f"Interrupted uploads are saved in {folder}, which cannot be written to."
        raise ConfigurationError(msg)


def file_of(publish_id: str) -> Path:
    """Return the file that keeps the upload of *publish_id*."""
    mark = hashlib.sha256(publish_id.encode()).hexdigest()[:8]
    return _folder() / f"{_FOREIGN.sub('_', publish_id)[:80]}-{mark}.json"


def keep(publish_id: str, text: str) -> None:
    """Save *text* for *publish_id*, readable only by this user; a crash leaves the old text or the new text.

    Raises:
        OSError: The file cannot be written; the text that was saved before remains.
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
    """Delete the saved upload of *publish_id*."""
    with suppress(OSError):
        file_of(publish_id).unlink(missing_ok=True)


def find(wish: str) -> SavedUpload:
    """Return the unfinished upload that *wish* names.

    Args:
        wish: A publish_id, the file of a saved state, or the video.

    Raises:
        ConfigurationError: There is no such upload.
    """
    path = Path(wish).absolute()
    for saved in _newest_first():
        if wish == saved.publish_id or str(path) == saved.video:
            return saved
    given = _read(path)
    if given is None:
        msg = f"There is no unfinished upload for {wish!r}. Name a publish_id, a saved state or the video."
        raise ConfigurationError(msg)
    return given


def latest(open_id: str) -> SavedUpload:
    """Return the most recent unfinished upload of *open_id*.

    Raises:
        ConfigurationError: There is no such upload.
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
    """Read a saved state; return `None` if *file* is not one."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_BYTES).decode()
        data: Any = json.loads(text)
        upload = cast("dict[str, Any]", data["upload"])
        return SavedUpload(publish_id=data["publish_id"], open_id=data["open_id"], video=upload["path"], text=text)
    except (OSError, ValueError, TypeError, KeyError):
        return None
