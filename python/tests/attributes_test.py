"""Attributes that are not plain: nothing raises, and what is recorded is said here."""

import enum
import logging
from collections import OrderedDict
from types import MappingProxyType

import pytest
from conftest import attributes_of, exported_spans

from impact_stack.observability.tracing import attributes as attributes_


class Colour(str, enum.Enum):
    """A string that has a class of its own."""

    RED = "red"


class Thing:
    """A value that is only text by str()."""

    def __str__(self):
        return "a thing"


class Mute:
    """A value that is no text at all."""

    def __str__(self):
        raise ValueError("mute")


@pytest.mark.parametrize(
    "value, expected",
    [
        (Thing(), "a thing"),
        (2**63, str(2**63)),
        (b"bytes \xff", "bytes \ufffd"),
        (Colour.RED, "red"),
        ({"k": 1}, "{'k': 1}"),
        ("lone \ud800", "lone ?"),
        ([1, 0.5], [1.0, 0.5]),
        ([1, "a", None], ["1", "a", "None"]),
        (range(3), [0, 1, 2]),
        ([[1], [2]], ["[1]", "[2]"]),
        ([True, False], [True, False]),
        ("nul \0 inside", "nul \0 inside"),
        pytest.param("x" * 60_000, "x" * 60_000, id="long"),
    ],
)
def test_any_value_is_recorded(tracer, provider, value, expected):
    """By set_attribute, by set_attributes and at the start alike."""
    span = tracer.start_span("a", attributes={"start": value})
    span.set_attribute("one", value)
    span.set_attributes({"many": value})
    span.end()
    recorded = attributes_of(exported_spans(provider)["a"])
    assert recorded == {"start": expected, "one": expected, "many": expected}


@pytest.mark.parametrize("key, value", [("k", None), ("k", Mute()), ("", 1), (5, 1), ([], 1)])
def test_what_cannot_be_recorded_is_left_out(tracer, provider, key, value):
    """And the attributes beside it are kept."""
    span = tracer.start_span("a", attributes={"kept": 1})
    span.set_attribute(key, value)
    if key.__hash__:
        span.set_attributes({key: value, "beside": 2})
    span.end()
    recorded = attributes_of(exported_spans(provider)["a"])
    assert recorded.pop("kept") == 1
    assert recorded in ({}, {"beside": 2})


@pytest.mark.parametrize("mapping", [OrderedDict(k=1), MappingProxyType({"k": 1}), [("k", 1)]])
def test_any_mapping_is_read(tracer, provider, mapping):
    """The SDK's bounded mappings are no dicts."""
    tracer.start_span("a", attributes=mapping).end()
    assert attributes_of(exported_spans(provider)["a"]) == {"k": 1}


@pytest.mark.parametrize("mapping", [5, object(), ["x"], {"k": 1}.keys()])
def test_what_is_no_mapping_is_left_out(tracer, provider, mapping):
    """Recording never raises."""
    span = tracer.start_span("a", attributes=mapping)
    span.set_attributes(mapping)
    span.add_event("event", mapping)
    span.end()
    assert attributes_of(exported_spans(provider)["a"]) == {}


def test_a_type_is_warned_of_once(caplog, monkeypatch):
    """A hot loop must not fill the log."""
    monkeypatch.setattr(attributes_, "_warned", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            attributes_.clean_attributes({"k": Thing()})
    assert [record.getMessage() for record in caplog.records] == [
        f"Attribute values of type '{__name__}.Thing' are recorded as strings"
    ]


class Ender:
    """A value whose text ends the span that it is set on."""

    def __init__(self, span):
        self.span = span

    def __str__(self):
        self.span.end()
        return "ended"


def test_a_span_may_end_while_a_value_is_converted(tracer, provider):
    """The C span is gone then, and nothing is touched that is freed."""
    span = tracer.start_span("a")
    span.set_attribute("k", Ender(span))
    span = tracer.start_span("b")
    span.add_event("event", {"k": Ender(span)})
    assert set(exported_spans(provider)) == {"a", "b"}
