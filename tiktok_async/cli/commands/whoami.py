"""`tiktok-async whoami`."""

from tiktok_async.cli._output import Json, write_json, write_record
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick
from tiktok_async.models import UserField


async def command(
    open_id: str | None = None, /, *, json: Json = False, account: Account = None, options: Options = DEFAULTS
) -> None:
    """Show an account's profile: all fields that it granted.

    Args:
        open_id: The account; may be left out if there is only one.
        json: Write one JSON document.
        account: The account as an option, as in every command.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        user = await (await pick(session, open_id, account)).user_info()
    record = {str(field): getattr(user, field) for field in UserField}
    if json:
        write_json(record)
    else:
        write_record(record)
