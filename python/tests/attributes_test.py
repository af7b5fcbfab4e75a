"""Attributes that are not plain: nothing raises, and what is recorded is said here."""

import datetime
import enum
import http
import itertools
import logging
import numbers
import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import pytest
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

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


class Row(Sequence):
    """A sequence that is no list."""

    def __getitem__(self, index):
        return (1, "two", None)[index]

    def __len__(self):
        return 3


def name_of(value):
    """The same in each process, where addresses differ."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def nested(depth, innermost=7):
    """Lists in one another."""
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


def sdk_records(value):
    """Return what opentelemetry-sdk keeps of a value; lists for its tuples, as the wire has no such
    difference."""
    exporter = InMemorySpanExporter()
    provider = SdkTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("sdk").start_span("a", attributes={"k": value}).end()
    return listed(exporter.get_finished_spans()[0].attributes["k"])


def listed(value):
    """Return a value with lists in place of tuples."""
    if isinstance(value, tuple):
        return [listed(item) for item in value]
    if isinstance(value, dict):
        return {key: listed(item) for key, item in value.items()}
    return value


def ours_records(tracer, provider, value):
    """Return what is recorded by set_attribute, by set_attributes and at the start alike."""
    span = tracer.start_span("a", attributes={"start": value})
    span.set_attribute("one", value)
    span.set_attributes({"many": value})
    span.end()
    recorded = attributes_of(exported_spans(provider)["a"])
    assert set(recorded) == {"start", "one", "many"}
    assert str(recorded["start"]) == str(recorded["one"]) == str(recorded["many"])
    return recorded["one"]


@pytest.mark.parametrize(
    "value",
    [
        "text",
        True,
        -(2**63),
        2**63 - 1,
        0.1,
        None,
        b"bytes \xff\0",
        b"",
        "nul \0 inside",
        pytest.param("x" * 60_000, id="long"),
        [1, 0.5],
        [1, "a", None, b"b", True],
        [[1], [2, [3]], []],
        (),
        {"k": 1},
        {"k": {"of": [1, {"maps": None}]}, "l": {}},
        {5: 1, "": 2, None: 3, "k": 4},
        {1.5: {2: 3}},
        OrderedDict(k=1),
        MappingProxyType({"k": [1]}),
        Row(),
        range(3),
        deque([1, "a"]),
        Colour.RED,
        http.HTTPStatus.OK,
        [http.HTTPStatus.OK, 1],
        Thing(),
        object(),
        [Thing(), object()],
        {1, 2} - {2},
        Decimal("0.1"),
        2j,
        datetime.date(2026, 1, 2),
    ],
    ids=name_of,
)
def test_a_value_is_recorded_as_opentelemetry_sdk_does(tracer, provider, value):
    """Null, bytes, maps, mixed and nested lists; text where there is nothing better."""
    recorded = ours_records(tracer, provider, value)
    should = sdk_records(value)
    assert recorded == should
    assert type(recorded) is type(should) or isinstance(should, (Colour, int))


class Integral(numbers.Integral):
    """A number that is no int, as numpy's are."""

    def __init__(self, number=7):
        self.number = number

    def __int__(self):
        return self.number

    __index__ = __int__


Integral.__abstractmethods__ = frozenset()


class Real(numbers.Real):
    """A number that is no float."""

    def __float__(self):
        return 0.5


Real.__abstractmethods__ = frozenset()


class Index:
    """A number by __index__ alone."""

    def __index__(self):
        return 7


class Array:
    """What numpy's scalars and arrays have in common."""

    dtype = "any"

    def __init__(self, value, size=1):
        self.value = value
        self.size = size

    def tolist(self):
        """Return Python's own numbers."""
        return self.value

    def __str__(self):
        return "an array"


