"""The emulator, which was written from TikTok's pages separately, accepts all our chunk plans."""

import random

import pytest

from tiktok_async import ConfigurationError, plan_chunks
from tiktok_async.emulator.posting.rules import Megabyte, chunk_plan


@pytest.mark.parametrize("megabyte", list(Megabyte))
def test_ten_thousand_random_sizes_are_accepted(megabyte: Megabyte) -> None:
    rng = random.Random(11)
    for _ in range(10_000):
        size = rng.choice((rng.randint(1, 2**32), rng.randint(1, 200_000_000), int(2 ** rng.uniform(0, 32))))
        wish = rng.choice((None, rng.randint(5_242_880, 64_000_000)))
        try:
            plan = plan_chunks(size, wish)
        except ConfigurationError:
            assert wish is not None
            plan = plan_chunks(size)
        accepted = chunk_plan(
            {"video_size": plan.size, "chunk_size": plan.chunk_size, "total_chunk_count": plan.count}, megabyte
        )
        offset = 0
        for span in plan.ranges():
            assert accepted.end_of_chunk_at(offset) == span.stop
            offset = span.stop
