"""What every command that calls TikTok needs: options, store, session and account."""

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

from attrs import field, frozen
from cyclopts import Parameter

from tiktok_async._files import absolute_path
from tiktok_async.cli._folders import data_folder
from tiktok_async.cli._logs import log_event
from tiktok_async.errors import ConfigurationError

if TYPE_CHECKING:
    # Loaded only when a session is opened, so `--help` is fast.
    from collections.abc import AsyncGenerator, Callable

    from tiktok_async.abc import TokenStore, Transport
    from tiktok_async.api.account import Account as SessionAccount
    from tiktok_async.models import Event
    from tiktok_async.session import SessionOptions, TikTokSession


@Parameter(name="*", group="Session")
@frozen(kw_only=True)
class Options:
    """The options for the app, its token store and TikTok's URLs.

    Attributes:
        client_key: The app's key.
        client_secret: The app's secret. Other users of this machine can see arguments, so better use the variable.
        store: The token store: a URL, or the path of a SQLite file. By default a file in your data directory.
        base_url: The URL of TikTok's API, or of an emulator.
        authorize_url: The URL of TikTok's consent page, or of an emulator's.
    """

    client_key: Annotated[str | None, Parameter(env_var="TIKTOK_CLIENT_KEY")] = None
    client_secret: Annotated[str | None, Parameter(env_var="TIKTOK_CLIENT_SECRET")] = field(default=None, repr=False)
    store: Annotated[str | None, Parameter(env_var="TIKTOK_TOKEN_STORE")] = field(default=None, repr=False)
    base_url: Annotated[str | None, Parameter(env_var="TIKTOK_BASE_URL")] = None
    authorize_url: Annotated[str | None, Parameter(env_var="TIKTOK_AUTHORIZE_URL")] = None


DEFAULTS = Options()

Account = Annotated[str | None, Parameter(name=("--account", "-a"))]
"""The option that names an account, the same in every command."""


def store_url(store: str | None) -> str:
    """Return the URL of the store to use; by default, of a file that only this user can read.

    Args:
        store: A URL, or the path of a SQLite file.

    Raises:
        ConfigurationError: The file's folder does not exist.
    """
    if store is not None and "://" in store:
        return store
    if store is not None:
        path = absolute_path(store)
        if not path.parent.is_dir():
            msg = f"The store cannot be in {path.parent}, since there is no such folder."
            raise ConfigurationError(msg)
        return _sqlite_url(path)
    folder = data_folder(instead="name a store by TIKTOK_TOKEN_STORE or --store, such as /data/tokens.db")
    return _sqlite_url(folder / "tokens.db")


def _sqlite_url(path: Path) -> str:
    # As bytes: a file name may not be valid text.
    return f"sqlite:///{quote(os.fsencode(path))}"


@asynccontextmanager
async def opened(
    options: Options,
    *,
    observer: "Callable[[Event], None]" = log_event,
    transport: "Callable[[Transport], Transport] | None" = None,
) -> "AsyncGenerator[tuple[TikTokSession, TokenStore]]":
    """Open the store and a session on it, and close both.

    Args:
        options: The options of the command.
        observer: Gets the session's events. If it replaces `log_event`, it should call `log_event` itself.
        transport: Takes the session's transport and returns the transport to use.

    Raises:
        ConfigurationError: The app's keys are missing, or the store's URL is wrong.
    """
    from tiktok_async.session import TikTokSession
    from tiktok_async.stores import open_store

    given = {
        "client_key": options.client_key,
        "client_secret": options.client_secret,
        "base_url": options.base_url,
        "authorize_url": options.authorize_url,
    }
    store = open_store(store_url(options.store))
    try:
        keywords = cast("SessionOptions", {name: value for name, value in given.items() if value is not None})
        keywords.update({"store": store, "observer": observer, "transport": transport})
        async with TikTokSession.from_env(**keywords) as session:
            yield session, store
    finally:
        await store.aclose()


def named(open_id: str | None, account: str | None) -> str | None:
    """Return the account that was named, as an argument or by `--account`.

    Raises:
        ConfigurationError: Both name an account, but not the same one; or the argument looks like an option.
    """
    if open_id is not None and open_id.startswith("--"):
        raise ConfigurationError(
            f"{open_id} is no option of this command. If it is an open_id, write --account={open_id}"
        )
    if open_id is not None and account is not None and open_id != account:
        raise ConfigurationError(f"Two accounts are named: {open_id} and {account}. Name one.")
    return open_id or account


async def pick(session: "TikTokSession", open_id: str | None, account: str | None = None) -> "SessionAccount":
    """Return the account that was named, or the only account in the store.

    Args:
        session: The session.
        open_id: The command's argument.
        account: The value of `--account`.

    Raises:
        ConfigurationError: No account was named, and the store does not hold exactly one; or two were named.
    """
    wanted = named(open_id, account)
    if wanted is not None:
        return session.account(wanted)
    found: list[SessionAccount] = []
    async for stored in session.accounts():
        found.append(stored)
        if len(found) > 1:
            raise ConfigurationError("Several accounts are stored; name one. `tiktok-async accounts` lists them.")
    if not found:
        raise ConfigurationError("No account is stored here. Log one in with `tiktok-async login`.")
    return found[0]
