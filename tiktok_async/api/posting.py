"""Posting videos and photos.

Sources: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post,
https://developers.tiktok.com/doc/content-posting-api-reference-upload-video,
https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
and https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from tiktok_async._chunks import plan_chunks
from tiktok_async._credentials import AccountCredential
from tiktok_async._dedup import dedup_note
from tiktok_async._preflight import photo_problems, photo_url_problems, video_problems
from tiktok_async._publish import Publish
from tiktok_async._publish_init import Video, begin
from tiktok_async._video_source import UploadSource, content_type_of, open_video
from tiktok_async.api.reading import read
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError, ScopeNotGranted
from tiktok_async.models import AccountKey, CreatorInfo, Endpoint, PhotoPost, PullFromUrl, Scope, VideoPost
from tiktok_async.models._posting import refuse

__all__ = ["Source", "creator_info", "post_photos", "post_video"]

Source: TypeAlias = UploadSource | PullFromUrl
"""What a video may be handed in as."""


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
    """Begin a video, directly with *post* or as a draft without; see `Account.post_video`, `Account.draft_video`."""
    runtime.lifecycle.check("posting a video")
    note = dedup_note(runtime.store, AccountKey(runtime.client_key, credential.open_id), dedup_key)
    video: Video | None = None
    if not isinstance(source, PullFromUrl):
        video = await _video(runtime, source, chunk_size, content_type)
    elif chunk_size is not None or content_type is not None:
        raise ConfigurationError("TikTok fetches a PullFromUrl by itself: leave chunk_size and content_type out.")
    if check and post is not None:
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
    if isinstance(urls, str):
        raise ConfigurationError("Photos are a list of URLs, not one str.")
    images = [str(url) for url in urls]
    refuse("The photos", photo_url_problems(images, post, direct=direct))
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


async def _video(runtime: Runtime, source: UploadSource, chunk_size: int | None, content_type: str | None) -> Video:
    opened = open_video(source, runtime.clock)
    kind = content_type_of(opened.path, content_type)
    fingerprint = await opened.fingerprint()
    plan = plan_chunks(fingerprint.size, chunk_size)
    return Video(source=opened, plan=plan, content_type=kind, fingerprint=fingerprint)


async def _need_scope(credential: AccountCredential, scope: Scope) -> None:
    """Refuse what the token does not cover: the endpoint table cannot tell, since the scope depends on the mode."""
    token = credential.usable() or await credential.obtain()
    if token.scopes and scope not in token.scopes:
        raise ScopeNotGranted({scope}, open_id=credential.open_id, what=Endpoint.CONTENT_INIT.path)


def _video_info(post: VideoPost) -> dict[str, Any]:
    # https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
    info: dict[str, Any] = {
        "privacy_level": str(post.privacy_level),
        "disable_comment": post.disable_comment,
        "disable_duet": post.disable_duet,
        "disable_stitch": post.disable_stitch,
        "brand_content_toggle": post.brand_content_toggle,
        "brand_organic_toggle": post.brand_organic_toggle,
        "is_aigc": post.is_aigc,
    }
    if post.title is not None:
        info["title"] = post.title
    if post.video_cover_timestamp_ms is not None:
        info["video_cover_timestamp_ms"] = post.video_cover_timestamp_ms
    return info


def _photo_info(post: PhotoPost, *, direct: bool) -> dict[str, Any]:
    # A draft takes the texts alone; its creator chooses the rest in the app.
    # https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
    texts = {"title": post.title, "description": post.description}
    info: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if direct:
        info |= {
            "privacy_level": str(post.privacy_level),
            "disable_comment": post.disable_comment,
            "auto_add_music": post.auto_add_music,
            "brand_content_toggle": post.brand_content_toggle,
            "brand_organic_toggle": post.brand_organic_toggle,
        }
    return info
