"""`tiktok-async revoke`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import note
from tiktok_async.cli._session import DEFAULTS, Account, Options, named, opened
from tiktok_async.errors import ConfigurationError


async def command(
    open_id: str | None = None,
    /,
    *,
    account: Account = None,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False)] = False,
    options: Options = DEFAULTS,
) -> None:
    """End an account's grant at TikTok and delete its token from the store.

    Args:
        open_id: The account; it must be named.
        account: The account as an option, as in every command.
        yes: Do not ask for confirmation.
        options: The session's options.
    """
    wanted = named(open_id, account)
    if wanted is None:
        raise ConfigurationError("Name the account whose grant is to end. `tiktok-async accounts` lists them.")
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError("There is no terminal to ask for confirmation. Use --yes to end the grant.")
        sys.stderr.write(f"End the grant of {wanted}? Its user would have to log in again. [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            note("Nothing was done.")
            return
    async with opened(options) as (session, _):
        await session.oauth.revoke(wanted)
    note(f"{wanted}: the grant has ended, and its token is deleted.")
