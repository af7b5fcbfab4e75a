"""What may hang is tried on a thread that can be left behind: a check that never returned would
never be run again."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Attempts:
    """Tries with a time limit, of which only so many may hang at once.

    One that was left behind goes on, and what it returns is lost.
    """

    def __init__(self, limit: int) -> None:
        self._places = threading.BoundedSemaphore(limit)

    def within(self, seconds: float, function: Callable[[], Result]) -> Result:
        """Return what the function does; a TimeoutError when it takes longer.

        A TimeoutError at once, too, where as many hang already as may.
        """
        if not self._places.acquire(blocking=False):
            raise TimeoutError("earlier attempts have not ended")
        attempt = _Attempt(function, self._places.release)
        attempt.start()
        attempt.join(seconds)
        result: Result = attempt.result()
        return result


class _Attempt(threading.Thread):
    """One try, in a copy of the caller's context."""

    def __init__(self, function: Callable[[], Any], done: Callable[[], None]) -> None:
        super().__init__(name="health attempt", daemon=True)
        self._function = function
        self._done = done
        self._context = contextvars.copy_context()
        self._result: Any = None
        self._error: BaseException | None = TimeoutError("it has not ended in time")

    def run(self) -> None:
        try:
            self._result = self._context.run(self._function)
            self._error = None
        except BaseException as error:
            self._error = error
        finally:
            self._done()

    def result(self) -> Any:
        """Return what came of it until now."""
        if self._error is not None:
            raise self._error
        return self._result
