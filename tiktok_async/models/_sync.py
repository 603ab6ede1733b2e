"""The saved state of an account's bulk sync, and the results of rounds."""

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
    """The saved position of an account's sync. It holds no token and no video, only ids, times and digests.

    A *round* goes from the newest video back to the start of the last round's look-back. After a crash in the middle,
    any worker continues from `cursor` and `seen`.

    Attributes:
        key: The account.
        due_at: The time of its next round (UTC).
        round: The number of finished rounds.
        watermark: The time at which the newest video of the finished rounds was posted; `None` if there was none.
        known: The videos within the look-back in the last round: the id with the time of posting (Unix seconds) and
            a digest of the fields.
        began_at: The time at which the current round began; `None` without one.
        cursor: The cursor of the current round; `None` at its beginning.
        newest: The time at which the newest video of the current round was posted.
        seen: As `known`, for the current round.
        failures: The number of failures in a row.
        login_needed: Whether it was reported that the user has to log in again.
        synced_at: The time at which the last round was finished.
        version: The version in the store; 0 for one that is not stored.
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
        """The id of the next round; a job holds it together with the open_id."""
        return str(self.round)


@frozen(slots=True, kw_only=True)
class DueAccount(JsonModel):
    """An account that is due: all data for a job, without secrets.

    Attributes:
        open_id: The account.
        checkpoint_id: The round that is due; a job for a round that was finished meanwhile does nothing.
    """

    open_id: str
    checkpoint_id: str


class SyncState(StrEnum):
    """The result of one call of `sync_account`."""

    SYNCED = "synced"
    """The round was finished."""
    BUSY = "busy"
    """Another worker holds the account, or took it over; this one does nothing more."""
    NOT_DUE = "not_due"
    """The job's round was already finished."""
    LOGIN_NEEDED = "login_needed"
    """The user has to log in again, or to grant more scopes."""
    DISCONNECTED = "disconnected"
    """No token is stored; the checkpoint was deleted."""
    FAILED = "failed"
    """TikTok or the network failed; it is due again later, and continues where it stopped."""


@frozen(slots=True, kw_only=True)
class AccountSync(JsonModel):
    """The details of one call of `sync_account`.

    Attributes:
        open_id: The account.
        state: The result.
        pages: The number of received pages.
        videos: The number of videos given to the handler.
        gone: The number of ids given to the handler that are not listed any more.
        watermark: The time at which the newest video was posted; `None` if there is none.
        error: The failure, or the reason for a new login, which is reported once.
    """

    open_id: str
    state: SyncState
    pages: int = 0
    videos: int = 0
    gone: int = 0
    watermark: datetime | None = None
    error: TikTokError | None = None
