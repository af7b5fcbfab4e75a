"""How the spans that wait survive the end of a process, however it ends.

DESIGN: an interpreter that ends in good order runs `atexit`. Three kinds of process do not, and
nobody shall need a hook for them:

- Children of multiprocessing, and of billiard, leave by `os._exit`. Before it both run what was
  given to `util.Finalize`; what was given before the child ran its own code they forget. So each
  child is told anew, by `util.register_after_fork`.
- The prefork workers of Celery, which are such children, leave by `os._exit` without that; but they
  send `worker_process_shutdown`.
- A process that SIGTERM kills. A signal handler is the program's own affair: there is one only
  where it is asked for, and in the children of a Pool of multiprocessing, which ends them so at the
  end of its `with` block; and only where nobody else has one. Python's handlers run when the main
  thread is at Python code; where it is not, the core does what the handler would
  (`_core/sigterm.c`).

These libraries are not imported here: they are looked for where they may have come since, when a
provider is made and in each forked child.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import sys
import threading
import time
from typing import Any, Protocol

from .. import _core, logger

TIMEOUT_MS = 5000
"""That long an end is held up at most, by all providers together."""

_LIBRARIES = ("multiprocessing", "billiard")
_LAST = -(2**31)
"""The priority of what is to come after all other finalizers, which may make spans."""


class _Provider(Protocol):
    def shutdown(self, timeout_millis: int, /) -> object: ...

    def force_flush(self, timeout_millis: int, /) -> object: ...


class _Ending:
    """Whether an end is under way, and the signals that have come into it."""

    is_under_way = False

    def __init__(self) -> None:
        self.signals: list[int] = []


_providers: set[Any] = set()
_told: set[str] = set()
_ending = _Ending()


def shutdown_at_exit(provider: _Provider) -> None:
    """Export what is left when the process ends, within five seconds for all providers.

    Until then the provider is held, as by opentelemetry-sdk: its spans may be waiting yet.
    """
    _providers.add(provider)
    atexit.unregister(_core.insist)  # what was registered before the last provider was made comes
    # after it, as with opentelemetry-sdk. A server's handlers of signals raise SystemExit, which is
    # of no interest any more.
    atexit.register(_core.insist, _shut_down, SystemExit)
    _tell_libraries()


def forget(provider: _Provider) -> None:
    """Do not: it was shut down."""
    _providers.discard(provider)


def _shut_down() -> None:
    _ending.is_under_way = True
    _core.sigterm_leave_to_python(True)
    try:
        _shut_all_down()
    finally:
        _ending.is_under_way = False
        _core.sigterm_leave_to_python(False)
    while _ending.signals:
        os.kill(os.getpid(), _ending.signals.pop())


def _shut_all_down() -> None:
    """Shut all down that were not. What interrupts this has it called again: see `insist`."""
    end = time.monotonic() + TIMEOUT_MS / 1000
    for provider in list(_providers):
        left = max(end - time.monotonic(), 0) / len(_providers)
        try:
            provider.shutdown(int(left * 1000))
        except Exception:  # pylint: disable=broad-exception-caught
            logger.exception("A provider cannot be shut down")
        forget(provider)


# ---- children that leave by os._exit ----


def _tell_libraries() -> None:
    """Have the libraries that are here say when a child of theirs ends."""
    for library in _LIBRARIES:
        process = sys.modules.get(f"{library}.process")
        if process is None:
            continue
        util = importlib.import_module(f"{library}.util")  # billiard imports it in the child only
        if library not in _told:
            _told.add(library)
            util.register_after_fork(_finalize_in_child, lambda finalize, util=util: finalize(util))
        if type(process.current_process()).__name__ != "_MainProcess":
            _finalize_in_child(util)
        _be_in_pool(library)
    signals = sys.modules.get("celery.signals")
    if signals is not None and "celery" not in _told:
        _told.add("celery")
        signals.worker_process_shutdown.connect(
            _on_worker_process_shutdown, weak=False, dispatch_uid=__name__
        )


def _finalize_in_child(util: Any) -> None:
    util.Finalize(None, _core.insist, args=(_shut_down,), exitpriority=_LAST)
    _be_in_pool(util.__name__.partition(".")[0])


def _be_in_pool(library: str) -> None:
    """Export at the signal that ends a child of a Pool, if this is one. Celery sends its own."""
    process = sys.modules[f"{library}.process"]
    if library == "multiprocessing" and "PoolWorker" in process.current_process().name:
        flush_on_sigterm()


def _on_worker_process_shutdown(**_: Any) -> None:
    _core.insist(_shut_down)


os.register_at_fork(after_in_child=_tell_libraries)


# ---- SIGTERM ----


def is_flush_on_sigterm_asked_for() -> bool:
    """Whether the environment asks for it, where no configuration says anything."""
    return os.environ.get("TRACING_FLUSH_ON_SIGTERM", "").strip().lower() == "true"


def flush_on_sigterm() -> None:
    """Export what is left when SIGTERM ends the process, which has its default action yet.

    It ends as it would have: of the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        logger.warning("SIGTERM can only be handled from the main thread: spans may be lost")
    elif signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and _core.sigterm_is_default():
        signal.signal(signal.SIGTERM, _end_of_signal)
        _watch()


def _watch() -> None:
    """Have the core look for the signal; a forked child has none of its parent's threads."""
    if signal.getsignal(signal.SIGTERM) is _end_of_signal:
        _core.sigterm_watch()


os.register_at_fork(after_in_child=_watch)


def _end_of_signal(number: int, _frame: Any) -> None:
    if signal.getsignal(number) is not _end_of_signal:
        # A later handler has called this one, and decides what comes next.
        for provider in list(_providers):
            provider.force_flush(TIMEOUT_MS)
        return
    if _ending.is_under_way:
        # A pool tells its children to end, and sends them the signal, in one moment.
        _ending.signals.append(number)
        return
    _core.insist(_shut_down)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
