"""What tests of this library, and of code that uses it, are made with."""

from tiktok_async.testing._clock import VirtualClock

__all__ = ["VirtualClock"]
