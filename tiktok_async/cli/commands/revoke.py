"""`tiktok-async revoke`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import note
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.errors import ConfigurationError


async def command(
    open_id: str,
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False)] = False,
    options: Options = DEFAULTS,
) -> None:
    """End an account's grant at TikTok and forget its token.

    Args:
        open_id: The account.
        yes: Do not ask.
        options: The session's options.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError("Nobody can be asked here: say --yes to end the grant.")
        sys.stderr.write(f"End the grant of {open_id}? Its user would have to log in again. [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            note("Nothing was done.")
            return
    async with opened(options) as (session, _):
        await session.oauth.revoke(open_id)
    note(f"{open_id}: the grant has ended, and its token is forgotten.")
