"""new_span: a decorator that runs a function in a span of its own."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, overload

from opentelemetry import trace

from .iteration import traced_async_generator, traced_generator

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

    Of a generator, sync or async, the span lasts as long as the iteration, and is current in its
    body only: not where its items are used.

    `args_as` maps names of arguments, and `return_value_as` the return value, to the key of an
    attribute, or to a function that makes attributes of the value. With
    `unwrap_attributes_from_return_value` the function returns a pair: what its caller gets, and
    attributes.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        traced = _Traced(function, name, args_as or {}, return_value_as, tracer_provider)
        traced.unwraps = unwrap_attributes_from_return_value
        return traced.wrapper()

    return decorate


class _Traced:
    """A function whose calls are spans, and what these are to say."""

    unwraps = False

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        args_as: Mapping[str, AttributeSource],
        return_value_as: AttributeSource | None,
        tracer_provider: trace.TracerProvider | None,
    ) -> None:
        self.function = function
        self.name = name
        self.args_as = args_as
        self.return_value_as = return_value_as
        self.tracer_provider = tracer_provider
        self.signature = inspect.signature(function) if args_as else None

    @functools.cached_property
    def tracer(self) -> trace.Tracer:
        """Asked for at the first call: the process may have no provider yet."""
        return trace.get_tracer(self.function.__module__, tracer_provider=self.tracer_provider)

    def wrapper(self) -> Callable[..., Any]:
        """Return the function that is called in its place, of the same kind."""
        if inspect.isgeneratorfunction(self.function):
            return traced_generator(self.function, self.start, self.finish)
        if inspect.isasyncgenfunction(self.function):
            return traced_async_generator(self.function, self.start)
        if inspect.iscoroutinefunction(self.function):
            return self._coroutine_wrapper()
        return self._plain_wrapper()

    def _plain_wrapper(self) -> Callable[..., Any]:
        @functools.wraps(self.function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.tracer.start_as_current_span(self.name) as span:
                self.set_arguments(span, args, kwargs)
                return self.finish(span, self.function(*args, **kwargs))

        return call

    def _coroutine_wrapper(self) -> Callable[..., Any]:
        @functools.wraps(self.function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            with self.tracer.start_as_current_span(self.name) as span:
                self.set_arguments(span, args, kwargs)
                return self.finish(span, await self.function(*args, **kwargs))

        return call

    def start(self, args: Any, kwargs: Any) -> trace.Span:
        """Start the span of an iteration."""
        span = self.tracer.start_span(self.name)
        self.set_arguments(span, args, kwargs)
        return span

    def set_arguments(self, span: trace.Span, args: Any, kwargs: Any) -> None:
        """Set what the arguments say."""
        if self.signature is not None and span.is_recording():
            _set_arguments(span, self.signature, self.args_as, args, kwargs)

    def finish(self, span: trace.Span, result: Any) -> Any:
        """Set what the return value says, and return what the caller gets."""
        if self.unwraps:
            result, attributes = result
            span.set_attributes(attributes)
        if self.return_value_as is not None:
            _set_from(span, self.return_value_as, result)
        return result


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
