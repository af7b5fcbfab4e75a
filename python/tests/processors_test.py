"""Span processors and exporters in Python: ours, opentelemetry-sdk's, and one's own."""

import importlib.metadata
import logging
import os
import subprocess
import sys
import threading
import types

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor as SdkSpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor as SdkBatchSpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor as SdkSimpleSpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

from conftest import assert_equation, exported_spans
from impact_stack.observability.tracing import batch, exporters
from impact_stack.observability.tracing.batch import BatchSpanProcessor
from impact_stack.observability.tracing.processors import SpanProcessor
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.sampling import Decision, StaticSampler


@pytest.fixture(name="bare")
def fixture_bare():
    """Return a provider without exporters."""
    provider = TracerProvider(exporters=(), shutdown_on_exit=False)
    yield provider
    provider.shutdown(5000)


class Noting(SpanProcessor):
    """A processor that writes down what it is told."""

    def __init__(self):
        self.notes = []
        self.is_flushed = True

    def on_start(self, span, parent_context=None):
        """The span may be recorded into."""
        span.set_attribute("started", True)
        self.notes.append(("start", span.name, parent_context))

    def _on_ending(self, span):
        """For the last time."""
        assert span.is_recording()
        span.set_attribute("ending", True)
        self.notes.append(("ending", span.name))

    def on_end(self, span):
        """It is over."""
        assert not span.is_recording()
        self.notes.append(("end", span.name, dict(span.attributes)))

    def force_flush(self, timeout_millis=30000):
        """Say what was asked for."""
        self.notes.append(("flush", timeout_millis))
        return self.is_flushed

    def shutdown(self):
        """There will be no more."""
        self.notes.append(("shutdown",))


def test_a_processor_hears_of_start_ending_and_end(bare):
    """In this order, with the Context that was given."""
    processor = Noting()
    bare.add_span_processor(processor)
    tracer = bare.get_tracer("x")
    context = trace.set_span_in_context(trace.INVALID_SPAN)
    span = tracer.start_span("a", context)
    span.update_name("b")
    span.end()
    with tracer.start_as_current_span("c"):
        pass
    kinds = [note[:2] for note in processor.notes]
    assert kinds == [
        ("start", "a"), ("ending", "b"), ("end", "b"),
        ("start", "c"), ("ending", "c"), ("end", "c"),
    ]  # fmt: skip
    assert processor.notes[0][2] is context and processor.notes[3][2] is None
    assert processor.notes[2][2] == {"started": True, "ending": True}


def test_what_a_processor_records_is_exported_by_the_core(provider, tracer):
    """The two ways are beside each other."""
    provider.add_span_processor(Noting())
    tracer.start_span("a").end(5)
    with tracer.start_as_current_span("b"):
        pass
    spans = exported_spans(provider)
    assert {pair.key for pair in spans["a"].attributes} == {"started", "ending"}
    assert spans["b"].end_time_unix_nano >= spans["b"].start_time_unix_nano


def test_processors_come_in_turn_and_late(bare):
    """One that is added hears of the end of what began before."""
    first, second = Noting(), Noting()
    tracer = bare.get_tracer("x")
    early = tracer.start_span("early")
    bare.add_span_processor(first)
    early.end()
    bare.add_span_processor(second)
    tracer.start_span("late").end()
    assert [note[0] for note in first.notes] == ["ending", "end", "start", "ending", "end"]
    assert [note[0] for note in second.notes] == ["start", "ending", "end"]


def test_unsampled_spans_are_not_told_of(bare):
    """They record nothing."""
    processor = Noting()
    bare.add_span_processor(processor)
    not_sampled = trace.NonRecordingSpan(SpanContext(7, 9, True, TraceFlags(0)))
    bare.get_tracer("x").start_span("a", trace.set_span_in_context(not_sampled)).end()
    assert processor.notes == []


def test_a_processor_that_fails_harms_nobody(bare, caplog):
    """Neither the program nor the others; it is said once a minute."""

    class Broken(SdkSpanProcessor):
        """A processor that fails at everything."""

        def on_start(self, span, parent_context=None):
            """Fail."""
            raise RuntimeError("start")

        def on_end(self, span):
            """Fail."""
            raise RuntimeError("end")

        def force_flush(self, timeout_millis=0):
            """Fail."""
            raise RuntimeError("flush")

        def shutdown(self):
            """Fail."""
            raise RuntimeError("shutdown")

    good = Noting()
    bare.add_span_processor(Broken())
    bare.add_span_processor(good)
    with caplog.at_level(logging.ERROR):
        for _ in range(10):
            bare.get_tracer("x").start_span("a").end()
        assert bare.force_flush() is False
        bare.shutdown()
    assert [note[0] for note in good.notes][-2:] == ["flush", "shutdown"]
    starts = [record for record in caplog.records if "on_start" in record.message]
    assert len(starts) <= 1


