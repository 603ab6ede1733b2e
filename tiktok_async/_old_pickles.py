"""Modules of earlier versions, so that pickles made with these still find their classes.

Job queues hold errors and results as pickles, which name the module of each class.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False  # as type checkers read it; importing `typing` would take most of the time
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__all__ = ["register"]

# module of 0.1 -> present module of its classes
_MOVED = {
    "tiktok_async._error_base": "tiktok_async.errors",
    "tiktok_async._error_table": "tiktok_async._error_codes",
    "tiktok_async._query_fields": "tiktok_async.query",
    "tiktok_async.models._auth": "tiktok_async.models._oauth",
    "tiktok_async.models._endpoint": "tiktok_async.models._calls",
    "tiktok_async.models._page": "tiktok_async.models._calls",
    "tiktok_async.models._publish": "tiktok_async.models._posting",
    "tiktok_async.models._qr": "tiktok_async.models._oauth",
    "tiktok_async.models._reports": "tiktok_async.models._events",
    "tiktok_async.models._research_shop": "tiktok_async.models._research",
    "tiktok_async.models._retry": "tiktok_async.models._calls",
    "tiktok_async.models._scope": "tiktok_async.models._oauth",
    "tiktok_async.models._secret": "tiktok_async.models._tokens",
    "tiktok_async.models._token": "tiktok_async.models._tokens",
    "tiktok_async.models._user": "tiktok_async.models._display",
    "tiktok_async.models._video": "tiktok_async.models._display",
    "tiktok_async.models._wire_model": "tiktok_async.models._wire",
}


class _MovedModule:
    """Finds and loads the present module, unchanged, under the name of an earlier version."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._spec: ModuleSpec | None = None

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the spec of a module of an earlier version."""
        del path, target
        if name not in _MOVED:
            return None
        loader: Any = _MovedModule(_MOVED[name])  # it has the methods of a loader
        return ModuleSpec(name, loader)

    def create_module(self, spec: ModuleSpec) -> "ModuleType":
        """Return the present module."""
        del spec
        module = import_module(self._home)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: "ModuleType") -> None:
        """Restore the module's own spec: it was executed under its own name."""
        module.__spec__ = self._spec


def register() -> None:
    """Make old names importable; this costs nothing until one is unpickled."""
    sys.meta_path.append(_MovedModule)
