"""One run of the command line: from what was typed to an exit code."""

import asyncio
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from tiktok_async.cli import commands
from tiktok_async.cli._logs import log_to_stderr
from tiktok_async.cli._signals import until_terminated
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, TikTokError, scrub

_OK = 0
_FAILED = 1
_USAGE = 2
_REAUTHORIZE = 3
_INTERRUPTED = 130

_HELP = """TikTok's official API from the command line.

The app's keys come from `TIKTOK_CLIENT_KEY` and `TIKTOK_CLIENT_SECRET`. Data goes to standard output, all else to
standard error. Exit codes: 0 ok, 1 failed, 2 usage, 3 the account has to log in again, 130 interrupted.
"""


def build() -> App:
    """Make the command line of what lies in `commands`: each module's `command`, a function or an `App` of several."""
    app = App(
        name="tiktok-async",
        help=_HELP,
        help_format="markdown",
        version=version("tiktok-async"),
        error_console=Console(stderr=True),
        suppress_keyboard_interrupt=False,
    )
    for module in pkgutil.iter_modules(commands.__path__):
        if not module.name.startswith("_"):
            command = import_module(f"{commands.__name__}.{module.name}").command
            app.command(command, name=None if isinstance(command, App) else module.name.replace("_", "-"))
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: What was typed after the program's name.

    Returns:
        The exit code: 0 ok, 1 failed, 2 usage, 3 reauthorization needed, 130 interrupted.
    """
    code = _OK
    try:
        _dispatch(build(), arguments)
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = _INTERRUPTED
        _complain("interrupted")
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Nothing more may be written, not even at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001 - whatever it is, a person at a terminal gets a line and not a traceback
        if "--debug" in arguments:
            sys.stderr.write(scrub(traceback.format_exc()))
        code, message = _explain(error)
        _complain(message)
    return code


def _explain(error: Exception) -> tuple[int, str]:
    """Return the exit code of *error*, and what to tell the person."""
    match error:
        case CycloptsError():
            return _USAGE, f"{error}\nSee: tiktok-async --help"
        case ConfigurationError():
            return _USAGE, str(error)
        case ReauthorizationRequired():
            return _REAUTHORIZE, f"{error}\nHere: tiktok-async login"
        case TikTokError() | ImportError():
            return _FAILED, str(error)
        case _:
            return _FAILED, f"{type(error).__name__}: {error}\nMore: --debug"


def _complain(message: str) -> None:
    sys.stderr.write(f"tiktok-async: {scrub(message)}\n")


def _dispatch(app: App, arguments: Sequence[str]) -> None:
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        verbose: Annotated[int, Parameter(name=("--verbose", "-v"), count=True, negative="", show_default=False)] = 0,
        debug: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    ) -> None:
        """Run the command that *tokens* name.

        Args:
            tokens: The command and its arguments.
            verbose: Log to standard error: -v requests and refreshes, -vv all of this library, -vvv everything.
            debug: Show the traceback of an error.
        """
        del debug  # read from the raw arguments, since it has to hold for those that do not parse, too
        log_to_stderr(verbose)
        command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
        result: Any = command(*bound.args, **bound.kwargs)
        if inspect.iscoroutine(result):
            asyncio.run(until_terminated(result))
        sys.stdout.flush()

    app.meta.default(launch)
    app.meta.suppress_keyboard_interrupt = False
    app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
