"""The batch processor in Python: for exporters that are written in Python.

Those that the core has need none of this, and no thread of Python's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from typing import Any

from opentelemetry import context as context_api

from .processors import SpanProcessor
from .repeated import say

_QUEUE_SIZE = 2048
_BATCH_SIZE = 512
_DELAY_MS = 5000


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    return int(text) if text.isdecimal() and int(text) > 0 else default


class BatchSpanProcessor(SpanProcessor):
    """Exports ended spans in batches, on a thread that starts with the first one.

    The newest is dropped when the queue is full. A forked child begins with an empty queue and a
    thread of its own: what waited is its parent's.
    """

    def __init__(self, span_exporter: Any) -> None:
        self.span_exporter = span_exporter
        self._queue_size = _number("OTEL_BSP_MAX_QUEUE_SIZE", _QUEUE_SIZE)
        self._batch_size = min(
            _number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", _BATCH_SIZE), self._queue_size
        )
        self._delay = _number("OTEL_BSP_SCHEDULE_DELAY", _DELAY_MS) / 1000
        self._begin()

    def _begin(self) -> None:
        """Have nothing: in a new process too, where the parent's lock may be held for ever."""
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._queue: deque[Any] = deque()
        self._thread: threading.Thread | None = None
        self._put_count = self._settled_count = self._failed_count = 0
        self._dropped = {"dropped_full": 0, "dropped_memory": 0, "dropped_closed": 0}
        self._flush_count = 0  # up to which span somebody waits for
        self._is_shut_down = False

    def _enter_process(self) -> None:
        if self._process != os.getpid():
            self._begin()

    def on_end(self, span: Any) -> None:
        """Queue a sampled span."""
        if not span.context.trace_flags.sampled:
            return
        self._enter_process()
        reason = self._put(span)
        if reason:  # said without the lock: another thread's log handler may be ending a span
            say(logging.WARNING, "batch full", f"A span was dropped: {reason}")

    def stats(self) -> dict[str, int]:
        """Return the counters of `TracerProvider.stats()`, of this exporter."""
        self._enter_process()
        with self._changed:
            queued = len(self._queue)
            return {
                "ended": self._put_count + sum(self._dropped.values()),
                "queued": queued,
                "in_flight": self._put_count - self._settled_count - queued,
                "exported": self._settled_count - self._failed_count,
                **self._dropped,
                "rejected": 0,
                "failed": self._failed_count,
            }

    def _lost_count(self) -> int:
        return self._failed_count + sum(self._dropped.values())

    def _put(self, span: Any) -> str:
        """Queue a span; return why not, if not."""
        with self._changed:
            counter, reason = self._obstacle()
            if counter:
                self._dropped[counter] += 1
                return reason
            self._queue.append(span)
            self._put_count += 1
            if len(self._queue) >= self._batch_size:
                self._changed.notify_all()
            return ""

    def _obstacle(self) -> tuple[str, str]:
        """Return what counts it and what it is, if there is one; and start the thread."""
        if self._is_shut_down:
            return "dropped_closed", "the queue is shut"
        if len(self._queue) >= self._queue_size:
            return "dropped_full", "the queue is full"
        if self._thread is not None:
            return "", ""
        thread = threading.Thread(target=self._work, name="impact-batch", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # too many, or the interpreter ends
            return "dropped_memory", str(error)
        self._thread = thread
        return "", ""

    def force_flush(self, timeout_millis: float = 30000) -> bool:
        """Export what has ended before the call. True: it was exported, all of it."""
        self._enter_process()
        with self._changed:
            lost_count = self._lost_count()
            wanted = self._put_count
            self._flush_count = max(self._flush_count, wanted)
            self._changed.notify_all()
            is_settled = self._changed.wait_for(
                lambda: self._settled_count >= wanted, timeout_millis / 1000
            )
            return is_settled and self._lost_count() == lost_count

    def shutdown(self, timeout_millis: float = 30000) -> None:
        """Export what is left, and stop."""
        deadline = time.monotonic() + timeout_millis / 1000
        self._enter_process()
        with self._changed:
            self._is_shut_down = True
        self.force_flush(timeout_millis)
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(max(deadline - time.monotonic(), 0))
        self.span_exporter.shutdown()

    def _is_due(self) -> bool:
        is_wanted = self._flush_count > self._settled_count and bool(self._queue)
        return is_wanted or len(self._queue) >= self._batch_size or self._is_shut_down

    def _work(self) -> None:
        """Export until the end. The exporter's own requests are not traced."""
        context_api.attach(context_api.set_value(context_api._SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, self._delay)
                count = min(len(self._queue), self._batch_size)
                batch = [self._queue.popleft() for _ in range(count)]
                if not batch and self._is_shut_down:
                    return
            if batch:
                is_exported = self._export(batch)
                with self._changed:
                    self._settled_count += len(batch)
                    self._failed_count += 0 if is_exported else len(batch)
                    self._changed.notify_all()

    def _export(self, batch: list[Any]) -> bool:
        try:
            result = self.span_exporter.export(batch)
        except Exception as error:  # pylint: disable=broad-exception-caught
            say(logging.ERROR, "batch export", "A span exporter failed", error)
            return False
        return getattr(result, "name", None) == "SUCCESS"
