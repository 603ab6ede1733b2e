"""Helpers for web frameworks, one module for each; `docs/backends.md` shows how to use them.

`Backend` is the part that all of them share. Use it directly for a framework that has no module here.
"""

from tiktok_async.contrib._answers import ErrorAnswer
from tiktok_async.contrib._backend import Backend, BackendOptions, WebSession, local_path

__all__ = ["Backend", "BackendOptions", "ErrorAnswer", "WebSession", "local_path"]
