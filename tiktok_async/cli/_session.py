"""What every command that talks to TikTok starts with: options, store, session, account."""

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

from attrs import field, frozen
from cyclopts import Parameter

from tiktok_async.cli._logs import log_event
from tiktok_async.errors import ConfigurationError

if TYPE_CHECKING:
    # Loaded when a session is opened, so that `--help` is quick.
    from collections.abc import AsyncGenerator, Callable

    from tiktok_async.abc import TokenStore, Transport
    from tiktok_async.api.account import Account as SessionAccount
    from tiktok_async.models import Event
    from tiktok_async.session import SessionOptions, TikTokSession


@Parameter(name="*", group="Session")
@frozen(kw_only=True)
class Options:
    """Where the app, its tokens and TikTok are.

    Attributes:
        client_key: The app's key.
        client_secret: The app's secret; other users of this machine can read it here, so better use the variable.
        store: Where tokens live: a URL, or the path of a SQLite file. By default in your data directory.
        base_url: TikTok's API, or an emulator's.
        authorize_url: TikTok's consent page, or an emulator's.
    """

    client_key: Annotated[str | None, Parameter(env_var="TIKTOK_CLIENT_KEY")] = None
    client_secret: Annotated[str | None, Parameter(env_var="TIKTOK_CLIENT_SECRET")] = field(default=None, repr=False)
    store: Annotated[str | None, Parameter(env_var="TIKTOK_TOKEN_STORE")] = field(default=None, repr=False)
    base_url: Annotated[str | None, Parameter(env_var="TIKTOK_BASE_URL")] = None
    authorize_url: Annotated[str | None, Parameter(env_var="TIKTOK_AUTHORIZE_URL")] = None


DEFAULTS = Options()

OpenId = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""The argument that names an account. Real open_ids begin with `-` as often as not."""

Account = Annotated[str | None, Parameter(name=("--account", "-a"), allow_leading_hyphen=True)]
"""The option that names an account, the same in every command."""


def store_url(store: str | None) -> str:
    """Return the URL of the store to use; without one, that of a file which only this user can read.

    Args:
        store: A URL, or the path of a SQLite file.

    Raises:
        ConfigurationError: The file's folder does not exist.
    """
    if store is not None and "://" in store:
        return store
    if store is not None:
        path = Path(store).expanduser().absolute()
        if not path.parent.is_dir():
            msg = f"The store cannot be in {path.parent}, since there is no such folder."
            raise ConfigurationError(msg)
        return _sqlite_url(path)
    from platformdirs import user_data_path

    folder = user_data_path("tiktok-async")
    try:
        if not folder.is_absolute():  # a user without a home folder
            raise FileNotFoundError
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigurationError(
            f"There is no folder to keep tokens in: {folder} cannot be made. Name a store by TIKTOK_TOKEN_STORE or "
            "--store, such as /data/tokens.db, or set HOME or XDG_DATA_HOME to a folder that can be written."
        ) from None
    return _sqlite_url(folder / "tokens.db")


def _sqlite_url(path: Path) -> str:
    # As bytes: a name on disk need not be text.
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
        options: What was typed.
        observer: Gets the session's events; it calls `log_event` itself, if it takes its place.
        transport: Takes the session's transport and returns what is used.

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
        ConfigurationError: Both name one, and not the same; or the argument looks like an option.
    """
    if open_id is not None and open_id.startswith("--"):
        raise ConfigurationError(
            f"{open_id} is no option of this command. An open_id that begins so is given as --account={open_id}"
        )
    if open_id is not None and account is not None and open_id != account:
        raise ConfigurationError(f"Two accounts are named: {open_id} and {account}. Name one.")
    return open_id or account


async def pick(session: "TikTokSession", open_id: str | None, account: str | None = None) -> "SessionAccount":
    """Return the account that was named, or the only one there is.

    Args:
        session: The session.
        open_id: The command's argument.
        account: What `--account` says.

    Raises:
        ConfigurationError: None was named, and there is not exactly one account; or two were.
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
