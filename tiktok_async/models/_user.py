"""A TikTok user, as its own account sees it.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from tiktok_async.models._scope import Scope
from tiktok_async.models._wire_model import WireModel, identifier


class UserField(StrEnum):
    """A field of `User`, in TikTok's word."""

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
    """A user's profile. A field that was not asked for, or that the user has not set, is `None`.

    Attributes:
        open_id: The user, for this app.
        union_id: The user, for all apps of one developer.
        avatar_url: A signed address of the picture; it ends some day, so keep the picture and not the address.
        avatar_url_100: The same, 100 pixels square.
        avatar_large_url: The same, larger.
        display_name: The name shown; it changes.
        bio_description: What the user says about itself.
        profile_deep_link: Opens the profile.
        is_verified: Whether TikTok has verified the account.
        username: The name in the profile's address; it changes.
        follower_count: How many follow the user.
        following_count: How many the user follows.
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
