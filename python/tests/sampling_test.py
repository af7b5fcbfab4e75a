"""Samplers, id generators and limits that are given to a provider: ours and opentelemetry-sdk's."""

import logging
import subprocess
import sys
import types

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanLimits as SdkSpanLimits
from opentelemetry.sdk.trace import id_generator as sdk_ids
from opentelemetry.sdk.trace import sampling as sdk
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState

from conftest import assert_equation, exported_spans
from impact_stack.observability.tracing import sampling
from impact_stack.observability.tracing.id_generator import IdGenerator
from impact_stack.observability.tracing.limits import SpanLimits
from impact_stack.observability.tracing.provider import TracerProvider


def tracer_with(sampler=None, **options):
    """Return a tracer of a provider that has this sampler."""
    options = {"exporters": ("memory",), "shutdown_on_exit": False, **options}
    return TracerProvider(sampler, **options).get_tracer("tests")


def parent(is_sampled, is_remote, trace_id=7):
    """Return a Context with such a parent."""
    context = SpanContext(
        trace_id, 9, is_remote, TraceFlags(is_sampled), TraceState.from_header(["a=b"])
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context))


@pytest.mark.parametrize("module", [sampling, sdk])
def test_samplers_of_both_kinds_decide_in_the_core(module):
    """No Python is asked: what `should_sample` would say is of no interest."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("asked")

    for sampler, expected in (
        (module.StaticSampler(module.Decision.RECORD_AND_SAMPLE), True),
        (module.StaticSampler(module.Decision.DROP), False),
        (module.TraceIdRatioBased(1.0), True),
        (module.TraceIdRatioBased(0.0), False),
        (module.ParentBased(module.StaticSampler(module.Decision.RECORD_AND_SAMPLE)), True),
        (module.ParentBased(module.ParentBased(module.TraceIdRatioBased(0.0))), False),
    ):
        sampler.should_sample = refuse
        assert tracer_with(sampler).start_span("a").is_recording() is expected


@pytest.mark.parametrize("module", [sampling, sdk])
@pytest.mark.parametrize("is_remote", [True, False])
@pytest.mark.parametrize("is_sampled", [True, False])
def test_a_parent_has_a_sampler_for_each_kind(module, is_remote, is_sampled):
    """One of the four says yes, the others no."""
    on = module.StaticSampler(module.Decision.RECORD_AND_SAMPLE)
    off = module.StaticSampler(module.Decision.DROP)
    name = f"{'remote' if is_remote else 'local'}_parent_{'' if is_sampled else 'not_'}sampled"
    names = ("remote_parent_sampled", "remote_parent_not_sampled",
             "local_parent_sampled", "local_parent_not_sampled")  # fmt: skip
    others = {other: on if other == name else off for other in names}
    tracer = tracer_with(module.ParentBased(off, **others))
    assert tracer.start_span("a", parent(is_sampled, is_remote)).is_recording()
    assert not tracer.start_span("a", parent(not is_sampled, is_remote)).is_recording()
    assert not tracer.start_span("a", parent(is_sampled, not is_remote)).is_recording()
    assert not tracer.start_span("a").is_recording()


@pytest.mark.parametrize("rate", [0.0, 1e-19, 0.25, 1 / 3, 0.5, 1.0])
def test_the_core_takes_the_same_traces_as_python(rate):
    """At the bound of the low 64 bits, and beyond."""
    ours, theirs = sampling.TraceIdRatioBased(rate), sdk.TraceIdRatioBased(rate)
    tracer = tracer_with(ours)
    bound = theirs.bound
    for low in {max(bound - 1, 0), min(bound, 2**64 - 1), 2**64 - 1, 0}:
        trace_id = 2**100 + low
        expected = theirs.should_sample(None, trace_id, "a").decision.is_sampled()
        assert ours.should_sample(None, trace_id, "a").decision.is_sampled() is expected
        span = tracer.start_span("a", parent(True, True, trace_id))
        assert span.is_recording() is expected


def test_samplers_are_described_as_those_of_the_sdk():
    """They are logged and shown."""
    for module in (sampling, sdk):
        sampler = module.ParentBased(module.TraceIdRatioBased(0.5))
        assert sampler.get_description() == (
            "ParentBased{root:TraceIdRatioBased{0.5},remoteParentSampled:AlwaysOnSampler,"
            "remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,"
            "localParentNotSampled:AlwaysOffSampler}"
        )


class Asked(sdk.Sampler):
    """A sampler of one's own, in Python."""

    def __init__(self, decision=sdk.Decision.RECORD_AND_SAMPLE):
        self.decision = decision
        self.calls = []

    def should_sample(self, *arguments, **keywords):
        """Remember what was asked."""
        self.calls.append((arguments, keywords))
        return sdk.SamplingResult(
            self.decision, {"sampler": "mine", "odd": object}, TraceState.from_header(["c=d"])
        )

    def get_description(self):
        """Describe it."""
        return "Asked"


