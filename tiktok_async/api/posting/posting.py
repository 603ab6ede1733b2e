"""Posting videos and photos.

Sources: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post,
https://developers.tiktok.com/doc/content-posting-api-reference-upload-video,
https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
and https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

import logging
from collections.abc import Iterable
from typing import Any, TypeAlias

from attrs import evolve, frozen

from tiktok_async._calls.call import Delivery
from tiktok_async._decoding.answers import read
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.posting.dedup import DedupKey, dedup_note
from tiktok_async.api.posting.header import duration_of
from tiktok_async.api.posting.publish import Publish
from tiktok_async.api.posting.rules.chunks import plan_chunks
from tiktok_async.api.posting.rules.preflight import (
    photo_hints,
    photo_list_problems,
    photo_problems,
    photo_url_problems,
    video_problems,
)
from tiktok_async.api.posting.rules.saved import Fingerprint, PublishRecord, UploadRecord, title_digest
from tiktok_async.api.posting.video import UploadSource, VideoSource, content_type_of, open_video
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import (
    ConfigurationError,
    OutcomeUnknown,
    ScopeNotGranted,
    ServerError,
    TransportError,
)
from tiktok_async.models import (
    AccountKey,
    ChunkPlan,
    CreatorInfo,
    Endpoint,
    PhotoPost,
    PrivacyLevel,
    PullFromUrl,
    Scope,
    Secret,
    VideoPost,
)
from tiktok_async.models._checks import Checks
from tiktok_async.models._posting import refuse
from tiktok_async.models._wire import WireModel

_log = logging.getLogger("tiktok_async")

__all__ = ["Source", "Video", "begin", "creator_info", "post_photos", "post_video", "resume"]


@frozen(slots=True, kw_only=True)
class Video:
    """A video that will be uploaded."""

    source: VideoSource
    plan: ChunkPlan
    content_type: str
    fingerprint: Fingerprint


@frozen(kw_only=True)
class _Accepted(WireModel):
    publish_id: str


@frozen(kw_only=True)
class _AcceptedUpload(_Accepted):
    upload_url: str


async def begin(
    runtime: Runtime,
    credential: AccountCredential,
    endpoint: Endpoint,
    body: dict[str, Any],
    *,
    video: Video | None,
    note: DedupKey | None,
) -> Publish:
    """Send the init *body*, unless *note* holds an earlier call.

    Raises:
        OutcomeUnknown: The init may have arrived without an answer, now or in an earlier call.
        UploadRejected: TikTok gave an upload address to which bytes must not be sent.
        TikTokError: TikTok refused, or nothing was sent.
    """
    source = None if video is None else video.source
    saved = None if note is None else await note.claim()
    if saved is not None:
        return resume(runtime, credential, saved, source)
    delivery = Delivery()
    try:
        record = evolve(
            await _init(runtime, credential, endpoint, body, video, delivery=delivery),
            title=_listed_title(endpoint, body),
        )
    except BaseException as error:
        # For any error: the key is free again if TikTok refused or if nothing was sent.
        if not delivery.in_doubt and note is not None:
            await note.release()
        if not delivery.in_doubt or not isinstance(error, TransportError | ServerError):
            raise
        raise OutcomeUnknown(
            f"TikTok may have accepted a post, but its answer was lost ({type(error).__name__})",
            endpoint=endpoint.path,
            open_id=credential.open_id,
            dedup_key=None if note is None else note.word,
        ) from error
    publish = Publish(runtime, credential, record, source=source, certain=True)
    if note is not None:
        await note.save(publish.to_json())
    publish.check_address()
    return publish


def _listed_title(endpoint: Endpoint, body: dict[str, Any]) -> str | None:
    info: dict[str, Any] = body.get("post_info", {})
    # A post that not everyone may see is not in the listing, and photos and drafts have no title that is theirs there.
    listed = endpoint is Endpoint.VIDEO_INIT and info.get("privacy_level") == PrivacyLevel.PUBLIC_TO_EVERYONE
    return title_digest(info.get("title")) if listed else None


def resume(runtime: Runtime, credential: AccountCredential, state: str, source: VideoSource | None) -> Publish:
    """Continue the publish that is saved as *state*, or whose publish_id it is.

    Raises:
        ConfigurationError: *state* is neither a saved publish nor a publish_id.
    """
    record = PublishRecord.parse(state, open_id=credential.open_id)
    if source is None and record.upload is not None and record.upload.path is not None:
        source = VideoSource.at(record.upload.path, runtime.clock)
    return Publish(runtime, credential, record, source=source)


async def _init(
    runtime: Runtime,
    credential: AccountCredential,
    endpoint: Endpoint,
    body: dict[str, Any],
    video: Video | None,
    *,
    delivery: Delivery,
) -> PublishRecord:
    response = await runtime.sender.call(endpoint, credential=credential, json=body, delivery=delivery)
    now, open_id = runtime.clock.now(), credential.open_id
    if video is None:
        accepted = read(response, response.data, _Accepted, endpoint=endpoint, open_id=open_id)
        return PublishRecord(publish_id=accepted.publish_id, open_id=open_id, started_at=now)
    to_upload = read(response, response.data, _AcceptedUpload, endpoint=endpoint, open_id=open_id)
    return PublishRecord(
        publish_id=to_upload.publish_id,
        open_id=open_id,
        started_at=now,
        upload=UploadRecord(
            address=Secret(to_upload.upload_url),
            plan=video.plan,
            sent=0,
            content_type=video.content_type,
            fingerprint=video.fingerprint,
            path=video.source.path,
        ),
    )


Source: TypeAlias = UploadSource | PullFromUrl
"""The accepted sources of a video."""


async def creator_info(runtime: Runtime, credential: AccountCredential) -> CreatorInfo:
    """Return what the creator allows now; see `Account.creator_info`."""
    response = await runtime.sender.call(Endpoint.CREATOR_INFO, credential=credential, json={})
    return read(response, response.data, CreatorInfo, endpoint=Endpoint.CREATOR_INFO, open_id=credential.open_id)


async def post_video(
    runtime: Runtime,
    credential: AccountCredential,
    source: Source,
    post: VideoPost | None,
    *,
    chunk_size: int | None = None,
    content_type: str | None = None,
    check: bool = False,
    dedup_key: str | None = None,
) -> Publish:
    """Begin a video, as a post with *post*, otherwise as a draft; see `Account.post_video`, `Account.draft_video`."""
    runtime.lifecycle.check("posting a video")
    checks = Checks()
    if post is not None and not isinstance(post, VideoPost):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        checks.add(f"post is a {type(post).__name__}, not a VideoPost(privacy_level=..., title=...)")
    checks.whole("chunk_size", chunk_size)
    checks.text("content_type", content_type)
    _check_common(checks, check, dedup_key)
    checks.refuse("The video cannot be posted")
    note = dedup_note(runtime.store, AccountKey(runtime.client_key, credential.open_id), dedup_key)
    video: Video | None = None
    if not isinstance(source, PullFromUrl):
        video = await _video(runtime, source, chunk_size, content_type)
    elif chunk_size is not None or content_type is not None:
        raise ConfigurationError("TikTok fetches a PullFromUrl by itself: leave chunk_size and content_type out.")
    if check and post is not None:
        if video is not None and post.duration is None:
            post = evolve(post, duration=await duration_of(video.source, video.plan.size))
        refuse("The video", video_problems(post, await creator_info(runtime, credential)))
    body: dict[str, Any] = {} if post is None else {"post_info": _video_info(post)}
    if isinstance(source, PullFromUrl):
        body["source_info"] = {"source": "PULL_FROM_URL", "video_url": source.url}
    elif video is not None:
        body["source_info"] = {
            "source": "FILE_UPLOAD",
            "video_size": video.plan.size,
            "chunk_size": video.plan.chunk_size,
            "total_chunk_count": video.plan.count,
        }
    endpoint = Endpoint.INBOX_INIT if post is None else Endpoint.VIDEO_INIT
    return await begin(runtime, credential, endpoint, body, video=video, note=note)


async def post_photos(
    runtime: Runtime,
    credential: AccountCredential,
    urls: Iterable[str],
    post: PhotoPost,
    *,
    direct: bool,
    check: bool = False,
    dedup_key: str | None = None,
) -> Publish:
    """Begin photos; see `Account.post_photos` and `Account.draft_photos`."""
    runtime.lifecycle.check("posting photos")
    checks = Checks()
    checks.names("urls", urls, optional=False)
    images = [] if checks.problems else [str(url) for url in urls]
    if not isinstance(post, PhotoPost):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        checks.add(f"post is a {type(post).__name__}, not a PhotoPost(privacy_level=..., title=...)")
        checks.problems += photo_list_problems(images)
    elif not checks.problems:
        checks.problems += photo_url_problems(images, post, direct=direct)
    _check_common(checks, check, dedup_key)
    refuse("The photos", checks.problems)
    hints = photo_hints(images)
    if hints and check:
        refuse("The photos", hints)
    if hints:
        _log.warning("TikTok may refuse the photos of account %s: %s.", credential.open_id, "; ".join(hints))
    note = dedup_note(runtime.store, AccountKey(runtime.client_key, credential.open_id), dedup_key)
    await _need_scope(credential, Scope.VIDEO_PUBLISH if direct else Scope.VIDEO_UPLOAD)
    if check and direct:
        refuse("The photos", photo_problems(post, await creator_info(runtime, credential)))
    body: dict[str, Any] = {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST" if direct else "MEDIA_UPLOAD",
        "post_info": _photo_info(post, direct=direct),
        "source_info": {"source": "PULL_FROM_URL", "photo_images": images, "photo_cover_index": post.cover_index},
    }
    return await begin(runtime, credential, Endpoint.CONTENT_INIT, body, video=None, note=note)


def _check_common(checks: Checks, check: object, dedup_key: object) -> None:
    checks.flag("check", check)
    if dedup_key is not None and not isinstance(dedup_key, str):
        checks.add(f"dedup_key is a {type(dedup_key).__name__}, not a str")


async def _video(runtime: Runtime, source: UploadSource, chunk_size: int | None, content_type: str | None) -> Video:
    opened = open_video(source, runtime.clock)
    kind = content_type_of(opened.path, content_type)
    fingerprint = await opened.fingerprint()
    plan = plan_chunks(fingerprint.size, chunk_size)
    return Video(source=opened, plan=plan, content_type=kind, fingerprint=fingerprint)


async def _need_scope(credential: AccountCredential, scope: Scope) -> None:
    """Refuse a post whose scope the token lacks; the endpoint table does not know it, since it depends on the mode."""
    token = credential.usable() or await credential.obtain()
    if token.scopes and scope not in token.scopes:
        raise ScopeNotGranted({scope}, open_id=credential.open_id, what=Endpoint.CONTENT_INIT.path)


def _video_info(post: VideoPost) -> dict[str, Any]:
    # https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
    info: dict[str, Any] = {
        "privacy_level": str(post.privacy_level),
        "brand_content_toggle": post.brand_content_toggle,
        "brand_organic_toggle": post.brand_organic_toggle,
        "is_aigc": post.is_aigc,
    }
    said = {
        "title": post.title,
        "disable_comment": post.disable_comment,
        "disable_duet": post.disable_duet,
        "disable_stitch": post.disable_stitch,
        "video_cover_timestamp_ms": post.video_cover_timestamp_ms,
    }
    return info | {name: value for name, value in said.items() if value is not None}


def _photo_info(post: PhotoPost, *, direct: bool) -> dict[str, Any]:
    # A draft has only the texts; its creator chooses the rest in the app.
    # https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
    texts = {"title": post.title, "description": post.description}
    info: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if direct:
        info |= {
            "privacy_level": str(post.privacy_level),
            "auto_add_music": post.auto_add_music,
            "brand_content_toggle": post.brand_content_toggle,
            "brand_organic_toggle": post.brand_organic_toggle,
        }
        if post.disable_comment is not None:
            info["disable_comment"] = post.disable_comment
    return info
