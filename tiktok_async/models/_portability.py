"""Requests for a user's own data.

Source: https://developers.tiktok.com/doc/data-portability-api-get-started
"""

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from tiktok_async.models._json import JsonModel
from tiktok_async.models._wire import WireModel, identifier


class PortabilityCategory(StrEnum):
    """The contents of an archive."""

    ALL_DATA = "all_data"
    """All categories."""
    VIDEO = "video"
    PROFILE = "profile"
    ACTIVITY = "activity"
    DIRECT_MESSAGE = "direct_message"


class DataFormat(StrEnum):
    """The format of the files in an archive."""

    JSON = "json"
    TEXT = "text"


class PortabilityState(StrEnum):
    """The state of a request for an archive, by TikTok's names."""

    PENDING = "pending"
    """TikTok is collecting the data."""
    DOWNLOADING = "downloading"
    """The archive is ready for the download, despite the name."""
    EXPIRED = "expired"
    """It was deleted, four days after it was ready."""
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class PortabilityStatus(WireModel):
    """TikTok's status of a request for an archive.

    Attributes:
        request_id: The request.
        status: The state; one that is not documented stays a `str`.
        apply_time: The time of the request (UTC).
        collect_time: The time at which TikTok began to collect (UTC).
        data_format: The format of the files.
        category_selection_list: The categories in the archive.
    """

    request_id: str | None = identifier(default=None)
    status: PortabilityState | str
    apply_time: datetime | None = None
    collect_time: datetime | None = None
    data_format: DataFormat | str | None = None
    category_selection_list: tuple[PortabilityCategory | str, ...] = ()


@frozen(slots=True, kw_only=True)
class ArchiveMember(JsonModel):
    """One file of an archive.

    Attributes:
        name: Its name in the archive. Do not use it as a path, since it may be any text.
        size: Bytes, as stated by the archive; a read counts the real ones.
        compressed_size: Bytes in the archive.
    """

    name: str
    size: int
    compressed_size: int
