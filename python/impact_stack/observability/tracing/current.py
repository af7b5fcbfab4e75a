"""The current span: what its block does that is rare, and how it becomes a decorator.

The block itself is in C (`_core/current.c`).
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

from .. import _core, logger

use_span = _core.use_span


def record_error(
    span: trace.Span, error: Exception, records_exception: bool, sets_status: bool
) -> None:
    """Say in the span that an exception has left its block, which goes on whatever happens here."""
    try:
        if not isinstance(span, trace.Span) or not span.is_recording():
            return
        if records_exception:
            span.record_exception(error)
        if sets_status:
            description = f"{type(error).__name__}: {error}"
            span.set_status(trace.Status(trace.StatusCode.ERROR, description))
    except Exception:  # pylint: disable=broad-exception-caught
        logger.exception("An exception cannot be recorded in its span")


def decorate(manager: _core.CurrentSpan, function: Callable[..., Any]) -> Callable[..., Any]:
    """Run each call of the function, or of the coroutine function, in a block of its own."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with manager._again():
            return function(*args, **kwargs)

    @functools.wraps(function)
    async def call_async(*args: Any, **kwargs: Any) -> Any:
        with manager._again():
            return await function(*args, **kwargs)

    return call_async if inspect.iscoroutinefunction(function) else call


def context_functions() -> dict[str, Callable[..., Any]]:
    """Return the fastest functions that read, set and restore the current Context.

    The variable is used directly only where the runtime context is the API's own; it may be
    replaced (OTEL_PYTHON_CONTEXT).
    """
    runtime = context_api._RUNTIME_CONTEXT
    if type(runtime) is ContextVarsRuntimeContext:
        variable = runtime._current_context
        return {
            "current_context": variable.get,
            "attach_context": variable.set,
            "detach_context": variable.reset,
        }
    return {
        "current_context": context_api.get_current,
        "attach_context": context_api.attach,
        "detach_context": context_api.detach,
    }
