"""new_span: a decorator that runs a function in a span of its own."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, overload

from opentelemetry import trace

# An attribute's key, or a function from the value to attributes.
AttributeSource = str | Callable[[Any], Mapping[str, Any]]

Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def new_span(
    name: str,
    unwrap_attributes_from_return_value: Literal[False] = False,
    return_value_as: AttributeSource | None = None,
    args_as: Mapping[str, AttributeSource] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
) -> Callable[[Function], Function]: ...


@overload
def new_span(
    name: str,
    unwrap_attributes_from_return_value: bool,
    return_value_as: AttributeSource | None = None,
    args_as: Mapping[str, AttributeSource] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...


def new_span(
    name: str,
    unwrap_attributes_from_return_value: bool = False,
    return_value_as: AttributeSource | None = None,
    args_as: Mapping[str, AttributeSource] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run each call of a function, or of a coroutine function, in a new current span.

    `args_as` maps names of arguments, and `return_value_as` the return value, to the key of an
    attribute, or to a function that makes attributes of the value. With
    `unwrap_attributes_from_return_value` the function returns a pair: what its caller gets, and
    attributes.
    """

    def finish(span: trace.Span, result: Any) -> Any:
        if unwrap_attributes_from_return_value:
            result, attributes = result
            span.set_attributes(attributes)
        if return_value_as is not None:
            _set_from(span, return_value_as, result)
        return result

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function) if args_as else None

        @functools.cache
        def tracer() -> trace.Tracer:
            return trace.get_tracer(function.__module__, tracer_provider=tracer_provider)

        def set_arguments(span: trace.Span, args: Any, kwargs: Any) -> None:
            if signature is not None and args_as is not None and span.is_recording():
                _set_arguments(span, signature, args_as, args, kwargs)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with tracer().start_as_current_span(name) as span:
                set_arguments(span, args, kwargs)
                return finish(span, function(*args, **kwargs))

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with tracer().start_as_current_span(name) as span:
                set_arguments(span, args, kwargs)
                return finish(span, await function(*args, **kwargs))

        return call_async if inspect.iscoroutinefunction(function) else call

    return decorate


def _set_from(span: trace.Span, source: AttributeSource, value: Any) -> None:
    if callable(source):
        span.set_attributes(source(value))
    else:
        span.set_attribute(source, value)


def _set_arguments(
    span: trace.Span,
    signature: inspect.Signature,
    args_as: Mapping[str, AttributeSource],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """Set what the arguments say. A call that does not fit is left to raise its own error."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return
    bound.apply_defaults()
    for name, source in args_as.items():
        if name in bound.arguments:
            _set_from(span, source, bound.arguments[name])
