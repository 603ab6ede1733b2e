"""A TikTok user and the user's videos, as the user's own account sees them.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from tiktok_async.models._oauth import Scope
from tiktok_async.models._wire import WireModel, identifier


class VideoField(StrEnum):
    """A field of `Video`, by TikTok's name; all of them need the scope `video.list`."""

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
    """A public video. A field that was not requested is `None`.

    Attributes:
        id: The video; always requested.
        create_time: When it was posted (UTC).
        cover_image_url: A signed address of the cover, valid for six hours; see `cover_expires_at`.
        share_url: A lasting link to the video.
        video_description: The caption, at most 150 characters.
        duration: Its length; TikTok counts whole seconds.
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
        """The time at which `cover_image_url` expires (UTC); `None` if unknown. Request the video again then."""
        if self.cover_image_url is None:
            return None
        try:
            (expires,) = parse_qs(urlsplit(self.cover_image_url).query)["x-expires"]
            return datetime.fromtimestamp(int(expires), UTC)
        except (KeyError, ValueError, OverflowError, OSError):
            return None


class UserField(StrEnum):
    """A field of `User`, by TikTok's name."""

    OPEN_ID = "open_id"
    UNION_ID = "union_id"
    AVATAR_URL = "avatar_url"
    AVATAR_URL_100 = "avatar_url_100"
    AVATAR_LARGE_URL = "avatar_large_url"
    DISPLAY_NAME = "display_name"
    BIO_DESCRIPTION = "bio_description"
    PROFILE_DEEP_LINK = "profile_deep_link"
    IS_VERIFIED = "is_verified"
    USERNAME = "username"
    FOLLOWER_COUNT = "follower_count"
    FOLLOWING_COUNT = "following_count"
    LIKES_COUNT = "likes_count"
    VIDEO_COUNT = "video_count"


# https://developers.tiktok.com/doc/tiktok-api-scopes
USER_FIELD_SCOPES: Mapping[UserField, Scope] = {
    **dict.fromkeys(
        (
            UserField.OPEN_ID,
            UserField.UNION_ID,
            UserField.AVATAR_URL,
            UserField.AVATAR_URL_100,
            UserField.AVATAR_LARGE_URL,
            UserField.DISPLAY_NAME,
        ),
        Scope.USER_INFO_BASIC,
    ),
    **dict.fromkeys(
        (UserField.BIO_DESCRIPTION, UserField.PROFILE_DEEP_LINK, UserField.IS_VERIFIED, UserField.USERNAME),
        Scope.USER_INFO_PROFILE,
    ),
    **dict.fromkeys(
        (UserField.FOLLOWER_COUNT, UserField.FOLLOWING_COUNT, UserField.LIKES_COUNT, UserField.VIDEO_COUNT),
        Scope.USER_INFO_STATS,
    ),
}


@frozen(kw_only=True)
class User(WireModel):
    """A user's profile. A field that was not requested, or that the user has not set, is `None`.

    Attributes:
        open_id: The user, for this app.
        union_id: The user, for all apps of one developer.
        avatar_url: A signed address of the picture; it expires, so keep the picture and not the address.
        avatar_url_100: The same, 100 pixels square.
        avatar_large_url: The same, larger.
        display_name: The displayed name; it can change.
        bio_description: The user's own description.
        profile_deep_link: Opens the profile.
        is_verified: Whether TikTok has verified the account.
        username: The name in the profile's address; it can change.
        follower_count: The number of followers.
        following_count: The number of followed users.
        likes_count: Likes of all the user's videos.
        video_count: Public videos.
    """

    open_id: str | None = identifier(default=None)
    union_id: str | None = identifier(default=None)
    avatar_url: str | None = None
    avatar_url_100: str | None = None
    avatar_large_url: str | None = None
    display_name: str | None = None
    bio_description: str | None = None
    profile_deep_link: str | None = None
    is_verified: bool | None = None
    username: str | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None
