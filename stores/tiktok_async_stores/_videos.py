"""What a video table is given by a sync."""

from typing import Protocol

from tiktok_async.models import Video


class _Account(Protocol):
    @property
    def open_id(self) -> str: ...


class VideoPage(Protocol):
    """What a video table reads of the pages that `sync_account` hands out."""

    @property
    def account(self) -> _Account:
        """Whose videos."""
        ...

    @property
    def videos(self) -> tuple[Video, ...]:
        """The videos that are new or changed."""
        ...

    @property
    def gone(self) -> tuple[str, ...]:
        """The ids of videos that are listed no longer."""
        ...
