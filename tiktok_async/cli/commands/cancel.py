"""`tiktok-async cancel`."""

from tiktok_async.cli._output import note
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick


async def command(publish_id: str, /, *, account: Account = None, options: Options = DEFAULTS) -> None:
    """Ask TikTok to stop fetching a post's media from its URL; the post then fails as cancelled.

    An upload needs no cancelling: TikTok does not post the video before it has the last byte.

    Args:
        publish_id: The id that `upload`, `draft` or `photos` showed.
        account: The account's open_id; may be left out if there is only one.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        await (await pick(session, account)).publish(publish_id).cancel()
    note(f"TikTok was asked to stop. See the post's state with: tiktok-async status {publish_id}")
