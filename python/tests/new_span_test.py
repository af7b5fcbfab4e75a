"""new_span: functions and coroutine functions in spans of their own."""

import asyncio
import inspect

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


# ---- generators (fault 72) ----


def current_name():
    """Return the name of the current span; None where there is none."""
    return getattr(trace.get_current_span(), "name", None)


def test_a_generator_is_a_span_as_long_as_it_runs(provider):
    """It is current in the body, not where the items are used; children are its children."""
    tracer = provider.get_tracer("x")

    @new_span("rows", args_as={"count": "count"}, return_value_as="rest", tracer_provider=provider)
    def rows(count):
        """Return names of the span that is current."""
        for _ in range(count):
            tracer.start_span("child").end()
            yield current_name()
        return "done"

    with tracer.start_as_current_span("user"):
        names = []
        for name in rows(2):
            names.append((name, current_name()))
    assert names == [("rows", "user")] * 2
    spans = exported_spans(provider)
    assert spans["child"].parent_span_id == spans["rows"].span_id
    assert spans["rows"].parent_span_id == spans["user"].span_id
    assert attributes_of(spans["rows"]) == {"count": 2, "rest": "done"}
    assert spans["rows"].end_time_unix_nano >= spans["child"].end_time_unix_nano


def test_what_is_sent_and_thrown_reaches_a_generator(provider):
    """And what it returns its caller."""

    @new_span("talk", tracer_provider=provider)
    def talk():
        heard = []
        while len(heard) < 3:
            try:
                heard.append((yield len(heard)))
            except KeyError as error:
                heard.append(error.args[0])
        return heard

    generator = talk()
    assert next(generator) == 0 and generator.send("a") == 1
    assert generator.throw(KeyError("b")) == 2
    with pytest.raises(StopIteration) as stop:
        generator.send("c")
    assert stop.value.value == ["a", "b", "c"]
    assert exported_spans(provider)["talk"].status.code == 0


@pytest.mark.parametrize("way", ["close", "forget"])
def test_a_generator_that_is_left_ends_its_span(provider, way):
    """That is no error; its `finally` runs in the span."""
    seen = []

    @new_span("left", tracer_provider=provider)
    def left():
        try:
            yield 1
        finally:
            seen.append(current_name())

    generator = left()
    next(generator)
    if way == "close":
        generator.close()
    del generator
    assert seen == ["left"]
    assert exported_spans(provider)["left"].status.code == 0


def test_a_generator_that_fails_is_an_error(provider):
    """It is recorded once."""

    @new_span("bad", tracer_provider=provider)
    def bad():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(bad())
    span = exported_spans(provider)["bad"]
    assert span.status.message == "ValueError: no more"
    assert len(span.events) == 1


def test_an_async_generator_is_a_span_as_long_as_it_runs(provider):
    """With all that it is sent, thrown, and left with."""

    @new_span("rows", tracer_provider=provider)
    async def rows():
        heard = yield current_name()
        await asyncio.sleep(0)
        try:
            yield heard
        except KeyError as error:
            yield error.args[0]

    async def use():
        before = current_name()
        generator = rows()
        first = await generator.asend(None)
        outside = current_name() == before
        second = await generator.asend("a")
        third = await generator.athrow(KeyError("b"))
        return first, outside, second, third, [item async for item in generator]

    assert asyncio.run(use()) == ("rows", True, "a", "b", [])
    assert exported_spans(provider)["rows"].status.code == 0


def test_an_async_generator_that_fails_or_is_left_ends_its_span(provider):
    """The first is an error, the second is not."""

    @new_span("rows", tracer_provider=provider)
    async def rows(fails):
        yield 1
        if fails:
            raise ValueError("no more")

    async def use(fails):
        generator = rows(fails)
        await generator.asend(None)
        if not fails:
            await generator.aclose()
            return
        with pytest.raises(ValueError, match="no more"):
            await generator.asend(None)

    asyncio.run(use(False))
    assert exported_spans(provider)["rows"].status.code == 0
    asyncio.run(use(True))
    assert exported_spans(provider)["rows"].status.message == "ValueError: no more"


def test_generators_are_still_known_as_such(provider):
    """Frameworks ask."""
    decorate = new_span("x", tracer_provider=provider)

    def rows():
        yield 1

    async def async_rows():
        yield 1

    assert inspect.isgeneratorfunction(decorate(rows))
    assert inspect.isasyncgenfunction(decorate(async_rows))
