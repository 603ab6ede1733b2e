"""TikTok's chunk rules, as pure functions.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide

TikTok does not define MB: its examples use both 1,000,000 and 1,048,576 bytes. Every plan made here satisfies both
readings.
"""

import re
from collections.abc import Mapping

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import ChunkPlan
from tiktok_async.models._http import header

__all__ = ["MAX_CHUNK", "MAX_SIZE", "MIN_CHUNK", "content_range", "floor_to_chunk", "plan_chunks", "resume_points"]

MIN_CHUNK = 5 * 1024 * 1024
"""5 MB in the larger reading, in bytes."""
MAX_CHUNK = 64_000_000
"""64 MB in the smaller reading, in bytes."""
MAX_SIZE = 4 * 1024**3
"""4 GB in the larger reading, in bytes; if TikTok's own limit is lower, TikTok refuses."""

# A lost chunk costs ten megabytes, and a gigabyte costs a hundred round trips. The memory used does not depend on the
# chunk size.
_USUAL = 10_000_000

_UPLOADED = re.compile(r"\s*bytes\s+0-(\d{1,15})/(?:\d+|\*)\s*", re.IGNORECASE)


def plan_chunks(size: int, chunk_size: int | None = None) -> ChunkPlan:
    """Divide a video of *size* bytes by TikTok's rules.

    All chunks have one size, and the last one includes the remainder, so it may be nearly twice as large. The
    number of chunks is `size // chunk_size`.

    Args:
        size: Bytes of the video, 1 to 4,294,967,296.
        chunk_size: Bytes of a chunk, 5,242,880 to 64,000,000. `None` sends up to 64,000,000 bytes in one chunk and
            larger videos in chunks of 10,000,000: a lost chunk is sent again as a whole, and each chunk costs a
            round trip. A video that fits into one chunk, or would be a single chunk with its remainder, is sent as
            a whole, since TikTok refuses a single chunk that is smaller than the video.

    Returns:
        A plan that satisfies both readings of TikTok's "MB".

    Raises:
        ConfigurationError: There is no such plan; the message says why and what to choose instead.

    Example:
        >>> plan_chunks(50_000_123, 10_000_000)
        ChunkPlan(size=50000123, chunk_size=10000000, count=5)
    """
    if size < 1:
        raise ConfigurationError(f"A video of {size} bytes cannot be posted: it is empty.")
    if size > MAX_SIZE:
        raise ConfigurationError(
            f"A video of {size} bytes cannot be posted: TikTok takes at most 4 GB ({MAX_SIZE} bytes). "
            "Cut or compress it."
        )
    if chunk_size is None:
        chunk_size = size if size <= MAX_CHUNK else _USUAL
    if chunk_size > MAX_CHUNK:
        raise ConfigurationError(f"A chunk_size of {chunk_size} bytes is too large: choose at most {MAX_CHUNK}.")
    if chunk_size >= size:
        return ChunkPlan(size=size, chunk_size=size, count=1)
    if chunk_size < MIN_CHUNK:
        raise ConfigurationError(
            f"A chunk_size of {chunk_size} bytes is too small for a video of {size} bytes: choose at least "
            f"{MIN_CHUNK}, or leave it out."
        )
    count = size // chunk_size
    if count > 1:
        return ChunkPlan(size=size, chunk_size=chunk_size, count=count)
    if size > MAX_CHUNK:
        raise ConfigurationError(
            f"Chunks of {chunk_size} bytes would send a video of {size} bytes in a single chunk, but TikTok requires "
            f"more than one above {MAX_CHUNK} bytes: choose at most {size // 2}, or leave it out."
        )
    return ChunkPlan(size=size, chunk_size=size, count=1)


def content_range(span: range, size: int) -> str:
    """Return the `Content-Range` header of the bytes *span* of *size*.

    Example:
        >>> content_range(range(0, 10), 25)
        'bytes 0-9/25'
    """
    return f"bytes {span.start}-{span.stop - 1}/{size}"


def resume_points(plan: ChunkPlan, headers: Mapping[str, str]) -> tuple[int, ...]:
    """Return the offsets at which the upload may continue by the upload host's reply, the most likely first.

    The reply's `Content-Range: bytes 0-{UPLOADED_BYTES}/{TOTAL}` does not define whether its upper bound is the last
    byte's index or the number of bytes. By the plan of the chunks, only one of the two is the end of a chunk.

    Returns:
        No offset if the reply holds none; one if it is the end of a chunk; two if it is in the middle of one.

    Example:
        >>> plan = ChunkPlan(size=25, chunk_size=10, count=2)
        >>> resume_points(plan, {"Content-Range": "bytes 0-9/25"})
        (10,)
        >>> resume_points(plan, {"Content-Range": "bytes 0-10/25"})
        (10,)
    """
    value = header(headers, "content-range")
    match = _UPLOADED.fullmatch(value or "")
    if match is None:
        return ()
    bound = int(match[1])
    readings = [offset for offset in (bound + 1, bound) if offset <= plan.size]
    ends = [offset for offset in readings if _is_chunk_end(plan, offset)]
    return tuple(ends[:1] or readings)


def floor_to_chunk(plan: ChunkPlan, uploaded: int) -> int:
    """Return the offset to continue from when TikTok has *uploaded* bytes: the start of the incomplete chunk."""
    # https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status calls the number 1-indexed.
    if uploaded >= plan.size:
        return plan.size
    return plan.range_of(plan.chunk_at(max(0, uploaded))).start


def _is_chunk_end(plan: ChunkPlan, offset: int) -> bool:
    return offset == plan.size or (offset % plan.chunk_size == 0 and offset // plan.chunk_size < plan.count)
