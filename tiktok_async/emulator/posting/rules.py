"""The rules of the three inits that need only the request: fields, types, lengths and the chunk plan.

Direct post: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
Draft: https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
Photos: https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
Chunks: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField

PRIVACY_LEVELS: Final = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")
MAX_VIDEO_TITLE: Final = 2_200
MAX_PHOTO_TITLE: Final = 90
MAX_PHOTO_DESCRIPTION: Final = 4_000
MAX_PHOTOS: Final = 35
MAX_CHUNKS: Final = 1_000
MAX_FILE: Final = 4 * 1024**3

# The messages of live replies; the first is used for nearly every error in `post_info`.
BAD_POST: Final = "The request post info is empty or incorrect"
BAD_SOURCE: Final = "The request source info is empty or incorrect"
BAD_CHUNK: Final = "The chunk size is invalid"
BAD_COUNT: Final = "The total chunk count is invalid"


class Megabyte(StrEnum):
    """How the emulator reads "MB" in the chunk rules; TikTok's text does not say."""

    EITHER = "either"
    """Allow a size if one of the two readings allows it."""
    DECIMAL = "decimal"
    BINARY = "binary"

    @property
    def smallest(self) -> int:
        """The smallest chunk, in bytes: 5 MB."""
        return 5 * (1024**2 if self is Megabyte.BINARY else 1000**2)

    @property
    def largest(self) -> int:
        """The largest chunk except the last, in bytes: 64 MB."""
        return 64 * (1000**2 if self is Megabyte.DECIMAL else 1024**2)


