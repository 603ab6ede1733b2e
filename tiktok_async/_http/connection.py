"""Checks of a user's settings for connections to TikTok: the proxy and the trusted certificates."""

import os
import ssl as tls

import aiohttp
from yarl import URL

from tiktok_async._http.transport import Connection
from tiktok_async.errors import ConfigurationError

__all__ = ["connection_of"]


def connection_of(
    proxy: str | None,
    *,
    trust_env: bool,
    ssl: tls.SSLContext | str | os.PathLike[str] | None,
    http: aiohttp.ClientSession | None,
) -> Connection:
    """Return the settings for connections.

    Args:
        proxy: The URL of an HTTP proxy, with user and password if it needs them.
        trust_env: Whether the proxy variables of the environment are used.
        ssl: A context, or the path of a CA file to trust in addition to the system's.
        http: The caller's session, which has settings of its own.

    Raises:
        ConfigurationError: The proxy's URL or the CA file cannot be used, or *http* is given as well.
    """
    if http is not None and (proxy or trust_env or ssl is not None):
        msg = "`http` is a session with settings of its own: give proxy, trust_env and ssl to it, or leave `http` out."
        raise ConfigurationError(msg)
    context = ssl if ssl is None or isinstance(ssl, tls.SSLContext) else _trusting(os.fspath(ssl))
    return Connection(proxy=_proxy(proxy) if proxy else None, trust_env=trust_env, ssl=context)


def _proxy(proxy: str) -> URL:
    try:
        url = URL(proxy)
        fit = url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
    except ValueError:
        url, fit = None, False
    if url is None or not fit:
        # The value is not shown: it may hold a password.
        msg = (
            "`proxy` is not the URL of an HTTP proxy. Write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; for a "
            "SOCKS proxy, give an aiohttp.ClientSession of your own as `http`."
        )
        raise ConfigurationError(msg)
    return url


def _trusting(path: str) -> tls.SSLContext:
    context = tls.create_default_context()
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it holds no certificate in PEM form"
        msg = f"The CA file {path} cannot be used: {why}."
        raise ConfigurationError(msg) from None
    return context
