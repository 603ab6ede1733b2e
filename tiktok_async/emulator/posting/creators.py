"""The posting settings and limits of each creator.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, TypedDict

from attrs import define

from tiktok_async.emulator.engine.pictures import avatar_url
from tiktok_async.emulator.engine.quirks import PostingQuirks
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.posting.posts import Post, Posts
from tiktok_async.emulator.posting.timelines import FAILED, PUBLISH_COMPLETE

DAY: Final = timedelta(days=1)
_PUBLIC: Final = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
_PRIVATE: Final = ("FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
_UNAUDITED_USERS: Final = 5
_OLDEST_APP: Final = (31, 8)


class CreatorChanges(TypedDict, total=False):
    """Attributes of `Creator` that a test may change."""

    comment_disabled: bool
    duet_disabled: bool
    stitch_disabled: bool
    max_video_post_duration_sec: int
    banned: bool
    app_version: str


@define(eq=False, slots=True, kw_only=True)
class Creator:
    """The posting settings of one user; change the attributes at any time.

    Attributes:
        privacy_level_options: The privacy levels they may choose; `None`: depends on whether the account is private.
        comment_disabled: Whether they allow no comments.
        duet_disabled: Whether they allow no duets; always true for a private account.
        stitch_disabled: Whether they allow no stitches; always true for a private account.
        max_video_post_duration_sec: Their longest video, in seconds.
        banned: Whether TikTok bans them from posting.
        app_version: The version of TikTok on their phone; photo drafts need 31.8.
    """

    privacy_level_options: Sequence[str] | None = None
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: int = 300
    banned: bool = False
    app_version: str = "40.1"

    def options(self, user: EmulatedUser) -> tuple[str, ...]:
        """Return the privacy levels they may choose."""
        if self.privacy_level_options is not None:
            return tuple(str(option) for option in self.privacy_level_options)
        return _PRIVATE if user.private else _PUBLIC

    def info(self, user: EmulatedUser, quirks: PostingQuirks, base: str) -> dict[str, Any]:
        """Return the `data` of `creator_info`; *base* is the URL that serves the picture."""
        few = not quirks.audited and quirks.options_while_unaudited == "self_only"
        return {
            "creator_avatar_url": avatar_url(base, user.open_id, "168x168"),
            "creator_username": user.username,
            "creator_nickname": user.display_name,
            "privacy_level_options": ["SELF_ONLY"] if few else list(self.options(user)),
            "comment_disabled": self.comment_disabled,
            "duet_disabled": self.duet_disabled or user.private,
            "stitch_disabled": self.stitch_disabled or user.private,
            "max_video_post_duration_sec": self.max_video_post_duration_sec,
        }

    @property
    def app_is_too_old(self) -> bool:
        """Whether their TikTok version is too old for photo drafts."""
        major, _, minor = self.app_version.partition(".")
        return (int(major), int(minor or 0)) < _OLDEST_APP


def refuses_posts(open_id: str, creator: Creator, posts: Posts, quirks: PostingQuirks) -> str | None:
    """Return the error code if a creator's direct posts are refused now, else `None`.

    Args:
        open_id: The creator's id.
        creator: Their posting settings.
        posts: The posts of all users.
        quirks: The quirks with the caps.
    """
    if creator.banned:
        return "spam_risk_user_banned_from_posting"
    if quirks.posts_a_day is not None and sum(map(_posted, posts.recent(DAY, open_id))) >= quirks.posts_a_day:
        return "spam_risk_too_many_posts"
    cap = quirks.active_user_cap
    if cap is None and not quirks.audited:
        cap = _UNAUDITED_USERS
    if cap is not None:
        users = {post.open_id for post in posts.recent(DAY) if _posted(post)}
        if open_id not in users and len(users) >= cap:
            return "reached_active_user_cap"
    return None


def refuses_drafts(open_id: str, creator: Creator, posts: Posts, quirks: PostingQuirks) -> str | None:
    """Return the error code if a creator's drafts are refused now, else `None`; arguments as in `refuses_posts`."""
    if creator.banned:
        return "spam_risk_user_banned_from_posting"
    if quirks.pending_drafts is None:
        return None
    pending = sum(post.draft and post.status not in (FAILED, PUBLISH_COMPLETE) for post in posts.recent(DAY, open_id))
    return "spam_risk_too_many_pending_share" if pending >= quirks.pending_drafts else None


def _posted(post: Post) -> bool:
    return not post.draft and post.status != FAILED
