"""`tiktok-async copy-tokens`."""

from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Json, note, write_json
from tiktok_async.cli._session import DEFAULTS, Options, opened


async def command(
    target: Annotated[
        str,
        Parameter(
            env_var="TIKTOK_TARGET_STORE",
            help="The other store's URL, such as redis://localhost:6379/0. If it has a password, better use the "
            "variable: other users of this machine can see arguments.",
        ),
    ],
    /,
    *,
    json: Json = False,
    options: Options = DEFAULTS,
) -> None:
    """Copy this app's tokens into another store, if they are missing there or newer.

    A refresh makes a copied token invalid. First copy while the workers run. Then stop them, copy again (this copies
    only tokens that were refreshed meanwhile), and start them with the other store.

    Args:
        target: The other store.
        json: Write one JSON document: how many tokens were copied.
        options: The session's options; `--store` is the store to copy from.
    """
    from tiktok_async.stores import copy_tokens, open_store

    there = open_store(target)
    try:
        async with opened(options) as (session, store):
            copied = await copy_tokens(store, there, session.client_key)
    finally:
        await there.aclose()
    if json:
        write_json({"copied": copied})
    else:
        note(f"{copied} token{' was' if copied == 1 else 's were'} copied. The first store was not changed.")
