"""The results of bulk sync: the videos of a round or of a run."""

from datetime import datetime

from attrs import field, frozen

from tiktok_async.api.account import Account
from tiktok_async.errors import TikTokError
from tiktok_async.models import Video
from tiktok_async.models._json import JsonModel, as_word

__all__ = ["SyncPage", "SyncResult"]


def _open_id(account: Account) -> str:
    return account.open_id


@frozen(slots=True, kw_only=True)
class SyncPage(JsonModel):
    """A page of a round, for the handler.

    Attributes:
        account: The account.
        videos: The videos that are new, or changed since the last round.
        gone: The ids of videos within the look-back that are no longer listed: deleted, or made private. They come
            with the last page.
    """

    account: Account = field(metadata=as_word(_open_id))
    videos: tuple[Video, ...] = ()
    gone: tuple[str, ...] = ()


@frozen(slots=True, kw_only=True)
class SyncResult(JsonModel):
    """One account of `sync_videos`.

    Attributes:
        account: The account.
        videos: Its videos: with checkpoints those that are new or changed, else all since the given moment. Empty
            after a failure.
        error: The error; `None` for success.
        watermark: When its newest video was posted: use it as `since` in the next run. A failure does not change it.
        gone: With checkpoints: the ids within the look-back that are no longer listed.
    """

    account: Account = field(metadata=as_word(_open_id))
    videos: tuple[Video, ...] = ()
    error: TikTokError | None = None
    watermark: datetime | None = None
    gone: tuple[str, ...] = ()
