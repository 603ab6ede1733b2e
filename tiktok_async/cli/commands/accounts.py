"""`tiktok-async accounts`."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Header, Json, note, write_json, write_table
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.cli._text import for_terminal
from tiktok_async.errors import TikTokError
from tiktok_async.models import AccountKey, Scope, UserField

if TYPE_CHECKING:
    from tiktok_async.api.account import Account

_COLUMNS = ("open_id", "state", "reason", "expires_at", "refresh_expires_at", "scopes")


async def command(
    *,
    lacking: str = "",
    names: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Json = False,
    header: Header = False,
    options: Options = DEFAULTS,
) -> None:
    """List the accounts in the store. Only --names sends calls to TikTok.

    Args:
        lacking: Only accounts that lack one or more of these scopes, separated by commas.
        names: Ask TikTok for each account's name.
        json: Write one JSON document on a line.
        header: Write the headings in a pipe, too.
        options: The session's options.
    """
    rows: list[list[object]] = []
    scopes = {scope.strip() for scope in lacking.split(",") if scope.strip()} or None
    for scope in sorted((scopes or set()) - {*Scope}):
        note(f"{for_terminal(scope)} is not a known scope: look for a misspelling.")
    async with opened(options) as (session, store):
        async for account in session.accounts(lacking=scopes):
            token = await store.get(AccountKey(session.client_key, account.open_id))
            if token is None:
                continue
            row = {
                "open_id": account.open_id,
                **({"display_name": await _name(account)} if names else {}),
                "state": str(token.state),
                "reason": token.reason,
                "expires_at": token.expires_at,
                "refresh_expires_at": token.refresh_expires_at,
                "scopes": sorted(token.scopes),
            }
            if json:
                write_json(row)
            else:
                rows.append([*list(row.values())[:-1], " ".join(sorted(token.scopes))])
    if not json:
        columns = (_COLUMNS[0], "display_name", *_COLUMNS[1:]) if names else _COLUMNS
        write_table(columns, rows, header=header)


async def _name(account: "Account") -> str | None:
    try:
        return (await account.user_info([UserField.DISPLAY_NAME])).display_name
    except TikTokError as error:
        note(f"{account.open_id}: {for_terminal(str(error))}")
        return None
