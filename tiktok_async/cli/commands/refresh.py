"""`tiktok-async refresh`."""

from tiktok_async.cli._output import Json, note, write_json
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick


async def command(
    open_id: str | None = None, /, *, json: Json = False, account: Account = None, options: Options = DEFAULTS
) -> None:
    """Refresh an account's token now, even if it is still valid.

    Args:
        open_id: The account; may be left out if there is only one.
        json: Write one JSON document: the account and the expiry times. Never the token.
        account: The account as an option, as in every command.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        token = await session.oauth.refresh((await pick(session, open_id, account)).open_id)
    if json:
        write_json(
            {
                "open_id": token.key.open_id,
                "expires_at": token.expires_at,
                "refresh_expires_at": token.refresh_expires_at,
                "version": token.version,
            }
        )
    else:
        note(f"{token.key.open_id}: the new access token ends at {token.expires_at:%Y-%m-%d %H:%M:%S} UTC.")
