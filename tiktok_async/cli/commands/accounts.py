"""`tiktok-async accounts`."""

from tiktok_async.cli._output import Json, write_json, write_table
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.models import AccountKey

_COLUMNS = ("open_id", "state", "reason", "expires_at", "refresh_expires_at", "scopes")


async def command(*, json: Json = False, options: Options = DEFAULTS) -> None:
    """List the accounts that are logged in here. TikTok is not asked.

    Args:
        json: Write one JSON document a line.
        options: The session's options.
    """
    rows: list[list[object]] = []
    async with opened(options) as (session, store):
        async for account in session.accounts():
            token = await store.get(AccountKey(session.client_key, account.open_id))
            if token is None:
                continue
            row = {
                "open_id": account.open_id,
                "state": str(token.state),
                "reason": token.reason,
                "expires_at": token.expires_at,
                "refresh_expires_at": token.refresh_expires_at,
                "scopes": sorted(token.scopes),
            }
            if json:
                write_json(row)
            else:
                rows.append([*(row[name] for name in _COLUMNS[:-1]), " ".join(sorted(token.scopes))])
    if not json:
        write_table(_COLUMNS, rows)
