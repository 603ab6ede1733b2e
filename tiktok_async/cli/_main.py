"""One run of the command line: from its arguments to an exit code."""

import inspect
import os
import sys
import traceback
from collections.abc import Coroutine, Sequence
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console

from tiktok_async.cli import commands
from tiktok_async.cli._help import HELP, asks_for_help, show_first_page, summaries
from tiktok_async.cli._logs import log_to_stderr
from tiktok_async.cli._text import for_terminal, prepare_streams, printable
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, TikTokError, scrub

_OK = 0
_FAILED = 1
_USAGE = 2
_REAUTHORIZE = 3
_INTERRUPTED = 130

# An option -> how much it raises the log level.
_LOG_WORDS = {"--debug": 0, "--verbose": 1, "-v": 1, "-vv": 2, "-vvv": 3}
_LOGGING = Group("Logging", sort_key=100)  # below the command's own options


def build() -> App:
    """Make the command line from the modules in `commands`; each has a `command`, a function or an `App`.

    A module is loaded only when its command is used: `--help` reads the first line of each docstring from the source.
    """
    app = App(
        name="tiktok-async",
        help=HELP,
        help_format="plaintext",
        # Titles and real open_ids may begin with a hyphen. Options are recognized by their names.
        default_parameter=Parameter(allow_leading_hyphen=True),
        version=_version,
        error_console=Console(stderr=True),
        suppress_keyboard_interrupt=False,
    )
    for name, summary in summaries().items():
        app.command(f"{commands.__name__}.{name.replace('-', '_')}:command", name=name, help=summary)
    app.command(
        "tiktok_async.cli._completion:command",
        name="--install-completion",
        help="Install the completion of commands and options for bash, zsh or fish.",
    )
    return app


def _version() -> str:
    from importlib.metadata import version

    return version("tiktok-async")


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: The arguments after the program's name.

    Returns:
        The exit code: 0 ok, 1 failed, 2 usage, 3 reauthorization needed, 130 interrupted.
    """
    code = _OK
    if asks_for_help(arguments):
        show_first_page()
        return code
    prepare_streams()
    try:
        _dispatch(build(), arguments)
    except KeyboardInterrupt:
        code = _INTERRUPTED
        _write_error("interrupted")
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe. Nothing more may be written, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001 - whatever it is, a person at a terminal gets a line and not a traceback
        if "--debug" in arguments:
            sys.stderr.write(scrub(traceback.format_exc()))
        code, message = _explain(error, arguments)
        _write_error(message)
    return code


def _await(command: Coroutine[Any, Any, object]) -> None:
    import asyncio

    from tiktok_async.cli._signals import until_terminated

    try:
        asyncio.run(until_terminated(command))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _help_of(arguments: Sequence[str]) -> str:
    """Return the help command for the command that was typed, or the general one if there is no such command."""
    words = [word for word in arguments if not word.startswith("-")][:1]
    known = [word for word in words if word in build()]
    return " ".join(["tiktok-async", *known, "--help"])


def _explain(error: Exception, arguments: Sequence[str]) -> tuple[int, str]:
    """Return the exit code of *error*, and the message for the user."""
    match error:
        case CycloptsError():
            return _USAGE, f"{error}\nSee: {_help_of(arguments)}"
        case ConfigurationError():
            return _USAGE, for_terminal(str(error))
        case ReauthorizationRequired():
            return _REAUTHORIZE, for_terminal(str(error))
        case TikTokError() | ImportError():
            return _FAILED, for_terminal(str(error))
        case _:
            return _FAILED, f"{type(error).__name__}: {error}\nMore: --debug"


def _write_error(message: str) -> None:
    sys.stderr.write(f"tiktok-async: {printable(scrub(message))}\n")


def _dispatch(app: App, arguments: Sequence[str]) -> None:
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        verbose: Annotated[
            int, Parameter(name=("--verbose", "-v"), count=True, negative="", show_default=False, group=_LOGGING)
        ] = 0,
        debug: Annotated[bool, Parameter(negative="", show_default=False, group=_LOGGING)] = False,
    ) -> None:
        """Run the command in *tokens*.

        Args:
            tokens: The command and its arguments.
            verbose: Log to standard error: -v requests and refreshes, -vv all of this library, -vvv everything.
            debug: Show the traceback of an error.
        """
        del debug  # read from the raw arguments, since it must also work if they cannot be parsed
        # After a command's name, they would be taken for an open_id, which may begin with a hyphen.
        words = [token for token in tokens if token not in _LOG_WORDS]
        log_to_stderr(verbose + sum(_LOG_WORDS.get(token, 0) for token in tokens))
        command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        result: Any = command(*bound.args, **bound.kwargs)
        if inspect.iscoroutine(result):
            _await(result)
        sys.stdout.flush()

    app.meta.default(launch)
    app.meta.suppress_keyboard_interrupt = False
    app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
