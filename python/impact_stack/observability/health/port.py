"""The health paths on a port of their own, which the core serves.

DESIGN: the core answers without the interpreter, so also while every worker is busy or the GIL is
held. What it answers with is its registry; a thread brings that in line with the app every second,
which is the interpreter's sign of life to it, and takes the port when another process of the same
app has let it go. The check "interpreter" needs the GIL and nothing else: while it cannot have it,
the answer names it among `pending_checks`, with the time since it last had, to the second: it is
run at least as often, whether somebody asks or not.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

from .. import logger

if TYPE_CHECKING:
    from .answers import Answers

INTERVAL_SECONDS = 1.0


class Port:
    """The port of one app's answers; it goes when they go."""

    def __init__(self, answers: Answers, address: str) -> None:
        self._answers = weakref.ref(answers)
        self._address = address
        self._is_said = False
        self._listening_process = 0  # a forked child does not listen
        self._is_over = threading.Event()
        weakref.finalize(answers, self._is_over.set)

    def open(self) -> None:
        """Listen, now or when the port is free; what can never be is an error at once."""
        self.beat()
        self._start()
        os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        if not self._is_over.is_set():
            threading.Thread(target=self._run, name="health port", daemon=True).start()

    def _run(self) -> None:
        while not self._is_over.wait(INTERVAL_SECONDS):
            try:
                self.beat()
            except Exception:
                logger.exception("The health port is not up to date")

    def beat(self) -> None:
        """Show the core the checks of this moment, and listen if nobody does."""
        answers = self._answers()
        if answers is None:
            return
        registry = answers.current_registry()
        if self._listening_process == os.getpid():
            answers.look_at_interpreter()
            return
        try:
            port = registry.listen(self._address)
        except OSError:
            self._say_that_it_is_taken()
        else:
            self._listening_process = os.getpid()
            logger.info("Health answers on %s", f"port {port}" if port else self._address)

    def _say_that_it_is_taken(self) -> None:
        if not self._is_said:
            self._is_said = True
            logger.info(
                "%s cannot be had: it is another's, or not this machine's; it is tried again",
                self._address,
            )
