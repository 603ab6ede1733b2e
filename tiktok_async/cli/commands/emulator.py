"""`tiktok-async emulator`."""

import sys
from typing import TYPE_CHECKING

from tiktok_async.cli._output import note
from tiktok_async.errors import ConfigurationError

if TYPE_CHECKING:
    from tiktok_async.emulator import Emulator


_LAST_PORT = 65535


async def command(
    *, port: int = 8900, host: str = "127.0.0.1", users: int = 3, videos: int = 250, seed: int = 0
) -> None:
    """Serve TikTok's API in memory, until Ctrl-C: consent page, API and faults on demand.

    What a client of it has to know is written to standard output, as variables for a shell.

    Args:
        port: The port to serve on; 0 takes a free one.
        host: The address to serve on. It has no locks: better not one that others can reach.
        users: How many creators there are.
        videos: How many videos each of them has.
        seed: Makes users, videos and tokens the same on each run.
    """
    from tiktok_async.emulator import serve

    def ready(emulator: "Emulator") -> None:
        for _ in range(users):
            emulator.add_user(videos=videos)
        sys.stdout.write(
            f"TIKTOK_CLIENT_KEY={emulator.client_key}\n"
            f"TIKTOK_CLIENT_SECRET={emulator.client_secret}\n"
            f"TIKTOK_BASE_URL={emulator.url}\n"
            f"TIKTOK_AUTHORIZE_URL={emulator.authorize_url}\n"
        )
        sys.stdout.flush()
        note("Serving until Ctrl-C.")

    if not 0 <= port <= _LAST_PORT:
        raise ConfigurationError(f"--port {port} is no port: give a number from 0 to {_LAST_PORT}.")
    try:
        await serve(ready=ready, host=host, port=port, seed=seed)
    except OSError as error:
        msg = f"Nothing can be served on {host}:{port}: {error.strerror}. Choose another --port."
        raise ConfigurationError(msg) from None
