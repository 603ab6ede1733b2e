"""`tiktok-async refresh`."""

from tiktok_async.cli._output import Json, note, write_json
from tiktok_async.cli._session import DEFAULTS, Options, opened, pick


async def command(open_id: str | None = None, /, *, json: Json = False, options: Options = DEFAULTS) -> None:
    """Rotate an account's token now, whatever its age.

    Args:
        open_id: The account; may be left out where there is only one.
        json: Write one JSON document: who, and until when. Never the token.
        options: The session's options.
    """
    async with opened(options) as (session, _):
        token = await session.oauth.refresh((await pick(session, open_id)).open_id)
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