@pytest.mark.parametrize(
    "value, expected",
    [
        (Integral(), 7),
        (Integral(2**63 - 1), 2**63 - 1),
        (Real(), 0.5),
        (Fraction(1, 4), 0.25),
        (Index(), 7),
        (Array(True), True),
        (Array(3), 3),
        (Array([[1, 2], [3, 4]], 4), [[1, 2], [3, 4]]),
        (Array([0], 65_537), "an array"),
        ([Integral(), Real(), {"k": Index()}], [7, 0.5, {"k": 7}]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_number_of_any_class_is_a_number(tracer, provider, value, expected):
    """opentelemetry-sdk makes them text, which no backend can count with."""
    recorded = ours_records(tracer, provider, value)
    assert recorded == expected and type(recorded) is type(expected)


@pytest.mark.parametrize(
    "value, expected",
    [
        (2**63, str(2**63)),
        ("lone \ud800", "lone ?"),
        ({"lone \ud800": b"\xff"}, {"lone ?": b"\xff"}),
        (bytearray(b"\xff"), b"\xff"),
        (memoryview(b"\xff"), b"\xff"),
        (Level.LOWEST, -(2**63)),
        (Level.HIGHEST, 2**63 - 1),
        pytest.param(Level.BEYOND, str(Level.BEYOND), id="beyond"),
        pytest.param(Loud(7), 7, id="loud"),
        pytest.param(nested(30), nested(30), id="deep"),
        pytest.param(nested(31), nested(30, None), id="deeper"),
        pytest.param(nested(31, Thing()), nested(30, None), id="deeper, not plain"),
    ],
)
def test_what_opentelemetry_sdk_has_no_good_form_for_is_recorded(tracer, provider, value, expected):
    """Where it would drop the value at its export, fail, or make bytes a row of numbers."""
    assert ours_records(tracer, provider, value) == expected


def test_a_list_that_holds_itself_is_recorded_within_bounds(tracer, provider):
    """Once in a row, and twice, which is a tree without an end."""
    once, twice = [1], [2]
    once.append(once)
    twice += [twice, twice]
    span = tracer.start_span("a", attributes={"once": once})
    span.set_attribute("twice", twice)
    span.end()
    recorded = attributes_of(exported_spans(provider)["a"])
    assert recorded["once"][0] == recorded["once"][1][0] == 1
    assert recorded.get("twice", [2])[0] == 2


@pytest.mark.parametrize("key, value", [("k", Mute()), ("", 1), (None, 1), ([], 1)])
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


def test_a_key_that_is_no_text_is_kept_where_opentelemetry_sdk_keeps_it(tracer, provider):
    """In a mapping, not alone."""
    span = tracer.start_span("a", attributes={1: "start"})
    span.set_attribute(2, "one")
    span.set_attributes({3: "many"})
    span.add_event("event", {4: "event"})
    span.end()
    exported = exported_spans(provider)["a"]
    assert attributes_of(exported) == {"1": "start", "3": "many"}
    assert attributes_of(exported.events[0]) == {"4": "event"}


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


def test_a_key_and_type_are_warned_of_once(caplog, monkeypatch):
    """The warning names the key; and a hot loop must not fill the log."""
    monkeypatch.setattr(attributes_, "_warned", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            attributes_.clean_attributes({"k": Thing(), "%s": {"inside": [Thing()]}})
    assert [record.getMessage() for record in caplog.records] == [
        f"Attribute 'k': values of type '{__name__}.Thing' are recorded as strings",
        f"Attribute '%s': values of type '{__name__}.Thing' are recorded as strings",
    ]


def test_what_is_left_out_is_said(caplog, monkeypatch):
    """By key, unless the key itself is the reason."""
    monkeypatch.setattr(attributes_, "_warned", set())
    with caplog.at_level(logging.WARNING):
        attributes_.clean_attributes(
            {"mute": Mute(), "bare": object(), "deep": nested(31), "long": range(70_000), "": 1}
        )
    assert [record.getMessage() for record in caplog.records] == [
        f"Attribute 'mute': a value of type '{__name__}.Mute' cannot be read and is left out",
        "Attribute 'bare': a value of type 'builtins.object' has no text and is recorded as null",
        "Attribute 'deep': what lies deeper than 30 is left out",
        "Attribute 'long': only the first 65536 items are kept",
        "Keys of attributes must be strings and not empty; one of type 'builtins.str' is left out",
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
