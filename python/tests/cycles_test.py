"""Providers, tracers and spans that lead to one another are collected, in whatever circle."""

import gc
import weakref

import pytest

from impact_stack.observability.tracing.processors import SpanProcessor
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.sampling import Decision, SamplingResult


class Leading(SpanProcessor):
    """A processor, sampler and generator of ids that leads to whatever it is given."""

    leads_to = None

    def should_sample(self, *_arguments):
        """Sample all."""
        return SamplingResult(Decision.RECORD_AND_SAMPLE)

    def generate_span_id(self):
        """Return an id."""
        return 5

    generate_trace_id = generate_span_id


class Name(str):
    """A name that may lead to something."""


def by_sampler(leading):
    """Have a provider lead there by its sampler, of which C knows alone."""
    provider = TracerProvider(leading, exporters=(), shutdown_on_exit=False)
    provider.sampler = None
    return provider


def by_generator(leading):
    """By its generator."""
    provider = TracerProvider(id_generator=leading, exporters=(), shutdown_on_exit=False)
    provider.id_generator = None
    return provider


def by_processor(leading):
    """By a processor."""
    provider = TracerProvider(exporters=(), shutdown_on_exit=False)
    provider.add_span_processor(leading)
    return provider


def to_provider(provider):
    """Lead back to the provider itself."""
    return provider


def to_tracer(provider):
    """By a tracer."""
    return provider.get_tracer("x")


def to_span(provider):
    """By a span that lives."""
    return provider.get_tracer("x").start_span("a")


def to_ended_span(provider):
    """By one that has ended."""
    span = to_span(provider)
    span.end()
    return span


def to_block(provider):
    """By the block of a span."""
    return provider.get_tracer("x").start_as_current_span("a")


@pytest.mark.parametrize("there", [by_sampler, by_generator, by_processor])
@pytest.mark.parametrize("back", [to_provider, to_tracer, to_span, to_ended_span, to_block])
def test_a_circle_is_collected(there, back):
    """Also where one of its steps is known to C alone."""
    leading = Leading()
    leading.leads_to = back(there(leading))
    gone = weakref.ref(leading)
    del leading
    gc.collect()
    assert gone() is None


def test_a_span_may_lead_to_itself_by_its_name():
    """Any text is a name."""
    provider = TracerProvider(exporters=(), shutdown_on_exit=False)
    name = Name("a")
    name.span = provider.get_tracer("x").start_span(name)
    gone = weakref.ref(provider)
    del name, provider
    gc.collect()
    assert gone() is None
