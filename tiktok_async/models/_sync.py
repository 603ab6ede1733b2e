"""What bulk sync remembers of an account, and how a round ended."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import Factory, frozen

from tiktok_async.errors import TikTokError
from tiktok_async.models._json import JsonModel
from tiktok_async.models._tokens import AccountKey

__all__ = ["AccountSync", "Checkpoint", "DueAccount", "SyncState"]


def _nothing() -> Mapping[str, tuple[int, int]]:
    return {}


@frozen(slots=True, kw_only=True)
class Checkpoint(JsonModel):
    """How far an account's sync has come. It holds no token and no video, only ids, times and digests.

    A *round* goes from the newest video back to where the last round's look-back begins. A crash in the middle
    leaves `cursor` and `seen`, with which anybody goes on.

    Attributes:
        key: The account.
        due_at: When it is to be looked at next (UTC).
        round: How many rounds were finished.
        watermark: When the newest video of the finished rounds was posted; `None` if there was none yet.
        known: The videos within the look-back as they were last: id to when it was posted (Unix seconds) and a
            digest of its fields.
        began_at: When the round under way began; `None` if none is.
        cursor: Where the round under way goes on; `None` for at its beginning.
        newest: When the newest video of the round under way was posted.
        seen: As `known`, for the round under way.
        failures: How many times in a row it failed.
        login_needed: Whether it was reported that the user has to log in again.
        synced_at: When the last round was finished.
        version: As the store counts; 0 for one that is not stored.
    """

    key: AccountKey
    due_at: datetime
    round: int = 0
    watermark: datetime | None = None
    known: Mapping[str, tuple[int, int]] = Factory(_nothing)
    began_at: datetime | None = None
    cursor: int | None = None
    newest: datetime | None = None
    seen: Mapping[str, tuple[int, int]] = Factory(_nothing)
    failures: int = 0
    login_needed: bool = False
    synced_at: datetime | None = None
    version: int = 0

    @property
    def id(self) -> str:
        """Names the round that is to be made; what a job carries beside the open_id."""
        return str(self.round)


@frozen(slots=True, kw_only=True)
class DueAccount(JsonModel):
    """An account whose time has come: all that a job has to carry, and nothing that must be kept secret.

    Attributes:
        open_id: The account.
        checkpoint_id: The round that is due; a job for a round that was made meanwhile does nothing.
    """

    open_id: str
    checkpoint_id: str


class SyncState(StrEnum):
    """How one call of `sync_account` ended."""

    SYNCED = "synced"
    """The round was finished."""
    BUSY = "busy"
    """Another worker holds the account, or took it over; nothing is left to do here."""
    NOT_DUE = "not_due"
    """The round that the job was for has been made already."""
    LOGIN_NEEDED = "login_needed"
    """The user has to log in again, or to grant more."""
    DISCONNECTED = "disconnected"
    """No token is stored; the checkpoint was deleted."""
    FAILED = "failed"
    """TikTok or the network failed; it is due again after a pause, and goes on where it stopped."""


@frozen(slots=True, kw_only=True)
class AccountSync(JsonModel):
    """What one call of `sync_account` did.

    Attributes:
        open_id: The account.
        state: How it ended.
        pages: Requests for videos that were answered.
        videos: How many videos the handler got.
        gone: How many ids that are listed no longer it got.
        watermark: When the newest video was posted; `None` if there is none.
        error: Why it failed, or why the user has to log in; the latter is told once.
    """

    open_id: str
    state: SyncState
    pages: int = 0
    videos: int = 0
    gone: int = 0
    watermark: datetime | None = None
    error: TikTokError | None = None
