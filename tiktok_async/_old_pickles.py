"""Modules of earlier versions, by which pickles made then still find their classes.

Job queues carry errors and results as pickles, which name the module that a class stood in.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import Loader

__all__ = ["register"]

# module of 0.1 -> where its classes are now
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
    """Finds and loads a module under the name of an earlier version: the module of today, untouched."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._spec: ModuleSpec | None = None

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Answer the import system; only for the names of then."""
        del path, target
        return ModuleSpec(name, cast("Loader", _MovedModule(_MOVED[name]))) if name in _MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of today."""
        del spec
        module = import_module(self._home)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back: it has been executed under its own name."""
        module.__spec__ = self._spec


def register() -> None:
    """Let old names be found; they cost nothing until somebody unpickles one."""
    sys.meta_path.append(_MovedModule)
