"""Generators whose body runs in a span: it is current while the body runs, and not in between.

Everything is passed on: items, what is sent and thrown, the end, and the return value.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace

Start = Callable[[Any, Any], trace.Span]


def _in(span: trace.Span) -> AbstractContextManager[trace.Span]:
    """Make the span current, and no more: who owns it sees what leaves the generator."""
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def traced_generator(
    function: Callable[..., Generator[Any, Any, Any]],
    start: Start,
    finish: Callable[[trace.Span, Any], Any],
) -> Callable[..., Any]:
    """Return the generator function in a span that lasts as long as the iteration."""

    @functools.wraps(function)
    def iterate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        step, argument = generator.send, None
        with start(args, kwargs) as span:
            while True:
                with _in(span):
                    try:
                        item = step(argument)
                    except StopIteration as stop:
                        return finish(span, stop.value)
                try:
                    argument = yield item
                    step = generator.send
                except GeneratorExit:
                    with _in(span):
                        generator.close()
                    raise
                except BaseException as error:  # pylint: disable=broad-exception-caught
                    step, argument = generator.throw, error

    return iterate


def traced_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], start: Start
) -> Callable[..., Any]:
    """Return the same of an async generator function, which returns nothing."""

    @functools.wraps(function)
    async def iterate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        step, argument = generator.asend, None
        with start(args, kwargs) as span:
            while True:
                with _in(span):
                    try:
                        item = await step(argument)
                    except StopAsyncIteration:
                        return
                try:
                    argument = yield item
                    step = generator.asend
                except GeneratorExit:
                    with _in(span):
                        await generator.aclose()
                    raise
                except BaseException as error:  # pylint: disable=broad-exception-caught
                    step, argument = generator.athrow, error

    return iterate
