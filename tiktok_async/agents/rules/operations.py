"""The operations that an agent can be granted at all, and the fields that each of them may give."""

from collections.abc import Mapping

import attrs
from attrs import frozen

from tiktok_async.models import (
    CreatorInfo,
    Endpoint,
    RelatedUser,
    ResearchComment,
    ResearchUser,
    ResearchVideo,
    UserField,
    VideoField,
)
from tiktok_async.models._json import WIRE_NAME
from tiktok_async.models._wire import WireModel

__all__ = ["AREAS", "BY_TOOL", "OPERATIONS", "Operation"]


@frozen(slots=True, kw_only=True)
class Operation:
    """One endpoint that can be granted, and the tool an agent calls it by.

    Attributes:
        endpoint: The endpoint.
        tool: The tool's name.
        area: The first part of the fields it gives, such as `video` of `video.title`; `None`: it gives no fields.
        lacks: The fields of the area that this operation does not give.
        of_account: Whether it works on a user's account.
        names_account: Whether an argument names the account; other tools find it by another argument.
        writes: Whether something may be posted, now or after an approval.
    """

    endpoint: Endpoint
    tool: str
    area: str | None = None
    lacks: frozenset[str] = frozenset()
    of_account: bool = False
    names_account: bool = True
    writes: bool = False


def _names(model: type[WireModel]) -> tuple[str, ...]:
    return tuple(
        one.metadata.get(WIRE_NAME) or one.name for one in attrs.fields(model) if one.name != "raw" and one.init
    )


AREAS: Mapping[str, tuple[str, ...]] = {
    "user": tuple(str(one) for one in UserField),
    "video": tuple(str(one) for one in VideoField),
    "creator": _names(CreatorInfo),
    "research_video": _names(ResearchVideo),
    # It is the argument of the request; TikTok does not return it as a field.
    "research_user": tuple(name for name in _names(ResearchUser) if name != "username"),
    "research_comment": _names(ResearchComment),
    "research_person": _names(RelatedUser),
}
"""Every field that can be granted, by area."""

_RESEARCH_LISTS = {
    Endpoint.RESEARCH_LIKED_VIDEOS: ("research_liked_videos", "research_video"),
    Endpoint.RESEARCH_PINNED_VIDEOS: ("research_pinned_videos", "research_video"),
    Endpoint.RESEARCH_REPOSTED_VIDEOS: ("research_reposted_videos", "research_video"),
    Endpoint.RESEARCH_FOLLOWERS: ("research_followers", "research_person"),
    Endpoint.RESEARCH_FOLLOWING: ("research_following", "research_person"),
}

# https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
_NOT_LISTED = frozenset({"effect_ids", "playlist_id", "voice_to_text"})

# No other endpoint can be granted: login, tokens and a user's whole archive are not for agents.
OPERATIONS: Mapping[Endpoint, Operation] = {
    one.endpoint: one
    for one in (
        Operation(endpoint=Endpoint.USER_INFO, tool="profile", area="user", of_account=True),
        Operation(endpoint=Endpoint.VIDEO_LIST, tool="videos", area="video", of_account=True),
        Operation(endpoint=Endpoint.VIDEO_QUERY, tool="videos_by_id", area="video", of_account=True),
        Operation(endpoint=Endpoint.CREATOR_INFO, tool="creator_info", area="creator", of_account=True),
        Operation(endpoint=Endpoint.VIDEO_INIT, tool="propose_post", of_account=True, writes=True),
        Operation(endpoint=Endpoint.INBOX_INIT, tool="send_draft", of_account=True, writes=True),
        Operation(endpoint=Endpoint.STATUS_FETCH, tool="post_status", of_account=True, names_account=False),
        Operation(endpoint=Endpoint.RESEARCH_VIDEO_QUERY, tool="research_videos", area="research_video"),
        Operation(endpoint=Endpoint.RESEARCH_USER_INFO, tool="research_user", area="research_user"),
        Operation(endpoint=Endpoint.RESEARCH_COMMENT_LIST, tool="research_comments", area="research_comment"),
        *(
            Operation(endpoint=endpoint, tool=tool, area=area, lacks=_NOT_LISTED)
            for endpoint, (tool, area) in _RESEARCH_LISTS.items()
        ),
    )
}
"""What can be granted, by endpoint."""

BY_TOOL: Mapping[str, Operation] = {one.tool: one for one in OPERATIONS.values()}
"""What can be granted, by tool."""
