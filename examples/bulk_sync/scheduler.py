"""The reconciler: `python -m bulk_sync.scheduler [plain|on_taskiq|on_streaq]`. One is enough; two do no harm."""

import asyncio
import logging
import sys
from importlib import import_module
from typing import Any

from .common import PERIOD, opened, run

log = logging.getLogger("bulk_sync")


async def main(engine: Any) -> None:  # noqa: ANN401 - one of the modules beside this one
    """Send what is due, each PERIOD seconds."""
    while True:
        try:
            async with engine.sender() as send, opened() as jobs:
                while True:
                    await jobs.reconcile(send)
                    await asyncio.sleep(PERIOD)
        except Exception as error:  # noqa: BLE001 - each engine has errors of its own, and all of them mean: later
            log.warning("the accounts that are due could not be sent: %s", error)
            await asyncio.sleep(min(PERIOD, 5))


if __name__ == "__main__":
    run(main(import_module(f"{__package__}.{sys.argv[1] if len(sys.argv) > 1 else 'plain'}")))
