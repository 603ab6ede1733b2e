"""Users in the Research API: profiles, the videos they liked, pinned and reposted, and their followers.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-user-info
https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
https://developers.tiktok.com/doc/research-api-specs-query-user-followers
"""

from collections.abc import Iterable

from tiktok_async._decoding.answers import read
from tiktok_async.api.pages import Pages
from tiktok_async.api.research.calls import Listing, ResearchCalls, check_username, object_of, wanted
from tiktok_async.api.research.rules.shapes import as_video
from tiktok_async.api.research.videos import ALL_FIELDS
from tiktok_async.models import Endpoint, RelatedUser, ResearchUser, ResearchVideo
from tiktok_async.models._arguments import checked

__all__ = ["People"]

_USER_FIELDS = (
    "display_name",
    "bio_description",
    "avatar_url",
    "is_verified",
    "follower_count",
    "following_count",
    "likes_count",
    "video_count",
    "bio_url",
)
# The pages of liked, pinned and reposted videos do not name these three.
_VIDEO_FIELDS = tuple(one for one in ALL_FIELDS if one not in ("effect_ids", "playlist_id", "voice_to_text"))

# Their tables spell this one differently; the answer is read by either spelling.
_BRITISH = {"favorites_count": "favourites_count"}
_SPELT_OTHERWISE = frozenset({Endpoint.RESEARCH_LIKED_VIDEOS, Endpoint.RESEARCH_REPOSTED_VIDEOS})

# The name in the example, then the one in the table.
_VIDEO_KEYS = {
    Endpoint.RESEARCH_LIKED_VIDEOS: ("user_liked_videos",),
    Endpoint.RESEARCH_PINNED_VIDEOS: ("pinned_videos_list",),
    Endpoint.RESEARCH_REPOSTED_VIDEOS: ("reposted_videos", "user_reposted_videos"),
}
_PEOPLE_KEYS = {
    Endpoint.RESEARCH_FOLLOWERS: ("user_followers",),
    Endpoint.RESEARCH_FOLLOWING: ("user_following",),
}


class People:
    """The user side of `session.research`.

    Args:
        calls: Sends the calls.
    """

    def __init__(self, calls: ResearchCalls) -> None:
        self._calls = calls

    @checked("Nothing can be searched for")
    async def user(
        self, username: str, *, fields: Iterable[str] | None = None, wait_for_quota: bool = False
    ) -> ResearchUser:
        """Return a public profile.

        Raises:
            ConfigurationError: *username* is invalid.
            InvalidParams: There is no such user, or TikTok returns nothing about them.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-info
        """
        return await _user(self._calls, username, fields, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    def liked_videos(
        self,
        username: str,
        *,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ResearchVideo]:
        """List the videos a user liked, the last liked first; most users hide them.

        Args:
            username: The handle, without `@`.
            fields: The fields to return; `None` for all.
            limit: The most videos to yield; `None` for all.
            cursor: The position of a saved listing: a page's `cursor`, unchanged.
            wait_for_quota: As for `Research.videos`.

        Raises:
            InvalidParams: On iteration: there is no such user, or they hide it.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
        """
        listing = _videos(self._calls, Endpoint.RESEARCH_LIKED_VIDEOS, username, fields)
        return listing.pages(ResearchVideo, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    def pinned_videos(
        self, username: str, *, fields: Iterable[str] | None = None, wait_for_quota: bool = False
    ) -> Pages[ResearchVideo]:
        """List the videos a user pinned to the profile: one page.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-pinned-videos
        """
        listing = _videos(self._calls, Endpoint.RESEARCH_PINNED_VIDEOS, username, fields)
        return listing.pages(ResearchVideo, limit=None, cursor=None, wait_for_quota=wait_for_quota, paged=False)

    @checked("Nothing can be searched for")
    def reposted_videos(
        self,
        username: str,
        *,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ResearchVideo]:
        """List the videos a user reposted; the arguments are those of `liked_videos`.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-reposted-videos
        """
        listing = _videos(self._calls, Endpoint.RESEARCH_REPOSTED_VIDEOS, username, fields)
        return listing.pages(ResearchVideo, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    def followers(
        self, username: str, *, limit: int | None = None, cursor: int | None = None, wait_for_quota: bool = False
    ) -> Pages[RelatedUser]:
        """List the followers of a user, the newest first; TikTok returns about 5,000 at most.

        Args:
            username: The handle, without `@`.
            limit: The most users to yield; `None` for all.
            cursor: The position of a saved listing: a page's `cursor`, unchanged.
            wait_for_quota: As for `Research.videos`; the quota is that of `graph_quota`.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-followers
        """
        listing = _relations(self._calls, Endpoint.RESEARCH_FOLLOWERS, username)
        return listing.pages(RelatedUser, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    def following(
        self, username: str, *, limit: int | None = None, cursor: int | None = None, wait_for_quota: bool = False
    ) -> Pages[RelatedUser]:
        """List the users that a user follows, if the user shows them; the arguments are those of `followers`.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-user-following
        """
        listing = _relations(self._calls, Endpoint.RESEARCH_FOLLOWING, username)
        return listing.pages(RelatedUser, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)


async def _user(
    calls: ResearchCalls, username: str, fields: Iterable[str] | None, *, wait_for_quota: bool
) -> ResearchUser:
    """Return a profile; see `Research.user`."""
    endpoint = Endpoint.RESEARCH_USER_INFO
    asked = wanted(fields, _USER_FIELDS)
    body = {"username": check_username(username)}
    response = await calls.call(endpoint, body, fields=asked, wait_for_quota=wait_for_quota)
    return read(response, object_of(response), ResearchUser, endpoint=endpoint)


def _videos(calls: ResearchCalls, endpoint: Endpoint, username: str, fields: Iterable[str] | None) -> Listing:
    """Return the listing of a user's liked, pinned or reposted videos."""
    return Listing(
        calls=calls,
        endpoint=endpoint,
        body={"username": check_username(username)},
        keys=_VIDEO_KEYS[endpoint],
        fields=_spelt(endpoint, wanted(fields, _VIDEO_FIELDS, "id")),
        shape=as_video,
    )


def _spelt(endpoint: Endpoint, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields in the spelling of the endpoint's own page."""
    if endpoint not in _SPELT_OTHERWISE:
        return fields
    return tuple(_BRITISH.get(field, field) for field in fields)


def _relations(calls: ResearchCalls, endpoint: Endpoint, username: str) -> Listing:
    """Return the listing of a user's followers, or of the users that the user follows."""
    return Listing(
        calls=calls,
        endpoint=endpoint,
        body={"username": check_username(username)},
        keys=_PEOPLE_KEYS[endpoint],
    )
