"""Public names of a package that load on first use, each stated once, in the package's own `if TYPE_CHECKING` block."""

import sys
from importlib import import_module

TYPE_CHECKING = False  # as type checkers read it; importing `typing` would take most of the time
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["load_on_first_use"]


def load_on_first_use(package: str, extra: str | None = None) -> bool:
    """Give *package* its `__all__`, `__dir__` and `__getattr__`.

    The names are read from the package's source: from each `from MODULE import (NAME as NAME, ...)` of its
    `if TYPE_CHECKING or not load_on_first_use(__name__):` block. So type checkers, documentation and running programs
    know the same names.

    Args:
        package: The full name of the package, which is being imported.
        extra: One more name, for `__version__` of the distribution.

    Returns:
        Whether it worked. If the source cannot be read, the block imports its names at once.
    """
    module = sys.modules[package]
    spec = module.__spec__
    read = getattr(spec and spec.loader, "get_data", None)
    if spec is None or spec.origin is None or read is None:
        return False
    try:
        source: str = read(spec.origin).decode()
    except (OSError, UnicodeDecodeError):
        return False
    homes = dict(_stated(source.splitlines()))
    if not homes:
        return False

    def load(name: str) -> object:
        if name in homes:
            value: object = getattr(import_module(homes[name]), name)
        elif name == extra:
            from importlib.metadata import version

            value = version("tiktok-async")
        else:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        vars(module)[name] = value
        return value

    vars(module).update(
        __all__=sorted(homes, key=_as_ruff_sorts),
        __getattr__=load,
        __dir__=lambda: sorted({*vars(module), *homes}),
    )
    return True


def _stated(lines: list[str]) -> "Iterator[tuple[str, str]]":
    """Yield each name and its module."""
    home = ""
    for line in lines:
        if line.startswith("    from ") and line.endswith(" import ("):
            home = line.split()[1]
        elif line.startswith("    from ") and " import " in line:
            yield line.split()[3], line.split()[1]
        elif line == "    )":
            home = ""
        elif home:
            yield line.split()[0], home


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Sort CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
