"""`tiktok-async draft`."""

from pathlib import Path

from tiktok_async.cli._posting import END, End, begin, finish, posting, saved_uploads, send
from tiktok_async.cli._session import DEFAULTS, Account, Options, pick
from tiktok_async.models import PullFromUrl


async def command(
    video: str,
    /,
    *,
    chunk_size: int | None = None,
    dedup_key: str | None = None,
    account: Account = None,
    end: End = END,
    options: Options = DEFAULTS,
) -> None:
    """Send a video to its creator's inbox, where they finish and post it.

    To continue an interrupted upload, use `upload --resume`.

    Args:
        video: The file, or a URL that TikTok fetches by itself.
        chunk_size: Bytes in a chunk, 5242880 to 64000000; the default is a good choice.
        dedup_key: Your id of this draft: for seven days, a repeated command with it continues the first draft.
        account: The account's open_id; may be left out if there is only one.
        end: How long to wait for it.
        options: The session's options.
    """
    source = PullFromUrl(video) if "://" in video else Path(video)
    saved = saved_uploads()
    async with posting(options, json=end.json) as (session, show):
        creator = await pick(session, account)
        work = creator.draft_video(source, chunk_size=chunk_size, dedup_key=dedup_key)
        publish = await begin(work, show, open_id=creator.open_id, saved=saved)
        await send(publish, show, saved)
        await finish(publish, show, end)
