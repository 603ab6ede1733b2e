"""The emulator, a second reading of TikTok's pages, takes every plan of ours."""

import random

import pytest

from tiktok_async import ConfigurationError, plan_chunks
from tiktok_async.emulator.posting.rules import Megabyte, chunk_plan


@pytest.mark.parametrize("megabyte", list(Megabyte))
def test_ten_thousand_random_sizes_are_accepted(megabyte: Megabyte) -> None:
    dice = random.Random(11)
    for _ in range(10_000):
        size = dice.choice((dice.randint(1, 2**32), dice.randint(1, 200_000_000), int(2 ** dice.uniform(0, 32))))
        wish = dice.choice((None, dice.randint(5_242_880, 64_000_000)))
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
