"""The SDK as one usually assembles it: aiolimiter, tenacity, `response.json()` and cattrs, over aiohttp."""

from datetime import UTC, datetime, timedelta

import aiohttp
from aiolimiter import AsyncLimiter
from cattrs import Converter
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tiktok_async.models import Video, VideoField

FIELDS = ",".join(VideoField)


def converter() -> Converter:
    made = Converter(detailed_validation=False)
    made.register_structure_hook(datetime, lambda value, _: datetime.fromtimestamp(value, UTC))
    made.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    return made


class UsualParts:
    """A client with a token in a dict, a leaky bucket an account, a retry decorator and typed answers.

    Args:
        http: Where it sends.
        url: Where TikTok is.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/v2/video/list/"
        self._limiter = AsyncLimiter(1_000_000, 60)
        self._tokens = {"user": ("act.bench", datetime.now(UTC) + timedelta(hours=2))}
        self._converter = converter()

    @retry(
        retry=retry_if_exception_type(aiohttp.ClientError),
        stop=stop_after_attempt(4),
        wait=wait_random_exponential(max=30),
        reraise=True,
    )
    async def videos(self) -> list[Video]:
        token, expires = self._tokens["user"]
        assert expires > datetime.now(UTC)
        async with (
            self._limiter,
            self._http.post(
                self._url,
                params={"fields": FIELDS},
                json={"max_count": 20},
                headers={"Authorization": f"Bearer {token}"},
            ) as response,
        ):
            response.raise_for_status()
            answer = await response.json()
        assert answer["error"]["code"] == "ok"
        return self._converter.structure(answer["data"]["videos"], list[Video])
