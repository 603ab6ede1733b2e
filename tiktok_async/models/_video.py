"""A public video of a user.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-object
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from tiktok_async.models._wire_model import WireModel, identifier


class VideoField(StrEnum):
    """A field of `Video`, in TikTok's word; all of them need the scope `video.list`."""

    ID = "id"
    CREATE_TIME = "create_time"
    COVER_IMAGE_URL = "cover_image_url"
    SHARE_URL = "share_url"
    VIDEO_DESCRIPTION = "video_description"
    DURATION = "duration"
    HEIGHT = "height"
    WIDTH = "width"
    TITLE = "title"
    EMBED_HTML = "embed_html"
    EMBED_LINK = "embed_link"
    LIKE_COUNT = "like_count"
    COMMENT_COUNT = "comment_count"
    SHARE_COUNT = "share_count"
    VIEW_COUNT = "view_count"


@frozen(kw_only=True)
class Video(WireModel):
    """A public video. A field that was not asked for is `None`.

    Attributes:
        id: The video; always asked for.
        create_time: When it was posted (UTC).
        cover_image_url: A signed address of the cover that lives six hours; see `cover_expires_at`.
        share_url: A lasting link to the video.
        video_description: The caption, at most 150 characters.
        duration: How long it plays; TikTok counts whole seconds.
        height: Pixels.
        width: Pixels.
        title: At most 150 characters.
        embed_html: HTML that embeds the player.
        embed_link: Address of the embeddable player.
        like_count: Likes.
        comment_count: Comments.
        share_count: Shares.
        view_count: Views.
    """

    id: str = identifier()
    create_time: datetime | None = None
    cover_image_url: str | None = None
    share_url: str | None = None
    video_description: str | None = None
    duration: timedelta | None = None
    height: int | None = None
    width: int | None = None
    title: str | None = None
    embed_html: str | None = None
    embed_link: str | None = None
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    view_count: int | None = None

    @property
    def cover_expires_at(self) -> datetime | None:
        """When `cover_image_url` ends (UTC); `None` if it does not say. Ask for the video again after that."""
        if self.cover_image_url is None:
            return None
        try:
            (expires,) = parse_qs(urlsplit(self.cover_image_url).query)["x-expires"]
            return datetime.fromtimestamp(int(expires), UTC)
        except (KeyError, ValueError, OverflowError, OSError):
            return None
