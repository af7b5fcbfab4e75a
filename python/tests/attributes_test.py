"""Attributes that are not plain: nothing raises, and what is recorded is said here."""

import enum
import http
import itertools
import logging
from collections import OrderedDict
from types import MappingProxyType

import pytest
from conftest import attributes_of, exported_spans

from impact_stack.observability.tracing import attributes as attributes_


class Colour(str, enum.Enum):
    """A string that has a class of its own."""

    RED = "red"


class Loud(int):
    """An int whose own operators must not be asked."""

    def __int__(self):
        raise AssertionError("asked")

    __index__ = __le__ = __lt__ = __ge__ = __gt__ = __eq__ = __hash__ = __int__


class Level(enum.IntEnum):
    """The outermost numbers of 64 bits, and the first beyond them."""

    LOWEST = -(2**63)
    HIGHEST = 2**63 - 1
    BEYOND = 2**63


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
        (http.HTTPStatus.OK, 200),
        (Level.LOWEST, -(2**63)),
        (Level.HIGHEST, 2**63 - 1),
        pytest.param(Level.BEYOND, str(Level.BEYOND), id="beyond"),
        pytest.param(Loud(7), 7, id="loud"),
        ([http.HTTPStatus.OK, 1], [200, 1]),
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


def test_an_int_of_any_class_is_recorded_at_once(tracer, provider):
    """In events and by set_attribute alike: no walk over all numbers below it."""
    with tracer.start_as_current_span("a") as span:
        span.add_event("event", {"status": http.HTTPStatus.NOT_FOUND})
    recorded = exported_spans(provider)["a"].events[0].attributes
    assert [(item.key, item.value.int_value) for item in recorded] == [("status", 404)]


@pytest.mark.parametrize("endless", [range(2**62), range(2**70)], ids=["2**62", "2**70"])
def test_a_sequence_without_an_end_is_cut(endless):
    """And so does an endless row of pairs, below."""
    assert attributes_.clean_attributes({"k": endless})["k"] == list(range(65_536))


def test_pairs_without_an_end_are_cut():
    """A generator is a way to give attributes too."""
    assert attributes_.clean_attributes(itertools.repeat(("k", 1))) == {"k": 1}


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
