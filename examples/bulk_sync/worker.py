"""One worker: `python -m bulk_sync.worker [plain|on_taskiq|on_streaq]`. Run many, on as many machines as you like."""

import sys
from importlib import import_module

from .common import run

if __name__ == "__main__":
    engine = import_module(f"{__package__}.{sys.argv[1] if len(sys.argv) > 1 else 'plain'}")
    run(engine.work())
