"""Pytest's side of the emulator: the fixture `tiktok_emulator`.

Installing `tiktok-async` is enough for pytest to find it. Nothing of the emulator is imported before a test asks.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tiktok_async.emulator import Emulator

# pytest loads this module wherever the library is installed, also beside another asyncio plugin or none.
if TYPE_CHECKING or find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def tiktok_emulator() -> "AsyncIterator[Emulator]":
        """A TikTok of this test's own, on a free port.

        Example:
            >>> async def test_lists_videos(tiktok_emulator):
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
        """Say what is missing."""
        pytest.fail('the fixture tiktok_emulator needs pytest-asyncio: pip install "tiktok-async[test]"', pytrace=False)
