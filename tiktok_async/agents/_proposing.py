"""Checks an agent's proposal as if it were posted, freezes it, and leaves the decision to a person."""

import secrets
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from tiktok_async._decoding.answers import read
from tiktok_async.agents._answers import Answer, safe
from tiktok_async.agents._kept import Decision
from tiktok_async.agents._media import hold
from tiktok_async.agents._work import Work
from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.agents.rules.proposal import Frozen, allowed_of
from tiktok_async.api.posting.rules.preflight import video_problems
from tiktok_async.errors import ConfigurationError
from tiktok_async.media import check_media
from tiktok_async.models import CreatorInfo, Endpoint, VideoPost

__all__ = ["propose"]

_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
_DRAFT = "the grant: drafts need no approval"
_AUTO = "the grant: auto_approve"


async def propose(work: Work, given: Mapping[str, Any], *, draft: bool) -> Answer:
    """Check a post or a draft, freeze it, and send it if the grant needs no approval.

    Raises:
        Refused: It cannot be posted, or the grant's posts of the day are used up.
        TikTokError: The request for the creator's settings failed, or the post did.
    """
    post = None if draft else _post(given)
    grant = work.grant
    kind = _TYPES.get(PurePosixPath(given["file"]).suffix.lower())
    if kind is None:
        raise Refused(f"TikTok takes no such file; its name ends with one of {', '.join(_TYPES)}")
    with await hold(grant.media_folder or "", given["file"]) as held:
        creator, log_id = (None, None) if post is None else await _creator(work)
        report = await check_media(held, creator=creator)
        problems = [str(problem) for problem in report.problems]
        if post is not None and creator is not None:
            problems += video_problems(post, creator)
        if problems:
            own = {"proposal": None, "state": "not proposed"}
            return Answer(own=own, data={"problems": safe(problems)}, log_id=log_id)
        frozen = Frozen(
            agent=grant.agent,
            account=work.account.open_id,
            draft=draft,
            file=given["file"],
            size=held.size,
            sha256=held.sha256,
            content_type=kind,
            post={} if post is None else _settings(given),
            creator={} if creator is None else allowed_of(creator),
            media={name: value for name, value in report.to_dict().items() if name not in {"file", "problems"}},
            created_at=work.session.clock.now(),
            nonce=secrets.token_hex(8),
        )
    if not await work.kept.put_frozen(frozen, grant.posts_a_day):
        raise Refused(f"The grant's {grant.posts_a_day} posts and drafts of this day (UTC) are used up")
    if not draft and not grant.auto_approve:
        return Answer(own={"proposal": frozen.id, "state": "pending"}, log_id=log_id)
    await work.kept.decide(frozen.id, Decision(approved=True, by=_DRAFT if draft else _AUTO))
    sent = await work.posting.send(frozen, grant, check=False)
    status = sent.status
    data = None if status is None else {"state": str(status.state)}
    return Answer(
        own={"proposal": frozen.id, "state": "sent"}, data=data, log_id=None if status is None else status.log_id
    )


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    # A person approves complete settings: nothing depends on settings that may change meanwhile.
    said = dict.fromkeys(("disable_comment", "disable_duet", "disable_stitch"), False)
    return said | {name: given[name] for name in _SETTINGS if given[name] is not None}


_SETTINGS = (
    "privacy_level",
    "title",
    "disable_comment",
    "disable_duet",
    "disable_stitch",
    "brand_content_toggle",
    "brand_organic_toggle",
    "is_aigc",
    "video_cover_timestamp_ms",
)


def _post(given: Mapping[str, Any]) -> VideoPost:
    try:
        return VideoPost(**_settings(given))
    except ConfigurationError as error:
        raise Refused("The post breaks TikTok's rules", error.problems) from error


async def _creator(work: Work) -> tuple[CreatorInfo, str | None]:
    response = await work.creator_info()
    info = read(response, response.data, CreatorInfo, endpoint=Endpoint.CREATOR_INFO, open_id=work.open_id)
    return info, response.log_id
