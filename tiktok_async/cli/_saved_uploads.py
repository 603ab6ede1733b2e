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

from tiktok_async.cli._folders import state_folder
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


class SavedUploads:
    """The saved states of unfinished uploads.

    Args:
        folder: Where they are; `None` keeps none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def opened(cls) -> "SavedUploads":
        """Make the folder, and delete saved states that are too old.

        Raises:
            ConfigurationError: The folder cannot be made or written to.
        """
        folder = state_folder() / "uploads"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
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
        return cls(folder)

    def file_of(self, publish_id: str) -> Path | None:
        """Return the file that keeps the upload of *publish_id*."""
        if self._folder is None:
            return None
        mark = hashlib.sha256(publish_id.encode()).hexdigest()[:8]
        return self._folder / f"{_FOREIGN.sub('_', publish_id)[:80]}-{mark}.json"

    def keep(self, publish_id: str, text: str) -> None:
        """Save *text* for *publish_id*, readable only by this user; a crash leaves the old text or the new text.

        Raises:
            OSError: The file cannot be written; the text that was saved before remains.
        """
        file = self.file_of(publish_id)
        if file is None:
            return
        # `mkstemp` makes files that only their owner can open.
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as new:
                new.write(text)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self, publish_id: str) -> None:
        """Delete the saved upload of *publish_id*."""
        file = self.file_of(publish_id)
        if file is not None:
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def find(self, wish: str) -> SavedUpload:
        """Return the unfinished upload that *wish* names.

        Args:
            wish: A publish_id, the file of a saved state, or the video.

        Raises:
            ConfigurationError: There is no such upload.
        """
        path = Path(wish).absolute()
        for saved in self._newest_first():
            if wish == saved.publish_id or str(path) == saved.video:
                return saved
        given = _read(path)
        if given is None:
            msg = f"There is no unfinished upload for {wish!r}. Name a publish_id, a saved state or the video."
            raise ConfigurationError(msg)
        return given

    def latest(self, open_id: str) -> SavedUpload:
        """Return the most recent unfinished upload of *open_id*.

        Raises:
            ConfigurationError: There is no such upload.
        """
        for saved in self._newest_first():
            if saved.open_id == open_id:
                return saved
        where = "" if self._folder is None else f" ({self._folder})"
        raise ConfigurationError(f"Account {open_id} has no unfinished upload here{where}.")

    def _newest_first(self) -> list[SavedUpload]:
        def age(file: Path) -> float:
            try:
                return -file.stat().st_mtime_ns
            except OSError:  # another process has just finished it
                return 0

        files = () if self._folder is None else self._folder.glob("*.json")
        return [saved for file in sorted(files, key=age) if (saved := _read(file)) is not None]


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
