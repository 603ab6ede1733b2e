"""The pages that a sync gives to a video table."""

from typing import Protocol

from tiktok_async.models import Video


class _Account(Protocol):
    @property
    def open_id(self) -> str: ...


class VideoPage(Protocol):
    """The part of a page of `sync_account` that a video table reads."""

    @property
    def account(self) -> _Account:
        """Whose videos."""
        ...

    @property
    def videos(self) -> tuple[Video, ...]:
        """The new and changed videos."""
        ...

    @property
    def gone(self) -> tuple[str, ...]:
        """The ids of videos that are not listed any more."""
        ...
