"""new_span: functions and coroutine functions in spans of their own."""

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.trace import StatusCode

from conftest import attributes_of, exported_spans
from impact_stack.observability.tracing import new_span


def test_a_call_is_a_span(provider):
    """It is current in the call, and the function is still itself."""

    @new_span("work", tracer_provider=provider)
    def work(number):
        """Return the number and the name of the current span."""
        return number, trace.get_current_span().name

    assert work(5) == (5, "work")
    assert work.__name__ == "work"
    assert "work" in exported_spans(provider)
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    assert data.resource_spans[0].scope_spans[0].scope.name == __name__


def test_arguments_and_return_value_become_attributes(provider):
    """By key or by function; defaults count; what is not there is left out."""

    @new_span(
        "work",
        args_as={"a": "arg.a", "b": lambda b: {"arg.b": b, "arg.b2": b * 2}, "nobody": "x"},
        return_value_as="result",
        tracer_provider=provider,
    )
    def work(a, b=3, *rest, **named):
        return object if rest or named else [a]

    assert work(1) == [1]
    assert attributes_of(exported_spans(provider)["work"]) == {
        "arg.a": 1,
        "arg.b": 3,
        "arg.b2": 6,
        "result": [1],
    }


def test_the_return_value_may_bring_attributes(provider):
    """The caller gets what is beside them."""

    @new_span(
        "work",
        unwrap_attributes_from_return_value=True,
        return_value_as=lambda value: {"result": value},
        tracer_provider=provider,
    )
    def work():
        return 5, {"k": "v"}

    assert work() == 5
    assert attributes_of(exported_spans(provider)["work"]) == {"k": "v", "result": 5}


def test_exceptions_are_recorded_and_raised(provider):
    """Once, with an error status."""

    @new_span("work", tracer_provider=provider)
    def work():
        raise LookupError("lost")

    with pytest.raises(LookupError):
        work()
    exported = exported_spans(provider)["work"]
    assert exported.status.code == StatusCode.ERROR.value
    assert len(exported.events) == 1


def test_a_call_that_does_not_fit_raises_its_own_error(provider):
    """Not one of the decorator's."""

    @new_span("work", args_as={"a": "a"}, tracer_provider=provider)
    def work(a):
        return a

    with pytest.raises(TypeError, match="work"):
        work(1, 2)


def test_coroutines_are_awaited_in_the_span(provider):
    """The span lasts as long as the work."""

    @new_span("work", args_as={"a": "a"}, return_value_as="result", tracer_provider=provider)
    async def work(a):
        await asyncio.sleep(0)
        trace.get_current_span().set_attribute("inside", True)
        return a + 1

    assert asyncio.run(work(1)) == 2
    recorded = attributes_of(exported_spans(provider)["work"])
    assert recorded == {"a": 1, "inside": True, "result": 2}


def test_without_a_provider_nothing_happens():
    """The API's own spans record nothing."""

    @new_span("work", args_as={"a": "a"}, return_value_as="result")
    def work(a):
        return a

    assert work(1) == 1
