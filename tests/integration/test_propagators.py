"""The propagators against opentelemetry-python's: what those write is read and passed on, so that
they read the same."""

import os
import pathlib
import subprocess

import pytest
from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from programs import environment

BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()

FORMATS = {
    "tracecontext": TraceContextTextMapPropagator(),
    "baggage": W3CBaggagePropagator(),
    "b3": B3SingleFormat(),
    "b3multi": B3MultiFormat(),
    "jaeger": JaegerPropagator(),
    "xray": AwsXRayPropagator(),
}
OF_SPANS = sorted(set(FORMATS) - {"baggage"})
VALUES = {"user": "Amélie", "odd": 'a,b;c=d"\\%20 %', "empty": "", "key-1": "💼"}


def pass_on(propagators, headers):
    """The headers that a program of ours sends when these came."""
    done = subprocess.run(
        [BUILD / "tests/integration/propagation_client"],
        input="".join(f"{name}: {value}\n" for name, value in headers.items()),
        env=environment(OTEL_PROPAGATORS=propagators),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


def written(name, context):
    headers = {}
    FORMATS[name].inject(headers, context=context)
    return headers


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def span_context(is_sampled=True, trace_id=0x5759E988BD862E3FE1BE46A994272793):
    state = trace.TraceState([("a", "1"), ("b", "it's")])
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if is_sampled else 0)
    return trace.SpanContext(trace_id, 0x00F067AA0BA902B7, True, flags, state)


def context_of(span):
    return trace.set_span_in_context(trace.NonRecordingSpan(span), Context())


def span_in(context):
    return trace.get_current_span(context).get_span_context()


@pytest.mark.parametrize("is_sampled", [True, False])
@pytest.mark.parametrize("name", OF_SPANS)
def test_a_span_context_comes_back_as_it_was(name, is_sampled):
    sent = span_context(is_sampled)
    headers = pass_on(name, written(name, context_of(sent)))
    back = span_in(FORMATS[name].extract(headers, Context()))
    assert (back.trace_id, back.span_id) == (sent.trace_id, sent.span_id)
    assert back.trace_flags.sampled == is_sampled
    if name == "tracecontext":
        assert back.trace_state == sent.trace_state


@pytest.mark.parametrize("name", sorted(set(OF_SPANS) - {"jaeger"}))
def test_the_headers_are_those_that_they_write(name):
    headers = written(name, context_of(span_context()))
    assert lower(pass_on(name, headers)) == lower(headers)


@pytest.mark.parametrize("name", OF_SPANS)
@pytest.mark.parametrize("to", OF_SPANS)
def test_one_format_in_another_out(name, to):
    sent = span_context(trace_id=0x0000000000000000E1BE46A994272793)
    headers = pass_on(f"{name},{to}", written(name, context_of(sent)))
    back = span_in(FORMATS[to].extract(headers, Context()))
    assert (back.trace_id, back.span_id) == (sent.trace_id, sent.span_id)


@pytest.mark.parametrize("name", ["baggage", "jaeger"])
def test_baggage_comes_back_as_it_was(name):
    context = context_of(span_context())  # without a span theirs for jaeger writes nothing
    for key, value in VALUES.items():
        context = baggage.set_baggage(key, value, context)
    headers = pass_on(name, written(name, context))
    if name == "baggage":  # theirs writes a blank as a plus, which W3C Baggage does not know
        values = {key: value.replace(" ", "+") for key, value in VALUES.items()}
    else:
        values = {key: value.strip() for key, value in VALUES.items()}
    assert baggage.get_all(FORMATS[name].extract(headers, Context())) == values


def test_the_debug_flag_of_b3_goes_on():
    headers = {"b3": "5759e988bd862e3fe1be46a994272793-00f067aa0ba902b7-d"}
    assert pass_on("b3", headers) == headers
    several = pass_on("b3,b3multi", headers)
    assert several["x-b3-flags"] == "1"
    assert span_in(FORMATS["b3multi"].extract(several, Context())).trace_flags.sampled
