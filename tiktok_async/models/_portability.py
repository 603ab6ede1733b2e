"""Requests for a user's own data.

Source: https://developers.tiktok.com/doc/data-portability-api-get-started
"""

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from tiktok_async.models._json import JsonModel
from tiktok_async.models._wire import WireModel, identifier


class PortabilityCategory(StrEnum):
    """What an archive holds."""

    ALL_DATA = "all_data"
    """Everything; with it, other categories say nothing more."""
    VIDEO = "video"
    PROFILE = "profile"
    ACTIVITY = "activity"
    DIRECT_MESSAGE = "direct_message"


class DataFormat(StrEnum):
    """In which form the files of an archive are."""

    JSON = "json"
    TEXT = "text"


class PortabilityState(StrEnum):
    """How far a request for an archive is, in TikTok's words."""

    PENDING = "pending"
    """TikTok is collecting the data."""
    DOWNLOADING = "downloading"
    """The archive is ready to be downloaded, whatever the word says."""
    EXPIRED = "expired"
    """It is gone: four days after it was ready."""
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class PortabilityStatus(WireModel):
    """What TikTok says of a request for an archive.

    Attributes:
        request_id: The request.
        status: How far it is; a state that is not documented stays a `str`.
        apply_time: When it was asked for (UTC).
        collect_time: When TikTok began to collect (UTC).
        data_format: The form of the files.
        category_selection_list: What the archive holds.
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
        name: Its name there. Only ever a label: TikTok, or who stands between, could have written anything.
        size: Bytes, as the archive says; reading counts for itself.
        compressed_size: Bytes in the archive.
    """

    name: str
    size: int
    compressed_size: int
