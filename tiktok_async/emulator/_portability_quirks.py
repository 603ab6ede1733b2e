"""What TikTok's portability pages dispute or leave open, as one set of switches."""

from datetime import timedelta
from typing import Literal

from attrs import frozen


@frozen(slots=True, kw_only=True)
class PortabilityQuirks:
    """How portability behaves where TikTok's pages disagree or are silent.

    Attributes:
        preparation: From the request to the archive.
        ready_for: How long the archive can be fetched.
        category_word: The word for direct messages in a status: the table's or the example's.
        user_in_webhook: Whether `portability.download.ready` says whose archive it is; the sample does not.
        zip_type: The content type of the archive, which is not documented.
        ranges: Whether a download can be continued with `Range`.
        archive_size: The archive's size in bytes is at least this; for tests of long downloads.
    """

    preparation: timedelta = timedelta(0)
    ready_for: timedelta = timedelta(days=4)
    category_word: Literal["direct_message", "direct_messages"] = "direct_message"
    user_in_webhook: bool = False
    zip_type: str = "application/zip"
    ranges: bool = False
    archive_size: int = 0
