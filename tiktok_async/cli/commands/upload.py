"""`tiktok-async upload`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._posting import END, End, begin, finish, posting, saved_uploads, send
from tiktok_async.cli._session import DEFAULTS, Account, Options, pick
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import PrivacyLevel, PullFromUrl, VideoPost

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]


async def command(
    video: str | None = None,
    /,
    *,
    title: str | None = None,
    privacy: PrivacyLevel | None = None,
    disable_comment: _Flag = False,
    disable_duet: _Flag = False,
    disable_stitch: _Flag = False,
    cover_ms: int | None = None,
    aigc: _Flag = False,
    brand_content: _Flag = False,
    brand_organic: _Flag = False,
    check: _Flag = False,
    chunk_size: int | None = None,
    dedup_key: str | None = None,
    resume: _Flag = False,
    account: Account = None,
    end: End = END,
    options: Options = DEFAULTS,
) -> None:
    """Post a video, and wait until it is published.

    After Ctrl-C or a crash, `upload --resume` can continue within the hour. It continues the account's last unfinished
    upload, or the one that you name by a publish_id, a saved state or the video's path.

    Args:
        video: The file, or a URL that TikTok fetches by itself.
        title: The caption; #tags and @mentions work in it.
        privacy: Who may see it. There is no default: TikTok wants the creator to choose each time.
        disable_comment: Nobody may comment.
        disable_duet: Nobody may make a duet.
        disable_stitch: Nobody may stitch.
        cover_ms: The frame that becomes the cover, in milliseconds from the start.
        aigc: It is made by AI; the post says so.
        brand_content: It is a paid partnership for a third party.
        brand_organic: It promotes the creator's own business.
        check: First ask TikTok for the creator's settings, and report every option that they do not allow.
        chunk_size: Bytes in a chunk, 5242880 to 64000000; the default is a good choice.
        dedup_key: Your id of this post: for seven days, a repeated command with it continues the first post.
        resume: Continue an unfinished upload.
        account: The account's open_id; may be left out if there is only one.
        end: How long to wait for it.
        options: The session's options.
    """
    if resume:
        await _resume(video, account, end, options)
        return
    if video is None:
        raise ConfigurationError("Name the video, or continue an unfinished upload with --resume.")
    if privacy is None:
        raise ConfigurationError(
            f"Say who may see it: --privacy {', '.join(PrivacyLevel)}. TikTok wants the creator to choose each time."
        )
    post = VideoPost(
        title=title,
        privacy_level=privacy,
        disable_comment=disable_comment or None,
        disable_duet=disable_duet or None,
        disable_stitch=disable_stitch or None,
        video_cover_timestamp_ms=cover_ms,
        brand_content_toggle=brand_content,
        brand_organic_toggle=brand_organic,
        is_aigc=aigc,
    )
    source = PullFromUrl(video) if "://" in video else Path(video)
    saved = saved_uploads()
    async with posting(options, json=end.json) as (session, show):
        creator = await pick(session, account)
        work = creator.post_video(source, post, chunk_size=chunk_size, check=check, dedup_key=dedup_key)
        publish = await begin(work, show, open_id=creator.open_id, saved=saved)
        await send(publish, show, saved)
        await finish(publish, show, end)


async def _resume(wish: str | None, account: str | None, end: End, options: Options) -> None:
    saved = saved_uploads()
    async with posting(options, json=end.json) as (session, show):
        begun = saved.latest((await pick(session, account)).open_id) if wish is None else saved.find(wish)
        publish = session.account(begun.open_id).publish(begun.text)
        await send(publish, show, saved)
        await finish(publish, show, end)
