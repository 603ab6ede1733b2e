"""`tiktok-async status`."""

from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Json
from tiktok_async.cli._posting import End, finish, posting, write_status
from tiktok_async.cli._session import DEFAULTS, Account, Options, pick


async def command(
    publish_id: str,
    /,
    *,
    wait: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    longest: Annotated[float, Parameter(name="--timeout")] = 1800,
    json: Json = False,
    account: Account = None,
    options: Options = DEFAULTS,
) -> None:
    """Show a post's state, as TikTok reports it.

    Args:
        publish_id: The id that `upload`, `draft` or `photos` showed.
        wait: Wait until it is published, or a draft is in its creator's inbox.
        longest: The longest wait, in seconds.
        json: Write one JSON document; with --wait, one for each new state, too.
        account: The account's open_id; may be left out if there is only one.
        options: The session's options.
    """
    async with posting(options, json=json) as (session, show):
        publish = (await pick(session, account)).publish(publish_id)
        if wait:
            await finish(publish, show, End(wait=True, timeout=longest, json=json))
        else:
            write_status(publish_id, await publish.status(), show, json=json)