def test_a_sampler_in_python_is_asked_with_what_was_given():
    """The very objects: attributes and links that the core would have to make again."""
    sampler = Asked()
    tracer = tracer_with(sampler)
    context, attributes = parent(True, True), {"k": [1, 2]}
    links = [Link(SpanContext(3, 4, False))]
    span = tracer.start_span("a", context, SpanKind.CLIENT, attributes, links)
    (((given, trace_id, *rest), keywords),) = sampler.calls
    assert given is context and trace_id == 7 and keywords == {}
    assert rest == ["a", SpanKind.CLIENT, attributes, links]
    assert rest[2] is attributes and rest[3] is links
    assert span.attributes == {"k": (1, 2), "sampler": "mine", "odd": str(object)}
    assert span.context.trace_state.get("c") == "d"
    assert span.parent.trace_state.get("a") == "b"
    tracer.start_span("b")
    assert sampler.calls[1][0][0] is None and sampler.calls[1][0][3] is SpanKind.INTERNAL


def test_what_is_only_recorded_is_not_exported():
    """Processors see it."""
    tracer = tracer_with(Asked(sdk.Decision.RECORD_ONLY))
    span = tracer.start_span("a")
    assert span.is_recording() and not span.context.trace_flags.sampled
    span.end()
    assert span.attributes["sampler"] == "mine"
    assert exported_spans(tracer._provider) == {}
    assert tracer.start_span("b", trace.set_span_in_context(span)).parent is span.context


def test_a_sampler_that_drops_is_heard():
    """The span has an id, and the sampler's trace state."""
    span = tracer_with(Asked(sdk.Decision.DROP)).start_span("a")
    assert not span.is_recording()
    assert span.context.is_valid and span.context.trace_state.get("c") == "d"


def test_a_sampler_that_fails_drops_the_span(caplog):
    """And the program goes on. It is said once."""

    class Broken:
        """A sampler that is none."""

        def should_sample(self, *_args):
            """Fail."""
            raise RuntimeError("no decision")

    tracer = tracer_with(Broken())
    with caplog.at_level(logging.ERROR):
        assert not any(tracer.start_span("a").is_recording() for _ in range(10))
    assert sum("The sampler Broken failed" in record.message for record in caplog.records) <= 1


def test_spans_that_a_sampler_starts_end_its_question():
    """They are not sampled themselves, which would never end."""
    spans = []

    class Curious:
        """A sampler that traces itself."""

        def should_sample(self, *_args):
            """Start a span to decide about a span."""
            spans.append(tracer.start_span("inner"))
            return sdk.SamplingResult(sdk.Decision.RECORD_AND_SAMPLE)

    tracer = tracer_with(Curious())
    assert tracer.start_span("outer").is_recording()
    assert [span.is_recording() for span in spans] == [False]


def test_a_sampler_may_change_the_attributes_that_it_is_given():
    """The span has those that it was started with: the core must not read what is gone."""

    class Changing(Asked):
        """A sampler that empties what it is given, down to the lists in it."""

        def should_sample(self, *arguments, **keywords):
            """Free the text, and use its memory for others."""
            arguments[4]["list"].clear()
            arguments[4].clear()
            self.calls = ["y" * size for size in range(60, 200)]
            return sdk.SamplingResult(self.decision)

    attributes = {f"key {i}": "x" * (90 + i) for i in range(4)} | {"list": ["z" * 77]}
    expected = {f"key {i}": "x" * (90 + i) for i in range(4)} | {"list": ("z" * 77,)}
    tracer = tracer_with(Changing())
    assert tracer.start_span("a", attributes=attributes).attributes == expected


