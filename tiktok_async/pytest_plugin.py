"""Pytest fixtures with the emulator: `tiktok_emulator`, `tiktok_emulator_thread` and `tiktok_responses`.

pytest finds them when `tiktok-async` is installed. The emulator is imported only when a test uses one of them.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from aioresponses import aioresponses

    from tiktok_async.emulator import Emulator, EmulatorThread

# pytest loads this module whenever the library is installed, also with another asyncio plugin or without one.
if TYPE_CHECKING or find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def tiktok_emulator() -> "AsyncIterator[Emulator]":
        """An emulated TikTok of this test's own, on a free port.

        Example:
            >>> @pytest.mark.asyncio
            ... async def test_lists_videos(tiktok_emulator):
            ...     user = tiktok_emulator.add_user(videos=3)
            ...     async with tiktok_emulator.session() as session:
            ...         account = await tiktok_emulator.connect(session, user)
            ...         assert len(await account.videos().collect()) == 3
        """
        from tiktok_async.emulator import Emulator

        async with Emulator() as emulator:
            yield emulator

else:

    @pytest.fixture
    def tiktok_emulator() -> None:
        """Fail with the name of the missing package."""
        pytest.fail('the fixture tiktok_emulator needs pytest-asyncio: pip install "tiktok-async[test]"', pytrace=False)


@pytest.fixture
def tiktok_emulator_thread() -> "Iterator[EmulatorThread]":
    """An emulated TikTok for synchronous tests, in a thread, such as with FastAPI's and Django's test clients.

    Example:
        >>> def test_shows_the_profile(tiktok_emulator_thread, monkeypatch):
        ...     for name, value in tiktok_emulator_thread.env().items():
        ...         monkeypatch.setenv(name, value)
        ...     user = tiktok_emulator_thread.add_user(display_name="Ann")
    """
    from tiktok_async.emulator import EmulatorThread

    with EmulatorThread() as emulator:
        yield emulator


@pytest.fixture
def tiktok_responses() -> "Iterator[aioresponses]":
    """Give aiohttp's client your own answers in place of a network, by aioresponses, which has to be installed.

    It adds the attributes that aiohttp 3.14 expects of a response and aioresponses 0.7 lacks. The emulator is a better
    replacement for TikTok; this fixture is for answers that no server would give.

    Example:
        >>> @pytest.mark.asyncio
        ... async def test_says_that_tiktok_is_down(tiktok_responses):
        ...     tiktok_responses.get(re.compile(r".*/v2/user/info/.*"), status=503, repeat=True)
    """
    if find_spec("aioresponses") is None:
        pytest.fail("the fixture tiktok_responses needs aioresponses: pip install aioresponses", pytrace=False)
    from tiktok_async.testing._responses import responses

    with responses() as answers:
        yield answers
