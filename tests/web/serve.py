"""Serve an example with one more page that counts what the process holds: `python -m tests.web.serve web_aiohttp`."""

import asyncio
import gc
import os
import sys
from pathlib import Path

import uvicorn
from aiohttp import web

from tiktok_async import TikTokSession

PORT = int(os.environ.get("PORT", "8080"))
GRACE = 90  # seconds for the running requests: enough for a slow machine


def counts() -> dict[str, int]:
    """Count tasks, sessions and sockets of this process."""
    gc.collect()
    kinds = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return {
        "tasks": len(asyncio.all_tasks()),
        "sessions": sum(type(one) is TikTokSession for one in gc.get_objects()),
        "sockets": sum(kind.startswith("socket:") for kind in kinds),
    }


def serve_mini_game() -> None:
    from examples.mini_game.app import make_app

    web.run_app(make_app(), host="127.0.0.1", port=PORT, shutdown_timeout=GRACE, access_log=None, print=None)


def serve_aiohttp() -> None:
    from examples.web_aiohttp.app import make_app

    async def stats(request: web.Request) -> web.Response:
        del request
        return web.json_response(counts())

    app = make_app()
    app.router.add_get("/_stats", stats)
    web.run_app(app, host="127.0.0.1", port=PORT, shutdown_timeout=GRACE, access_log=None, print=None)


def serve_fastapi() -> None:
    from examples.web_fastapi.app import app

    @app.get("/_stats")
    async def stats() -> dict[str, int]:
        return counts()

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", timeout_graceful_shutdown=GRACE)


if __name__ == "__main__":
    {"mini_game": serve_mini_game, "web_aiohttp": serve_aiohttp, "web_fastapi": serve_fastapi}[sys.argv[1]]()