def test_a_span_ends_once_whatever_a_processor_does(bare):
    """One that ends the span itself, while it ends."""

    class Eager(Noting):
        """A processor that ends what is ending."""

        def _on_ending(self, span):
            """End it at another time."""
            span._end(7_000_000_000_000_000_000)

    processor = Eager()
    bare.add_span_processor(processor)
    span = bare.get_tracer("x").start_span("a")
    span.end(8_000_000_000_000_000_000)
    assert span.end_time == 7_000_000_000_000_000_000
    assert [note[0] for note in processor.notes] == ["start"]


def test_the_processors_of_the_sdk_take_our_spans(bare):
    """Simple and in batches, with the SDK's exporter in memory."""
    simple, batch = InMemorySpanExporter(), InMemorySpanExporter()
    bare.add_span_processor(SdkSimpleSpanProcessor(simple))
    bare.add_span_processor(SdkBatchSpanProcessor(batch))
    with bare.get_tracer("x", "1").start_as_current_span("a", attributes={"k": 1}) as span:
        span.set_status(StatusCode.ERROR, "bad")
    assert bare.force_flush() is True
    for exporter in (simple, batch):
        (seen,) = exporter.get_finished_spans()
        assert seen.attributes == {"k": 1}
        assert seen.status.description == "bad"
        assert seen.instrumentation_scope.name == "x"
        assert seen.end_time >= seen.start_time


def test_a_processor_can_be_given_at_once():
    """As opentelemetry-sdk's `active_span_processor`."""
    processor = Noting()
    provider = TracerProvider(active_span_processor=processor, exporters=(), shutdown_on_exit=False)
    provider.get_tracer("x").start_span("a").end()
    assert [note[0] for note in processor.notes] == ["start", "ending", "end"]


@pytest.mark.parametrize("is_given_at_once", [True, False])
def test_a_processor_need_not_have_every_method(bare, is_given_at_once):
    """Older ones have no `_on_ending`. Spans end all the same, and the others hear of them."""
    partial, good = types.SimpleNamespace(on_end=lambda span: None), Noting()
    if is_given_at_once:
        bare = TracerProvider(active_span_processor=partial, exporters=(), shutdown_on_exit=False)
    else:
        bare.add_span_processor(partial)
        bare.add_span_processor(good)
    span = bare.get_tracer("x").start_span("a")
    span.end()
    assert not span.is_recording()
    heard = [] if is_given_at_once else ["start", "ending", "end"]
    assert [note[0] for note in good.notes] == heard
    bare.shutdown()


def test_flush_says_what_each_processor_says(bare):
    """False is false, None is nothing lost, and the time is shared."""
    processor = Noting()
    bare.add_span_processor(processor)
    assert bare.force_flush(1000) is True
    assert 0 < processor.notes[-1][1] <= 1000
    processor.is_flushed = None
    assert bare.force_flush() is True
    processor.is_flushed = False
    assert bare.force_flush() is False


def test_shutdown_comes_once(bare):
    """At the second time everything is over."""
    processor = Noting()
    bare.add_span_processor(processor)
    bare.shutdown()
    bare.shutdown()
    assert processor.notes.count(("shutdown",)) == 1


@pytest.mark.parametrize(
    "arguments, end, count",
    [("", "", 1), ("", "provider.shutdown()", 1), ("", "del provider", 1),
     ("shutdown_on_exit=False", "", 0)],
)  # fmt: skip
def test_a_provider_is_shut_down_at_exit(arguments, end, count):
    """Unless that is not wanted; and once, if the program did it."""
    program = f"""
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.sampling import Decision, StaticSampler
from impact_stack.observability.tracing.processors import SpanProcessor
class Loud(SpanProcessor):
    def shutdown(self):
        print("shutdown", flush=True)
provider = TracerProvider({arguments})
provider.add_span_processor(Loud())
{end}
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("shutdown") == count


def test_what_a_program_registered_before_comes_after_the_shutdown():
    """A program that looks at what was exported, at its very end."""
    program = """
import atexit
from impact_stack.observability.tracing.provider import TracerProvider
first = TracerProvider(exporters=("memory",))
def look():
    print(first.stats()["exported"], second.stats()["exported"])
atexit.register(look)
second = TracerProvider(exporters=("memory",))
for provider in first, second:
    provider.get_tracer("x").start_span("a").end()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "1 1\n"


# ---- the batch processor ----