def test_an_answer_of_a_sampler_may_be_held_by_nobody():
    """Its attributes are a plain dict, which goes with it."""

    class Brief(Asked):
        """A sampler with a result of its own kind."""

        def should_sample(self, *arguments, **keywords):
            """Answer with text that nobody else has."""
            attributes = {f"key {i}": "x" * (90 + i) for i in range(4)}
            return types.SimpleNamespace(
                decision=self.decision, attributes=attributes, trace_state=None
            )

    span = tracer_with(Brief()).start_span("a")
    assert span.attributes == {f"key {i}": "x" * (90 + i) for i in range(4)}


@pytest.mark.parametrize("switching", ["should_sample", "generate_trace_id", "generate_span_id"])
def test_a_sampler_and_a_generator_may_switch_to_another_greenlet(switching):
    """Each span has the answers to its own questions, and those of the other one are recorded."""
    greenlet = pytest.importorskip("greenlet")
    turns = []

    class Switching(Counting):
        """Both in one; it lets others go on where that was asked for."""

        def __getattribute__(self, name):
            """Wait for the other one's span to be about to start."""
            if name == switching and turns:
                turns.pop().switch()
            return super().__getattribute__(name)

        def should_sample(self, *arguments):
            """Name the span."""
            asked.append(arguments[2])
            return sdk.SamplingResult(sdk.Decision.RECORD_AND_SAMPLE, {"name": arguments[2]})

    asked = []
    both = Switching()
    tracer = tracer_with(both, id_generator=both)
    spans = []
    first, second = (
        greenlet.greenlet(lambda name=name: spans.append(tracer.start_span(name))) for name in "ab"
    )
    turns += [first, second]
    first.switch()
    second.switch()
    first.switch()
    assert sorted(asked) == sorted(span.name for span in spans) == ["a", "b"]
    assert all(span.is_recording() for span in spans)
    assert all(span.attributes == {"name": span.name} for span in spans)


def test_a_sampler_may_yield_in_gevent():
    """The spans of other greenlets that start meanwhile are recorded."""
    program = """
import gevent.monkey
gevent.monkey.patch_all()
import gevent, time
from impact_stack.observability.tracing import sampling
from impact_stack.observability.tracing.provider import TracerProvider

class Yielding:
    def should_sample(self, *_arguments):
        time.sleep(0)
        return sampling.SamplingResult(sampling.Decision.RECORD_AND_SAMPLE)

tracer = TracerProvider(Yielding(), exporters=()).get_tracer("x")
jobs = [gevent.spawn(tracer.start_span, "a") for _ in range(20)]
gevent.joinall(jobs)
assert [job.value.is_recording() for job in jobs] == [True] * 20
"""
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_sampler_that_fails_leaves_the_trace_state_as_it_was():
    """What is dropped is handed through."""

    class Broken:
        """A sampler that is none."""

        def should_sample(self, *_args):
            """Fail."""
            raise RuntimeError("no decision")

    span = tracer_with(Broken()).start_span("a", parent(True, True))
    assert span.context.trace_state.get("a") == "b"


def test_the_trace_of_a_root_is_the_one_that_the_sampler_was_told_of():
    """It is random, and says so."""
    sampler = Asked()
    tracer = tracer_with(sampler)
    spans = [tracer.start_span("a") for _ in range(3)]
    assert [call[0][1] for call in sampler.calls] == [span.context.trace_id for span in spans]
    assert len({span.context.trace_id for span in spans}) == 3
    assert spans[0].context.trace_flags == 3


def test_the_providers_sampler_can_be_read(monkeypatch):
    """The one that was given, or what the environment says."""
    sampler = Asked()
    assert tracer_with(sampler)._provider.sampler is sampler
    assert isinstance(tracer_with()._provider.sampler, sampling.ParentBased)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "Traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
    assert tracer_with()._provider.sampler.rate == 0.25
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    assert tracer_with()._provider.sampler is sampling.ALWAYS_OFF


