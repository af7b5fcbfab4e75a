"""Values of any shape, against the official classes: what the core encodes they decode, what they
encode the core decodes.

The functions are hidden in libimpact; so the static library is linked into a shared object that
shows them.
"""

import base64
import ctypes
import json
import random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

import shims

ROUNDS = 3000
DEPTH_LIMIT = 30  # IMPACT_VALUE_DEPTH_LIMIT

SHIM = r"""
#include "export/span_json.h"
#include "signal/encode_value.h"

size_t encode(const impact_value *value, uint32_t length_limit, uint8_t *to);
size_t to_json(const char *span, size_t size, char *to);

size_t encode(const impact_value *value, uint32_t length_limit, uint8_t *to)
{
    size_t size = 0;
    if (!impact__value_measure(&size, value, length_limit))
        return SIZE_MAX;
    return (size_t)(impact__write_value(to, size, value, length_limit) - to);
}

size_t to_json(const char *span, size_t size, char *to)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    if (!impact__span_json_append(&buffer, impact_text_from(span, size), impact_text_of("")))
        return 0;
    memcpy(to, buffer.data, buffer.size);
    const size_t written = buffer.size;
    impact__buffer_close(&buffer);
    return written;
}
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    library = shims.load(tmp_path_factory.mktemp("shim"), SHIM)
    library.encode.restype = library.to_json.restype = ctypes.c_size_t
    return library


# ---- values as C has them ----


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Content(ctypes.Union):
    _fields_ = [
        ("pointer", ctypes.c_void_p),
        ("string", ctypes.c_char_p),
        ("boolean", ctypes.c_bool),
        ("integer", ctypes.c_int64),
        ("real", ctypes.c_double),
    ]


class Value(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("count", ctypes.c_size_t), ("content", Content)]


class Attribute(ctypes.Structure):
    _fields_ = [("key", Text), ("value", Value)]


STRING, BOOL, INT, DOUBLE, NULL, BYTES, ARRAY, MAP = 1, 2, 3, 4, 9, 10, 11, 12


def pointing(kind, items, keep):
    keep.append(items)
    return Value(kind, len(items), Content(pointer=ctypes.addressof(items)))


def to_c(value, keep):
    """The value as an impact_value; `keep` holds what it borrows."""
    match value:
        case None:
            return Value(NULL)
        case bool():
            return Value(BOOL, 0, Content(boolean=value))
        case int():
            return Value(INT, 0, Content(integer=value))
        case float():
            return Value(DOUBLE, 0, Content(real=value))
        case str() | bytes():
            data = value.encode() if isinstance(value, str) else value
            keep.append(data)
            kind = STRING if isinstance(value, str) else BYTES
            return Value(kind, len(data), Content(string=data))
        case dict():
            pairs = [
                Attribute(Text(k.encode(), len(k.encode())), to_c(v, keep))
                for k, v in value.items()
            ]
            keep.append(pairs)
            return pointing(MAP, (Attribute * len(pairs))(*pairs), keep)
        case _:
            return pointing(ARRAY, (Value * len(value))(*[to_c(v, keep) for v in value]), keep)


# ---- values as the official classes have them ----


def to_official(value):
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case dict():
            pairs = [KeyValue(key=k, value=to_official(v)) for k, v in value.items()]
            return AnyValue(kvlist_value=KeyValueList(values=pairs))
        case _:
            return AnyValue(array_value=ArrayValue(values=[to_official(v) for v in value]))


def as_json(value):
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {k: as_json(v) for k, v in value.items()}
        case list():
            return [as_json(v) for v in value]
        case _:
            return value


def cut(value, limit):
    match value:
        case str() | bytes():
            return value[:limit]
        case dict():
            return {k: cut(v, limit) for k, v in value.items()}
        case list():
            return [cut(v, limit) for v in value]
        case _:
            return value


# ---- any value ----


def any_value(source, depth=0):
    kind = source.randrange(10 if depth < 8 else 6)
    if kind >= 8:
        return [any_value(source, depth + 1) for _ in range(source.randrange(5))]
    if kind >= 6:
        return {
            text(source) or "k": any_value(source, depth + 1) for _ in range(source.randrange(5))
        }
    return [
        None,
        bool(source.randrange(2)),
        source.randrange(-(2**63), 2**63) >> source.randrange(64),
        source.choice([0.0, -0.0, 0.1, 1e300, source.random()]),
        text(source),
        source.randbytes(source.choice([0, 1, 5, 200])),
    ][kind]


def text(source):
    return "".join(
        source.choices('ab<"\\\0\n\u00e9\u20ac\U0001f600', k=source.choice([0, 1, 3, 130]))
    )


def values():
    source = random.Random(8)
    return [any_value(source) for _ in range(ROUNDS)]


ANY_LENGTH = 2**32 - 1


def encoded(core, value, limit=ANY_LENGTH):
    keep = []
    given = to_c(value, keep)
    official = to_official(value).ByteSize()
    to = ctypes.create_string_buffer(official + 1)
    size = core.encode(ctypes.byref(given), limit, to)
    assert size <= official, "it writes no more than it takes"
    return to.raw[:size]


def test_what_the_core_encodes_is_byte_for_byte_what_the_official_classes_encode(core):
    for value in values():
        assert encoded(core, value) == to_official(value).SerializeToString(deterministic=True)


def test_strings_and_bytes_are_cut_at_any_depth(core):
    for value in values():
        should = to_official(cut(value, 2)).SerializeToString(deterministic=True)
        assert encoded(core, value, 2) == should


def test_what_the_official_classes_encode_is_what_the_console_shows(core):
    for value in values():
        span = Span(attributes=[KeyValue(key="k", value=to_official(value))]).SerializeToString()
        to = ctypes.create_string_buffer(40 * len(span) + 4096 * 8)
        size = core.to_json(span, ctypes.c_size_t(len(span)), to)
        shown = json.loads(to.raw[:size])["attributes"]
        assert shown == {"k": as_json(value)}


def in_a_request(value):
    """The value of an attribute of an event: nowhere do more messages lie around one."""
    for field in (
        2,
        3,
        11,
        2,
        2,
        1,
    ):  # KeyValue, Event, Span, ScopeSpans, ResourceSpans, the request
        size = (
            bytes([len(value)])
            if len(value) < 128
            else bytes([len(value) & 127 | 128, len(value) >> 7])
        )
        value = bytes([field << 3 | 2]) + size + value
    return value


@pytest.mark.parametrize(
    "wrap", [lambda value: [value], lambda value: {"k": value}], ids=["array", "map"]
)
def test_the_deepest_value_is_decoded_in_a_request_and_what_is_deeper_is_null(core, wrap):
    """The official decoders read at most 100 messages in one another."""
    deep = 7
    for _ in range(DEPTH_LIMIT + 5):
        deep = wrap(deep)
    keep = []
    given = to_c(deep, keep)
    to = ctypes.create_string_buffer(4096)
    size = core.encode(ctypes.byref(given), 0, to)
    request = ExportTraceServiceRequest.FromString(in_a_request(to.raw[:size]))
    (event,) = request.resource_spans[0].scope_spans[0].spans[0].events
    shown = str(event.attributes[0])
    assert shown.count("array_value {") + shown.count("kvlist_value {") == DEPTH_LIMIT
    assert "int_value" not in shown