class Keeping(SpanExporter):
    """An exporter that keeps names, and may be told to fail or wait."""

    def __init__(self):
        self.batches = []
        self.result = SpanExportResult.SUCCESS
        self.error = None
        self.may_go = threading.Event()
        self.may_go.set()
        self.has_exported = threading.Event()
        self.is_shut_down = False

    def names(self):
        """Return all names, in their order."""
        return [name for batch in self.batches for name in batch]

    def export(self, spans):
        """Keep the names."""
        self.may_go.wait(30)
        if self.error:
            raise self.error
        self.batches.append([span.name for span in spans])
        self.has_exported.set()
        return self.result

    def shutdown(self):
        """Remember it."""
        self.is_shut_down = True


@pytest.fixture(name="batched")
def fixture_batched(bare, monkeypatch):
    """Return a provider and the exporter of its batch processor."""
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "5")
    exporter = Keeping()
    bare.add_span_processor(BatchSpanProcessor(exporter))
    return bare, exporter


def start_and_end(provider, *names):
    """Make spans of these names."""
    for name in names:
        provider.get_tracer("x").start_span(name).end()


def test_spans_are_exported_in_batches(batched):
    """In their order, none twice; and shutdown exports the rest."""
    provider, exporter = batched
    start_and_end(provider, "a")
    assert provider.force_flush() is True
    start_and_end(provider, "b", "c")
    provider.shutdown()
    assert exporter.names() == ["a", "b", "c"]
    assert exporter.is_shut_down


def test_a_full_batch_needs_no_flush(batched):
    """It leaves at once, not after the delay of five seconds."""
    provider, exporter = batched
    start_and_end(provider, "a", "b", "c")
    assert exporter.has_exported.wait(4)
    assert exporter.batches == [["a", "b", "c"]]


def test_flush_tells_what_failed(batched):
    """An answer that is not success, and an error."""
    provider, exporter = batched
    exporter.result = SpanExportResult.FAILURE
    start_and_end(provider, "a")
    assert provider.force_flush() is False
    exporter.error = OSError("away")
    start_and_end(provider, "b")
    assert provider.force_flush() is False
    exporter.result, exporter.error = SpanExportResult.SUCCESS, None
    assert provider.force_flush() is True
    start_and_end(provider, "c")
    assert provider.force_flush() is True


def test_flush_keeps_its_time(batched):
    """With an exporter that hangs."""
    provider, exporter = batched
    exporter.may_go.clear()
    start_and_end(provider, "a")
    assert provider.force_flush(50) is False
    exporter.may_go.set()
    assert provider.force_flush() is True


def test_a_full_queue_drops_the_newest(batched):
    """And flush says that something was lost after it was asked."""
    provider, exporter = batched
    exporter.may_go.clear()
    start_and_end(provider, *"abc")
    while provider.stats()["in_flight"] != 3:  # with the exporter, soon
        pass
    start_and_end(provider, *"defghijk")
    exporter.may_go.set()
    provider.force_flush()
    exported = exporter.names()
    assert exported == sorted(exported) and exported[:5] == list("abcde")
    assert "k" not in exported


def test_what_a_full_queue_says_keeps_no_other_thread(batched, monkeypatch):
    """A handler of the log may end a span, while another thread waits for that handler."""
    provider, exporter = batched
    exporter.may_go.clear()
    others = []

    def say(*_):
        other = threading.Thread(target=start_and_end, args=(provider, "other"), daemon=True)
        monkeypatch.setattr(batch, "say", lambda *_: None)
        other.start()
        other.join(10)
        others.append(other.is_alive())

    monkeypatch.setattr(batch, "say", say)
    start_and_end(provider, *"abcdefghijk")
    exporter.may_go.set()
    assert others == [False]


