"""The reconciler: `python -m bulk_sync.scheduler [plain|on_taskiq|on_streaq]`. One is enough; two do no harm."""

import asyncio
import logging
import sys
from importlib import import_module
from typing import Any

from .common import PERIOD, opened, run, told_to_end

log = logging.getLogger("bulk_sync")


async def main(engine: Any) -> None:  # noqa: ANN401 - one of the modules beside this one
    """Send jobs for the accounts that are due, each PERIOD seconds."""
    while not told_to_end():
        try:
            async with engine.sender() as send, opened() as jobs:
                await jobs.reconcile(send)
                while not told_to_end():
                    await asyncio.sleep(PERIOD)
                    await jobs.reconcile(send)
        except Exception as error:  # noqa: BLE001 - each engine has errors of its own, and all of them mean: later
            log.warning("the accounts that are due could not be sent: %s", error)
            await asyncio.sleep(min(PERIOD, 5))


if __name__ == "__main__":
    run(main(import_module(f"{__package__}.{sys.argv[1] if len(sys.argv) > 1 else 'plain'}")))
