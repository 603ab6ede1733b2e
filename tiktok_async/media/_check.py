"""Media checked before anything is sent."""

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._headers.reading import BadHeader, Header
from tiktok_async.api.posting.header import header_of
from tiktok_async.api.posting.video import OpenVideo, UploadSource, open_video
from tiktok_async.media._decoders import completed, is_whole_photo
from tiktok_async.media.rules.report import MediaReport, judge, unreadable
from tiktok_async.models import CreatorInfo

__all__ = ["check_media", "look_at"]


async def check_media(source: UploadSource, *, creator: CreatorInfo | None = None) -> MediaReport:
    """Tell what a video or photo is, and every rule of TikTok's that it breaks.

    Headers are read, not the media: two blocks of a usual video, at most 8 MiB. With the extra `media`, PyAV looks
    into a video whose header does not say enough (at most 32 MiB), and Pillow decodes photos. Nothing is sent.

    Args:
        source: A path, bytes, a seekable binary file, or a `ByteSource`.
        creator: The creator, whose longest video is the limit; without it, TikTok's ten minutes are.

    Raises:
        ConfigurationError: It is none of these, or a file that cannot be opened.
        UploadError: It cannot be read.
        SourceChanged: It became shorter meanwhile.

    Example:
        >>> import asyncio
        >>> print(asyncio.run(check_media(b"GIF89a" + bytes(26))).problems[0].value)
        gif

    Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
    """
    opened = open_video(source, SystemClock())
    async with opened.opened() as video:
        size = await video.size()
        try:
            header = await header_of(video, size)
        except BadHeader as error:
            return unreadable(opened.path, size, str(error))
        return await look_at(header, video, size, file=opened.path, creator=creator)


async def look_at(
    header: Header, video: OpenVideo, size: int, *, file: str | None, creator: CreatorInfo | None
) -> MediaReport:
    """Judge a file by its header, and by what the decoders find if the header says too little."""
    header = await completed(header, video, size)
    report = judge(header, size, file=file, creator=creator)
    # A photo that is too large is not decoded: a small file may hold a picture of gigabytes.
    if header.kind == "photo" and report.ok and await is_whole_photo(video, size) is False:
        return judge(header, size, file=file, creator=creator, broken=True)
    return report
