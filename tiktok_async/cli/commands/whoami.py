"""`tiktok-async whoami`."""

from tiktok_async.cli._output import Json, write_json, write_record
from tiktok_async.cli._session import DEFAULTS, Options, opened, pick
from tiktok_async.models import UserField


async def command(open_id: str | None = None, /, *, json: Json = False, options: Options = DEFAULTS) -> None:
    """Show an account's profile: every field that it granted.

    Args:
        open_id: The account; may be left out where there is only one.
        json: Write one JSON document.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        user = await (await pick(session, open_id)).user_info()
    record = {str(field): getattr(user, field) for field in UserField}
    if json:
        write_json(record)
    else:
        write_record(record)
