"""Reads the docstrings of this library: single backticks are names, and a name has one home.

Docstrings write `name` where reStructuredText wants a role or two backticks. A name that has a place in the reference
becomes a link to it, everything else becomes code. Types in signatures are found by their last word, since they are
documented where users import them from and not where they are written.
"""

import builtins
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any

import attrs
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

import tiktok_async

_NAME = re.compile(r"(?<![`:\w])`([^`\n]+)`(?!`)")
_PUBLIC = frozenset(tiktok_async.__all__)
# Where users import from: what stands there has a page.
_HOMES = frozenset({"tiktok_async", "tiktok_async.emulator", "tiktok_async.stores", "tiktok_async.testing"})
# Libraries whose types appear in signatures; they have pages of their own.
_FOREIGN = frozenset(
    {
        "aiohttp",
        "litestar",
        "mcp",
        "psycopg",
        "psycopg_pool",
        "redis",
        "starlette",
        "streaq",
        "taskiq",
        "taskiq_redis",
        "yarl",
    }
)
_FOREIGN_NAMES = frozenset(
    {
        *("AbstractAsyncContextManager", "ClientTimeout", "HTTPException", "HTTPUnauthorized", "MeterProvider"),
        *("NotAuthorizedException", "TracerProvider"),
    }
)
_PYTHON = "https://docs.python.org/3/library"
_AIOHTTP = "https://docs.aiohttp.org/en/stable"
_STANDARD_TYPES = frozenset({str, bytes, bytearray, memoryview, dict, list, tuple, set, frozenset, range})
# Words in signatures that are no class with a page: type variables and aliases.
_ALIASES = frozenset(
    {"Duration", "Handler", "LimitsMapping", "OnUnsafe", "RedisClient", "Source", "T", "T_co", "UploadSource"}
)
# Nobody makes these by hand: a session gives them, and what they are made of is nobody's business.
_GIVEN = re.compile(r"\b(AccountCredential|Grants|Kept|ResearchCalls|Runtime|PageSource|RawOpener)\b")
# Between napoleon, which takes "Word: text" in the docstring of a property for a type, and the end.
_COLON = "\ue000"


def _link(match: re.Match[str]) -> str:
    words = match[1]
    if words in _PUBLIC:
        return f":py:obj:`~tiktok_async.{words}`"
    return f"``{words}``"


def mend(_app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Turn single backticks into links and code."""
    lines[:] = [
        line if line.lstrip().startswith((">>>", "...")) else _NAME.sub(_link, line).replace(_COLON, ":")
        for line in lines
    ]


def hide_colons(_app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Keep a colon in the first line of an attribute's docstring from napoleon."""
    if what in {"attribute", "data", "property"} and lines:
        lines[0] = lines[0].replace(":", _COLON)


def hide_makers(
    _app: Sphinx, what: str, _name: str, _obj: object, _options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Show no arguments for what a session makes."""
    return ("", returns) if what == "class" and signature and _GIVEN.search(signature) else None


def show_defaults(
    _app: Sphinx, _what: str, _name: str, obj: object, _options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Show the defaults of an attrs class: the source of its `__init__`, which Sphinx reads, names only their place."""
    if signature is None or not (isinstance(obj, type) and attrs.has(obj)):
        return None
    for field in attrs.fields(obj):
        signature = signature.replace(f"attr_dict[{field.name!r}].default", _source_of(field.default))
        made = re.compile(rf"\b({field.alias}: [^=]*= )NOTHING\b")
        if isinstance(field.default, attrs.Factory) and not field.default.takes_self:  # type: ignore[arg-type]  # typed as a function
            signature = made.sub(partial(_with_default, text=_source_of(field.default.factory())), signature)
    if "attr_dict[" in signature:
        raise ValueError(f"a default of {obj.__name__} would be shown as its place: {signature}")
    return signature, returns


def _with_default(match: re.Match[str], text: str) -> str:
    return match[1] + text


def _source_of(value: object) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, timedelta):
        return f"timedelta(seconds={value.total_seconds():g})"
    if isinstance(value, frozenset) and value:
        return f"frozenset({{{', '.join(sorted(map(_source_of, value)))}}})"
    if attrs.has(type(value)) and value == type(value)():
        return f"{type(value).__name__}()"
    return repr(value).replace("datetime.", "")


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.Element | None:
    """Find a type by its last word; those of Python and aiohttp are links to their pages, the others plain words."""
    if node.get("refdomain") != "py":
        return None
    target: str = node["reftarget"]
    head, _, last = target.rpartition(".")
    root = target.partition(".")[0]
    for name, entry in _documented(env, last):
        if entry.objtype in {"class", "exception", "function", "method", "attribute", "property", "data"}:
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, name)
    if target.startswith("<class "):  # the `repr` of a type that a generic alias held
        return content
    if not head:
        known = hasattr(builtins, last) or last in _ALIASES | _FOREIGN_NAMES
    else:
        # A class of ours that users cannot import is named in a signature, and has no page.
        known = root in sys.stdlib_module_names | _FOREIGN or (root.startswith("tiktok_async") and head not in _HOMES)
    if not known:
        return content if last in _ALIASES else None
    page = _foreign_page(target)
    return content if page is None else nodes.reference("", "", content, internal=False, refuri=page)


def _foreign_page(target: str) -> str | None:
    """Return where Python or aiohttp documents *target*. There is no inventory to ask: these pages build offline."""
    module, _, name = target.rpartition(".")
    if module == "aiohttp":
        return f"{_AIOHTTP}/client_reference.html#{target}"
    if module == "aiohttp.web":
        return f"{_AIOHTTP}/web_reference.html#{target}"
    if module and module.partition(".")[0] in sys.stdlib_module_names and not module.startswith("_"):
        return f"{_PYTHON}/{module}.html#{target}"
    found = getattr(builtins, name, None) if not module else None
    if not isinstance(found, type):
        return None
    if issubclass(found, BaseException):
        return f"{_PYTHON}/exceptions.html#{name}"
    return f"{_PYTHON}/{'stdtypes' if found in _STANDARD_TYPES else 'functions'}.html#{name}"


def _documented(env: BuildEnvironment, last: str) -> Iterator[tuple[str, Any]]:
    objects: dict[str, Any] = env.domaindata["py"]["objects"]
    for name, entry in objects.items():
        if name.startswith("tiktok_async") and name.rpartition(".")[2] == last:
            yield name, entry


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    # Before and after napoleon, which listens at the usual 500.
    app.connect("autodoc-process-docstring", hide_colons, priority=400)
    app.connect("autodoc-process-docstring", mend, priority=600)
    # Sphinx takes the first answer.
    app.connect("autodoc-process-signature", hide_makers)
    app.connect("autodoc-process-signature", show_defaults)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
