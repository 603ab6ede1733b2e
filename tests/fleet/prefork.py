"""A server that forks its workers after all imports, as gunicorn does; each worker takes as many permits as it gets."""

import asyncio
import json
import os
import sys
from datetime import timedelta

from tiktok_async.abc import LimitKey
from tiktok_async.errors import RateLimitWaitExceeded
from tiktok_async.models import Limit
from tiktok_async.stores import RedisRateLimiter

settings = json.loads(sys.argv[1])
limiter = RedisRateLimiter(settings["url"], prefix=settings["prefix"])
KEY = LimitKey("app", "/v2/video/list/", "account")
SIX = Limit(6, timedelta(minutes=1))


async def take() -> int:
    """Return how many calls this worker may make at once."""
    taken = 0
    try:
        while True:
            (await limiter.acquire(KEY, SIX, max_wait=0.5)).done()
            taken += 1
    except RateLimitWaitExceeded:
        return taken


def work() -> None:
    taken = asyncio.run(take())
    os.write(1, f"{taken}\n".encode())
    os._exit(0)


def main() -> None:
    children: list[int] = []
    for _ in range(settings["workers"]):
        child = os.fork()
        if child == 0:
            work()
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


main()