def test_without_a_thread_spans_are_lost_and_nobody_waits_for_them(batched, monkeypatch):
    """An interpreter that ends starts none; and the next span tries again."""
    provider, exporter = batched

    def start(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", start)
        start_and_end(provider, "a")
        assert provider.force_flush(60_000) is True  # "a" was lost before
    start_and_end(provider, "b")
    assert provider.force_flush() is True
    assert exporter.names() == ["b"]


def test_a_forked_child_exports_its_own(batched):
    """What waited is the parent's, and a new thread starts by itself."""
    provider, exporter = batched
    exporter.may_go.clear()
    start_and_end(provider, "parent")
    child = os.fork()
    if child == 0:
        exporter.may_go = threading.Event()
        exporter.may_go.set()
        start_and_end(provider, "child")
        good = provider.force_flush(10_000) and exporter.batches == [["child"]]
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    exporter.may_go.set()
    assert provider.force_flush() is True
    assert exporter.batches == [["parent"]]


def test_what_is_only_recorded_is_not_batched():
    """A sampler may want processors to see a span, and exporters not."""
    exporter = Keeping()
    provider = TracerProvider(
        StaticSampler(Decision.RECORD_ONLY), exporters=(), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    start_and_end(provider, "a")
    assert provider.force_flush() is True
    assert exporter.batches == []


# ---- exporters by name ----


class Point:
    """An entry point."""

    def __init__(self, made):
        self.made = made

    def load(self):
        """Return what makes the exporter."""
        if isinstance(self.made, Exception):
            raise self.made
        return lambda: self.made


@pytest.fixture(name="points")
def fixture_points(monkeypatch):
    """Return the exporters that other packages offer, by name."""
    points = {}

    def entry_points(group, name):
        assert group == "opentelemetry_traces_exporter"
        return [Point(points[name])] if name in points else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return points


def test_the_names_of_the_sdk_are_the_cores(monkeypatch, points):
    """No package is asked for what the core has itself."""
    points["otlp_proto_http"] = points["console"] = Keeping()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_http, Console,none,,otlp,zipkin_json")
    assert exporters.exporters_of_environment() == (("otlp", "console", "zipkin"), ())


def test_exporters_of_other_packages_are_driven_in_batches(monkeypatch, points):
    """By their names in the environment, beside the core's."""
    points["mine"] = Keeping()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "memory,mine")
    provider = TracerProvider(shutdown_on_exit=False)
    start_and_end(provider, "a", "b")
    assert set(exported_spans(provider)) == {"a", "b"}
    assert points["mine"].names() == ["a", "b"]
    provider.shutdown()
    assert points["mine"].is_shut_down


@pytest.mark.parametrize("broken", [False, True])
def test_an_exporter_that_cannot_be_opened_exports_nothing(monkeypatch, points, caplog, broken):
    """It is said, flush is not true, nothing counts as exported, and the program goes on."""
    if broken:
        points["nonesuch"] = ImportError("no grpc")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nonesuch")
    with caplog.at_level(logging.ERROR):
        provider = TracerProvider(shutdown_on_exit=False)
    assert any("'nonesuch'" in record.message for record in caplog.records)
    assert provider.force_flush() is False
    start_and_end(provider, "a")
    assert provider.force_flush() is False
    stats = provider.stats()
    assert stats["exported"] == 0 and stats["failed"] == 1
    assert provider.shutdown() is False


def test_a_bad_endpoint_in_the_environment_keeps_no_program_from_starting(monkeypatch, caplog):
    """In code it is an error."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "memory,otlp")
    with caplog.at_level(logging.ERROR):
        provider = TracerProvider(shutdown_on_exit=False)
    assert any("otlp: an argument is not valid" in record.message for record in caplog.records)
    start_and_end(provider, "a")
    assert provider.force_flush() is False
    stats = provider.stats()
    assert (stats["exported"], stats["failed"]) == (1, 1)
    with pytest.raises(ValueError):
        TracerProvider(exporters=("otlp",))


def test_without_a_name_nothing_is_exported_and_nothing_lost(monkeypatch):
    """Unset is none, as in the package whose place this one takes."""
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    provider = TracerProvider(shutdown_on_exit=False)
    start_and_end(provider, "a")
    assert provider.force_flush() is True


class Refusing(SpanExporter):
    """An exporter that takes every other batch."""

    def __init__(self):
        self.batches = 0

    def export(self, spans):
        """Take it, or not."""
        self.batches += 1
        return SpanExportResult.SUCCESS if self.batches % 2 else SpanExportResult.FAILURE

    def shutdown(self):
        """Nothing is left."""


@pytest.mark.parametrize(("core", "factor"), [((), 1), (("memory",), 2)])
def test_the_counters_are_of_exporters_in_python_too(core, factor):
    """A span counts once for each exporter, and in exactly one of the others."""
    provider = TracerProvider(exporters=core, shutdown_on_exit=False)
    processor = BatchSpanProcessor(Refusing())
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("x")
    for _ in range(2):
        for _ in range(3):
            tracer.start_span("a").end()
        assert_equation(provider)
        provider.force_flush()
    assert processor.stats()["exported"] == processor.stats()["failed"] == 3
    assert provider.stats()["exported"] == 3 + (factor - 1) * 6
    provider.shutdown()
    processor.on_end(tracer.start_span("late"))
    stats = provider.stats()
    assert stats["failed"] == 3 and stats["queued"] == stats["in_flight"] == 0
    assert_equation(provider)


def test_what_a_full_queue_in_python_drops_is_counted(monkeypatch):
    """By the same name as in the core."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "2")
    processor = BatchSpanProcessor(Refusing())
    monkeypatch.setattr(processor, "_work", lambda: None)
    provider = TracerProvider(exporters=(), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    for _ in range(5):
        provider.get_tracer("x").start_span("a").end()
    stats = provider.stats()
    assert (stats["ended"], stats["queued"], stats["dropped_full"]) == (5, 2, 3)