@frozen(slots=True, kw_only=True)
class FileSource:
    """The valid plan of a FILE_UPLOAD; sizes in bytes."""

    size: int
    chunk_size: int
    count: int

    def end_of_chunk_at(self, offset: int) -> int:
        """Return the end (exclusive) of the chunk that contains byte *offset*."""
        index = min(offset // self.chunk_size, self.count - 1)
        return self.size if index == self.count - 1 else (index + 1) * self.chunk_size


@frozen(slots=True, kw_only=True)
class PullSource:
    """The URLs that TikTok would fetch: one for a video, or up to 35 for photos."""

    urls: tuple[str, ...]


@frozen(slots=True, kw_only=True)
class PostInfo:
    """The fields of `post_info` that the emulator needs; the whole body is stored separately."""

    privacy_level: str | None
    branded: bool


def chunk_plan(
    source: Mapping[str, Any], megabyte: Megabyte = Megabyte.EITHER, *, short_single_chunk: bool = False
) -> FileSource:
    """Return the plan of a FILE_UPLOAD.

    Args:
        source: The `source_info`.
        megabyte: How "MB" is read.
        short_single_chunk: Whether the size of a single chunk may be smaller than the file.

    Raises:
        BadField: TikTok would not accept this plan.
    """
    size = _positive(source, "video_size", BAD_SOURCE)
    chunk = _positive(source, "chunk_size", BAD_CHUNK)
    count = _positive(source, "total_chunk_count", BAD_COUNT)
    if size > MAX_FILE:
        raise BadField("The video size is invalid")
    if chunk > megabyte.largest or chunk > size or (chunk < megabyte.smallest and chunk != size):
        raise BadField(BAD_CHUNK)
    if count > MAX_CHUNKS or count != size // chunk:
        raise BadField(BAD_COUNT)
    # The last chunk is shorter than two other chunks, so it is always below its own limit of 128 MB.
    if count == 1 and chunk != size and not short_single_chunk:
        raise BadField(BAD_CHUNK)
    return FileSource(size=size, chunk_size=chunk, count=count)


def video_source(
    body: object, megabyte: Megabyte = Megabyte.EITHER, *, short_single_chunk: bool = False
) -> FileSource | PullSource:
    """Return the source of a video init; the other arguments are those of `chunk_plan`.

    Raises:
        BadField: `source_info` is missing or wrong.
    """
    source = _section(body, "source_info", BAD_SOURCE)
    kind = _body.string(source, "source", required=True)
    if kind == "FILE_UPLOAD":
        return chunk_plan(source, megabyte, short_single_chunk=short_single_chunk)
    if kind == "PULL_FROM_URL":
        url = _body.string(source, "video_url", required=True)
        if not url:
            raise BadField(BAD_SOURCE)
        return PullSource(urls=(url,))
    raise BadField(BAD_SOURCE)


def video_post(body: object) -> PostInfo:
    """Return the `post_info` of a direct video post.

    Raises:
        BadField: It is missing or wrong.
    """
    post = _section(body, "post_info", BAD_POST)
    _text(post, "title", MAX_VIDEO_TITLE)
    for name in ("disable_duet", "disable_stitch", "disable_comment", "brand_organic_toggle", "is_aigc"):
        _body.boolean(post, name)
    _body.integer(post, "video_cover_timestamp_ms", within=_body.INT32)
    return PostInfo(privacy_level=_privacy(post), branded=_body.boolean(post, "brand_content_toggle"))


def photo_mode(body: object) -> str:
    """Return `DIRECT_POST` or `MEDIA_UPLOAD`.

    Raises:
        BadField: `media_type` or `post_mode` has another value.
    """
    whole = _body.mapping(body)
    if _body.string(whole, "media_type", required=True) != "PHOTO":
        raise BadField("`media_type` must be PHOTO")
    mode = _body.string(whole, "post_mode", required=True)
    if mode not in ("DIRECT_POST", "MEDIA_UPLOAD"):
        raise BadField("`post_mode` must be DIRECT_POST or MEDIA_UPLOAD")
    return mode


def photo_post(body: object, *, direct: bool) -> PostInfo:
    """Return the `post_info` of a photo post; it is optional for a draft.

    Raises:
        BadField: It is wrong, or missing where it is needed.
    """
    if not direct and "post_info" not in _body.mapping(body):
        return PostInfo(privacy_level=None, branded=False)
    post = _section(body, "post_info", BAD_POST)
    _text(post, "title", MAX_PHOTO_TITLE)
    _text(post, "description", MAX_PHOTO_DESCRIPTION)
    for name in ("disable_comment", "auto_add_music", "brand_organic_toggle"):
        _body.boolean(post, name)
    return PostInfo(privacy_level=_privacy(post), branded=_body.boolean(post, "brand_content_toggle"))


def photo_source(body: object) -> PullSource:
    """Return the photos of a photo init.

    Raises:
        BadField: There are none or too many, the cover is not one of them, or the source is not `PULL_FROM_URL`.
    """
    source = _section(body, "source_info", BAD_SOURCE)
    if _body.string(source, "source", required=True) != "PULL_FROM_URL":
        raise BadField(BAD_SOURCE)
    urls = _body.strings(source, "photo_images")
    if not 1 <= len(urls) <= MAX_PHOTOS or not all(urls):
        raise BadField("The photo images are empty or too many")
    _body.integer(source, "photo_cover_index", within=range(len(urls)), required=True)
    return PullSource(urls=tuple(urls))


def _section(body: object, name: str, message: str) -> Mapping[str, Any]:
    try:
        return _body.section(body, name)
    except BadField:
        raise BadField(message) from None


def _positive(source: Mapping[str, Any], name: str, message: str) -> int:
    value = _body.integer(source, name, required=True)
    if value is None or value < 1:
        raise BadField(message)
    return value


def _text(post: Mapping[str, Any], name: str, longest: int) -> None:
    if _body.utf16_units(_body.string(post, name) or "") > longest:
        raise BadField(BAD_POST)


def _privacy(post: Mapping[str, Any]) -> str | None:
    level = _body.string(post, "privacy_level")
    if level and level not in PRIVACY_LEVELS:
        raise BadField(BAD_POST)
    return level or None
