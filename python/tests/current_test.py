"""The blocks of start_as_current_span and use_span, beside those of opentelemetry-api."""

import asyncio
import contextvars
import gc
import inspect
import logging
import weakref

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from conftest import attributes_of, exported_spans
from impact_stack.observability.tracing import use_span

BLOCKS = {"the API's": trace.use_span, "ours": use_span}


class Recorder(NonRecordingSpan):
    """A span of somebody else's that writes down what it is told."""

    def __init__(self):
        super().__init__(SpanContext(7, 9, False, TraceFlags(1)))
        self.calls = []

    def is_recording(self):
        """Record."""
        return True

    def record_exception(self, exception, *args, **kwargs):
        """Write down the exception."""
        self.calls.append(("record_exception", exception, args, kwargs))

    def set_status(self, status, description=None):
        """Write down the status."""
        self.calls.append(("set_status", status.status_code, status.description, description))

    def end(self, end_time=None):
        """Write down the end, and which span is current then."""
        self.calls.append(("end", end_time, trace.get_current_span()))


ERROR = ValueError("bad")
LEAVING = [None, ERROR, StopIteration(5), GeneratorExit(), SystemExit(3), KeyboardInterrupt()]


def calls_of(block, leaving, *arguments):
    """Return what a span is told when its block is left so."""
    span = Recorder()
    with pytest.raises(type(leaving)) if leaving else context_as_it_was(), block(span, *arguments):
        assert trace.get_current_span() is span
        if leaving:
            raise leaving
    return span.calls


class context_as_it_was:  # pylint: disable=invalid-name
    """Check that the Context is the same afterwards."""

    def __enter__(self):
        self.context = context_api.get_current()

    def __exit__(self, *exception):
        assert context_api.get_current() is self.context


@pytest.mark.parametrize("leaving", LEAVING, ids=repr)
@pytest.mark.parametrize("arguments", [(), (True,), (True, False), (True, True, False)])
def test_a_block_tells_its_span_what_the_apis_does(leaving, arguments):
    """Whatever leaves it, whatever was asked for."""
    assert calls_of(use_span, leaving, *arguments) == calls_of(trace.use_span, leaving, *arguments)


@pytest.mark.parametrize("name", BLOCKS)
def test_names_of_the_arguments_are_the_apis(name):
    """Both are called by keyword."""
    span = Recorder()
    with (
        pytest.raises(ValueError),
        BLOCKS[name](
            span=span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ),
    ):
        raise ERROR
    assert span.calls == [("end", None, trace.INVALID_SPAN)]


def test_other_values_of_the_context_stay(tracer):
    """A block changes the span and nothing else."""
    token = context_api.attach(context_api.set_value("colour", "green"))
    with tracer.start_as_current_span("a") as span:
        assert context_api.get_value("colour") == "green"
        context = context_api.get_current()
        assert type(context) is context_api.Context
        with tracer.start_as_current_span("b"):
            pass
        assert context_api.get_current() is context
        assert trace.get_current_span() is span
    assert trace.get_current_span() is trace.INVALID_SPAN
    context_api.detach(token)


def test_a_block_starts_its_span_when_it_is_entered(tracer, provider):
    """So that one that is never entered makes none, and one entered twice in turn makes two."""
    tracer.start_as_current_span("never")
    block = tracer.start_as_current_span("a")
    with block as first:
        pass
    with block as second:
        pass
    assert first is not second
    assert set(exported_spans(provider)) == {"a"}
    assert provider.stats()["ended"] == 2


def test_a_block_is_not_entered_inside_itself(tracer):
    """It is one block: two need two."""
    block = tracer.start_as_current_span("a")
    with block as span, pytest.raises(RuntimeError, match="entered already"), block:
        pass
    assert not span.is_recording()


def test_a_block_that_is_left_twice_ends_once(tracer, provider):
    """The second time does nothing."""
    block = tracer.start_as_current_span("a")
    with block:
        assert block.__exit__(None, None, None) is False
    assert provider.stats()["ended"] == 1


def test_a_decorator_starts_a_span_for_each_call(tracer, provider):
    """Also where calls overlap, as in a recursion and in tasks."""

    @tracer.start_as_current_span("fall")
    def fall(depth):
        """Fall."""
        span = trace.get_current_span()
        return [span, *fall(depth - 1)] if depth else [span]

    @tracer.start_as_current_span("wait")
    async def wait():
        await asyncio.sleep(0)
        return trace.get_current_span()

    async def both():
        return await asyncio.gather(wait(), wait())

    spans = [*fall(3), *asyncio.run(both())]
    assert len({span.get_span_context().span_id for span in spans}) == 6
    assert fall.__name__ == "fall" and fall.__doc__ == "Fall."
    assert inspect.iscoroutinefunction(wait)
    assert provider.stats()["ended"] == 6


@pytest.mark.parametrize("name", BLOCKS)
def test_use_span_decorates(name):
    """Each call is in the same span."""
    span = Recorder()
    assert BLOCKS[name](span)(trace.get_current_span)() is span


def test_an_async_call_is_in_its_span_until_it_returns(tracer, provider):
    """And what leaves it is recorded."""

    @tracer.start_as_current_span("fails")
    async def fails():
        await asyncio.sleep(0)
        raise ERROR

    with pytest.raises(ValueError):
        asyncio.run(fails())
    exported = exported_spans(provider)["fails"]
    assert exported.status.message == "ValueError: bad"
    assert attributes_of(exported.events[0])["exception.type"] == "ValueError"


def test_a_generator_that_is_closed_elsewhere_ends_its_span_in_silence(tracer, provider, caplog):
    """Its Context is not the closer's: there is nothing to restore, and no line to log."""

    def stream():
        with tracer.start_as_current_span("stream"):
            yield 1
            yield 2

    with caplog.at_level(logging.DEBUG):
        generator = stream()
        contextvars.copy_context().run(next, generator)
        generator.close()
    assert exported_spans(provider)["stream"].status.code == StatusCode.UNSET.value
    assert caplog.records == []
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_what_a_span_raises_does_not_hide_the_exception(caplog):
    """The host's own exception is the one that arrives."""

    class Broken(Recorder):
        def record_exception(self, exception, *args, **kwargs):
            raise RuntimeError("the span is broken")

    span = Broken()
    with pytest.raises(ValueError), use_span(span, True):
        raise ERROR
    assert [call[0] for call in span.calls] == ["end"]
    assert caplog.messages == ["An exception cannot be recorded in its span"]


def test_what_is_no_span_can_be_made_current():
    """As with the API, which then finds no span."""
    with use_span(5):
        assert trace.get_current_span() is trace.INVALID_SPAN
    with pytest.raises(ValueError), use_span(5):
        raise ERROR


@pytest.mark.parametrize(
    "arguments", [{}, {"name": "x", "colour": 1}, {"name": "x", "names": 1}], ids=str
)
def test_wrong_arguments_raise_at_the_call(tracer, arguments):
    """Not when the block is entered."""
    with pytest.raises(TypeError):
        tracer.start_as_current_span(**arguments)


def test_a_block_that_holds_itself_is_collected(tracer):
    """Its arguments may lead back to it."""

    class Links(list):
        pass

    links = Links()
    links.append(tracer.start_as_current_span("a", links=links))
    reference = weakref.ref(links)
    del links
    gc.collect()
    assert reference() is None
