"""Where the checks of a request run: on the core's threads, as greenlets, or on its own thread.

DESIGN: the core runs checks on threads of its own, and waits for them. A place changes both: `wait`
makes the core wait elsewhere, so that the request's greenlet or thread is free, and `run`, called
on a thread of the core, hands the check to it. The core's thread waits for the check on a lock that
nobody has patched; for the core nothing is different.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
Job = Callable[[], None]


GONE = "the request has gone"


class OwnThreads:
    """The core's threads: the check runs where it is asked for."""

    is_over = False  # nothing can be run here any more

    def wait(self, call: Callable[[], Result]) -> Result:
        """Make the call here."""
        return call()

    def run(self, check: Callable[[], str | None]) -> str | None:
        """Run the check here."""
        return check()


def place_of_request(is_inline: bool) -> OwnThreads:
    """Return the place for the checks of the request that is handled here."""
    if _is_gevent_patched():
        return Greenlets()
    return RequestThread() if is_inline else OwnThreads()


def _is_gevent_patched() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class Handed:
    """A check that one thread runs for another."""

    def __init__(self, check: Callable[[], str | None], make_lock: Callable[[], Any]) -> None:
        self._check = check
        self._result: str | None = None
        self._lock = make_lock()
        self._lock.acquire()

    def run(self) -> None:
        """Run it, and let the other go on."""
        try:
            self._result = self._check()
        finally:
            self._lock.release()

    def result(self) -> str | None:
        """Wait for the result."""
        with self._lock:
            return self._result


class Greenlets(OwnThreads):
    """Under gevent: the core waits on a thread of the hub's pool, the checks are greenlets."""

    def __init__(self) -> None:
        self._gevent: Any = importlib.import_module("gevent")
        self._monkey: Any = importlib.import_module("gevent.monkey")
        self._hub = self._gevent.get_hub()

    def wait(self, call: Callable[[], Result]) -> Result:
        """Let other greenlets run meanwhile."""
        result: Result = self._hub.threadpool.apply(call)
        return result

    def run(self, check: Callable[[], str | None]) -> str | None:
        """Run the check as a greenlet beside the request's."""
        handed = Handed(check, self._monkey.get_original("_thread", "allocate_lock"))
        self._hub.loop.run_callback_threadsafe(self._gevent.spawn, handed.run)
        return handed.result()


class RequestThread(OwnThreads):
    """The request's own thread: one check after the other, and one that hangs holds the request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed: SimpleQueue[Handed | None] = SimpleQueue()
        self.is_over = False

    def wait(self, call: Callable[[], Result]) -> Result:
        """Run what is handed over until the core has its answer."""
        results: list[Result] = []
        threading.Thread(target=self._wait, args=(call, results), daemon=True).start()
        while (handed := self._handed.get()) is not None:
            handed.run()
        return results[0]

    def _wait(self, call: Callable[[], Result], results: list[Result]) -> None:
        try:
            results.append(call())
        finally:
            with self._lock:
                self.is_over = True
                self._handed.put(None)

    def run(self, check: Callable[[], str | None]) -> str | None:
        """Have the request's thread run it; `GONE` when it is not there any more."""
        handed = Handed(check, threading.Lock)
        with self._lock:
            if self.is_over:
                return GONE
            self._handed.put(handed)
        return handed.result()
