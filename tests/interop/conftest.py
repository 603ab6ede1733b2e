"""Fixtures for other people's clients, against the emulator in a thread: half of them have no event loop."""

import sys

import pytest

from tiktok_async.emulator import EmulatedUser, EmulatorThread


@pytest.fixture
def tiktok(tiktok_emulator_thread: EmulatorThread) -> EmulatorThread:
    """A TikTok of the test's own."""
    return tiktok_emulator_thread


@pytest.fixture
def creator(tiktok: EmulatorThread) -> EmulatedUser:
    """A creator with two pages of videos, ready to grant what clients ask for."""
    return tiktok.add_user(videos=25, display_name="Ada", username="ada")


# marqetive-lib is written for Python 3.12, and is not installed on an older one.
collect_ignore = ["test_marqetive.py"] if sys.version_info < (3, 12) else []