# ---- ids ----


class Counting(IdGenerator):
    """Ids that can be foretold."""

    def __init__(self):
        self.count = 0

    def generate_span_id(self):
        """Count."""
        self.count += 1
        return self.count

    def generate_trace_id(self):
        """Count."""
        self.count += 1
        return 2**120 + self.count


def test_an_id_generator_is_asked():
    """Trace ids for roots, span ids for all; and it is not said that they are random."""
    tracer = tracer_with(id_generator=Counting())
    root = tracer.start_span("a")
    child = tracer.start_span("b", trace.set_span_in_context(root))
    assert root.context.trace_id - 2**120 + root.context.span_id == 3
    assert child.context.trace_id == root.context.trace_id
    assert child.context.span_id == 3
    assert root.context.trace_flags == TraceFlags.SAMPLED


@pytest.mark.parametrize("wrong", [0, -1, 2**200, "x", None, 1.5])
def test_what_is_no_id_is_replaced(wrong, monkeypatch):
    """By a random one."""

    class Wrong:
        """A generator that is none."""

        def generate_span_id(self):
            """Return what is no id."""
            return wrong

        generate_trace_id = generate_span_id

    monkeypatch.setattr("sys.unraisablehook", lambda *_: None)
    span = tracer_with(id_generator=Wrong()).start_span("a")
    assert span.context.is_valid and span.is_recording()


def test_random_generators_are_left_to_the_core():
    """The SDK's too: ids are random, and say so."""
    for generator in (sdk_ids.RandomIdGenerator(), None):
        provider = tracer_with(id_generator=generator)._provider
        assert provider.get_tracer("x").start_span("a").context.trace_flags == 3
        assert provider.id_generator.generate_trace_id() > 0
        assert provider.id_generator.is_trace_id_random()


# ---- limits ----


@pytest.mark.parametrize("kind", [SpanLimits, SdkSpanLimits])
def test_limits_are_kept(kind):
    """Of attributes, events, links, theirs, and of a value's length."""
    limits = kind(
        max_events=2, max_links=3, max_span_attributes=4, max_event_attributes=1,
        max_link_attributes=2, max_attribute_length=5,
    )  # fmt: skip
    span = tracer_with(span_limits=limits).start_span("a")
    attributes = {f"k{i}": "long text" for i in range(9)}
    span.set_attributes(attributes)
    for _ in range(9):
        span.add_event("e", attributes)
        span.add_link(SpanContext(1, 2, True), attributes)
    counts = len(span.attributes), len(span.events), len(span.links)
    assert counts == (4, 2, 3)
    assert len(span.events[0].attributes) == 1 and len(span.links[0].attributes) == 2
    assert set(span.attributes.values()) == {"long "}


@pytest.mark.parametrize("kind", [SpanLimits, SdkSpanLimits])
def test_no_limit_and_nothing_can_be_said(kind):
    """UNSET is any number; 0 is none."""
    unset = kind.UNSET
    span = tracer_with(
        span_limits=kind(max_span_attributes=unset, max_events=0, max_links=unset)
    ).start_span("a", attributes={f"k{i}": i for i in range(500)})
    span.add_event("e")
    assert len(span.attributes) == 500 and span.events == () and span.dropped_events == 1


def test_limits_read_the_environment(monkeypatch):
    """As opentelemetry-sdk's do, errors too."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "7")
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9")
    assert vars(SpanLimits()) == {
        name: getattr(SdkSpanLimits(), name) for name in vars(SpanLimits())
    }
    assert "max_events=None" in repr(SpanLimits())
    monkeypatch.setenv("OTEL_SPAN_LINK_COUNT_LIMIT", "-1")
    with pytest.raises(ValueError, match="OTEL_SPAN_LINK_COUNT_LIMIT must be a non-negative"):
        SpanLimits()


def test_the_equation_holds_with_a_sampler_in_python():
    """Dropped spans are nobody's; recorded ones are counted."""
    tracer = tracer_with(Asked())
    for _ in range(10):
        tracer.start_span("a").end()
    assert tracer._provider.force_flush()
    assert tracer._provider.stats()["exported"] == 10
    assert_equation(tracer._provider)
