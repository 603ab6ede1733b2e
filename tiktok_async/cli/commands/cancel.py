"""`tiktok-async cancel`."""

from tiktok_async.cli._output import note
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick


async def command(publish_id: str, /, *, account: Account = None, options: Options = DEFAULTS) -> None:
    """Ask TikTok to stop fetching a post's media from its URL; the post then fails as cancelled.

    A video that is uploaded needs no cancelling: it is not posted before its last byte is there.

    Args:
        publish_id: What `upload`, `draft` or `photos` told.
        account: The account's open_id; may be left out where there is only one.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        await (await pick(session, account)).publish(publish_id).cancel()
    note(f"TikTok was asked to stop. Its word for the end: tiktok-async status {publish_id}")
