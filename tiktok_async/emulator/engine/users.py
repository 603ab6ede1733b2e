"""The users of the emulated TikTok.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from collections.abc import Iterable
from typing import Any, TypedDict

from attrs import define, field

from tiktok_async.emulator.engine.pictures import avatar_url
from tiktok_async.emulator.engine.videos import Videos
from tiktok_async.models import Scope

# https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
FIELD_SCOPES = {
    "open_id": Scope.USER_INFO_BASIC,
    "union_id": Scope.USER_INFO_BASIC,
    "avatar_url": Scope.USER_INFO_BASIC,
    "avatar_url_100": Scope.USER_INFO_BASIC,
    "avatar_large_url": Scope.USER_INFO_BASIC,
    "display_name": Scope.USER_INFO_BASIC,
    "bio_description": Scope.USER_INFO_PROFILE,
    "profile_deep_link": Scope.USER_INFO_PROFILE,
    "is_verified": Scope.USER_INFO_PROFILE,
    "username": Scope.USER_INFO_PROFILE,
    "follower_count": Scope.USER_INFO_STATS,
    "following_count": Scope.USER_INFO_STATS,
    "likes_count": Scope.USER_INFO_STATS,
    "video_count": Scope.USER_INFO_STATS,
}

EVERYDAY_SCOPES = frozenset(
    {
        Scope.USER_INFO_BASIC,
        Scope.USER_INFO_PROFILE,
        Scope.USER_INFO_STATS,
        Scope.VIDEO_LIST,
        Scope.VIDEO_PUBLISH,
        Scope.VIDEO_UPLOAD,
    }
)


class UserProfile(TypedDict, total=False):
    """The attributes of `EmulatedUser` that a new user may have besides their name."""

    union_id: str
    bio_description: str | None
    is_verified: bool
    follower_count: int
    following_count: int
    likes_count: int


@define(slots=True, kw_only=True, eq=False)
class EmulatedUser:
    """A creator; change the attributes at any time and the next reply shows it.

    Attributes:
        open_id: Their id in this app.
        union_id: Their id in all apps of the developer.
        username: Their handle, without `@`.
        display_name: Their name.
        bio_description: Their bio; `None` if they never wrote one.
        is_verified: Whether they have the verified badge.
        private: Whether the account is private.
        follower_count: How many follow them.
        following_count: How many they follow.
        likes_count: How many likes they got.
        scopes: The scopes they are ready to grant; other requested scopes start unchecked on the consent page.
        sandbox_target: Whether a sandbox app may log them in.
        videos: Their public videos.
    """

    open_id: str
    union_id: str
    username: str
    display_name: str
    bio_description: str | None = None
    is_verified: bool = False
    private: bool = False
    follower_count: int = 0
    following_count: int = 0
    likes_count: int = 0
    scopes: frozenset[str] = EVERYDAY_SCOPES
    sandbox_target: bool = False
    videos: Videos = field(repr=False)

    def ready_for(self, scopes: Iterable[str] | None) -> frozenset[str]:
        """Return *scopes*; for `None`, all scopes that the user is ready to grant."""
        return frozenset(str(scope) for scope in (self.scopes if scopes is None else scopes))

    def info(self, base: str) -> dict[str, Any]:
        """Return every field of `/v2/user/info/`; the pictures are served at *base*."""
        return {
            "open_id": self.open_id,
            "union_id": self.union_id,
            "avatar_url": avatar_url(base, self.open_id, "168x168"),
            "avatar_url_100": avatar_url(base, self.open_id, "100x100"),
            "avatar_large_url": avatar_url(base, self.open_id, "1080x1080"),
            "display_name": self.display_name,
            "bio_description": self.bio_description,
            "profile_deep_link": f"https://vm.tiktok.com/Z{self.open_id[:8].upper()}/",
            "is_verified": self.is_verified,
            "username": self.username,
            "follower_count": self.follower_count,
            "following_count": self.following_count,
            "likes_count": self.likes_count,
            "video_count": len(self.videos),
        }
