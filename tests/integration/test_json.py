"""The core's JSON text, whole spans of it, UTF-8 check and repair, held to Python's own parser and
decoder.

The functions are hidden in libimpact; so the static library is linked into a shared object that
shows them.
"""

import base64
import ctypes
import json
import math
import random
import struct

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

import shims

SHIM = r"""
#include "base/json.h"
#include "base/text.h"
#include "export/span_json.h"

size_t json_string(const char *data, size_t size, char *to);
size_t json_html_string(const char *data, size_t size, char *to);
size_t json_double(double value, char *to);
size_t valid_prefix(const char *data, size_t size);
size_t repair(const char *data, size_t size, char *to);
size_t span_json(const char *data, size_t size, char *to, size_t room);

static size_t hand_out(impact__buffer *buffer, char *to)
{
    const size_t size = buffer->size;
    memcpy(to, buffer->data, size);
    impact__buffer_close(buffer);
    return size;
}

size_t json_string(const char *data, size_t size, char *to)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_string(&buffer, impact_text_from(data, size));
    return hand_out(&buffer, to);
}

size_t json_html_string(const char *data, size_t size, char *to)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_html_string(&buffer, impact_text_from(data, size));
    return hand_out(&buffer, to);
}

size_t json_double(double value, char *to)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_double(&buffer, value);
    return hand_out(&buffer, to);
}

size_t valid_prefix(const char *data, size_t size)
{
    return impact__utf8_valid_prefix(impact_text_from(data, size));
}

size_t repair(const char *data, size_t size, char *to)
{
    impact__utf8_repair(to, impact_text_from(data, size));
    return impact__utf8_repaired_size(impact_text_from(data, size));
}

/* 0: it is no span. */
size_t span_json(const char *data, size_t size, char *to, size_t room)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    if (!impact__span_json_append(&buffer, impact_text_from(data, size), impact_text_from(NULL, 0)))
        return 0;
    return buffer.size <= room ? hand_out(&buffer, to) : (size_t)-1;
}
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    library = shims.load(tmp_path_factory.mktemp("shim"), SHIM)
    for name in (
        "json_string",
        "json_html_string",
        "json_double",
        "valid_prefix",
        "repair",
        "span_json",
    ):
        getattr(library, name).restype = ctypes.c_size_t
    return library


def json_string(core, data, name="json_string"):
    to = ctypes.create_string_buffer(6 * len(data) + 2)
    size = getattr(core, name)(data, ctypes.c_size_t(len(data)), to)
    return to.raw[:size]


def repair(core, data):
    to = ctypes.create_string_buffer(3 * len(data) + 1)
    size = core.repair(data, ctypes.c_size_t(len(data)), to)
    return to.raw[:size].decode("utf-8")


def replace_each_byte(data):
    """Python's own repair replaces longest ill-formed pieces; ours each ill-formed byte."""
    return data.decode("utf-8", "surrogateescape").translate(
        {0xDC00 + byte: "\ufffd" for byte in range(0x80, 0x100)}
    )


def pieces(count):
    """Random bytes, mixed of what is well-formed and what is nearly so."""
    source = random.Random(2)
    stock = [bytes([byte]) for byte in range(256)]
    stock += [
        chr(c).encode()
        for c in (0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF)
    ]
    stock += [
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf",
        b"\xe0\x80\x80",
        b"\xf0\x8f\xbf\xbf",
    ]
    return [b"".join(source.choices(stock, k=source.randrange(20))) for _ in range(count)]


def test_each_character_comes_back(core):
    for start in range(0, 0x110000, 0x800):
        if start == 0xD800:
            continue  # surrogates are no characters
        text = "".join(map(chr, range(start, start + 0x800)))
        assert json.loads(json_string(core, text.encode())) == text


def test_bytes_come_back_repaired(core):
    for data in pieces(20000):
        assert json.loads(json_string(core, data)) == replace_each_byte(data)
        assert repair(core, data) == replace_each_byte(data)


def test_nothing_in_a_string_for_browsers_is_html(core):
    written = json_string(core, bytes(range(256)), "json_html_string")
    assert not set(written) & set(b"<>&")
    assert json.loads(written) == json.loads(json_string(core, bytes(range(256))))


def test_strings_look_as_pythons_but_for_what_is_not_ascii(core):
    text = "".join(map(chr, range(0x7F)))
    assert json_string(core, text.encode()).decode() == json.dumps(text)


def valid_prefix_by_python(data):
    try:
        data.decode("utf-8")
        return len(data)
    except UnicodeDecodeError as error:
        return error.start


def test_the_valid_prefix_is_pythons(core):
    short = [bytes([a, b]) for a in range(256) for b in range(256)]
    borders = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    long = [
        bytes([a, b, c, d])
        for a in range(0xE0, 0x100)
        for b in range(256)
        for c in borders
        for d in borders
    ]
    for data in short + long + pieces(20000):
        assert core.valid_prefix(data, ctypes.c_size_t(len(data))) == valid_prefix_by_python(
            data
        ), data


def test_doubles_come_back(core):
    source = random.Random(3)
    to = ctypes.create_string_buffer(64)
    values = [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1e22, 5e-324, 1.7976931348623157e308, 2.0**53]
    values += [struct.unpack("<d", source.randbytes(8))[0] for _ in range(20000)]
    for value in values:
        size = core.json_double(ctypes.c_double(value), to)
        back = json.loads(to.raw[:size])
        if math.isfinite(value):
            assert isinstance(back, float) and struct.pack("<d", back) == struct.pack("<d", value)
        else:
            assert back is None


# ---- spans ----

ROOM = 1 << 22


def span_json(core, data):
    """The object of a span, or None where the bytes are no span."""
    to = ctypes.create_string_buffer(ROOM)
    size = core.span_json(data, ctypes.c_size_t(len(data)), to, ctypes.c_size_t(ROOM))
    assert size <= ROOM
    return json.loads(to.raw[:size].decode("utf-8")) if size else None


def random_text(source):
    stock = [
        "<",
        "&",
        '"',
        "\\",
        "\n",
        "\0",
        "\x1b",
        "\x7f",
        "\x9b",
        "é",
        "\u2028",
        "\U0001f600",
        "a",
        "{",
        "]",
    ]
    return "".join(source.choices(stock, k=source.randrange(8)))


def fill_value(source, value, depth):
    kind = source.randrange(5 if depth == 4 else 7)
    if kind == 0:
        value.string_value = random_text(source)
    elif kind == 1:
        value.int_value = source.randrange(-(2**63), 2**63)
    elif kind == 2:
        value.double_value = struct.unpack("<d", source.randbytes(8))[0]
    elif kind == 3:
        value.bytes_value = source.randbytes(source.randrange(8))
    elif kind == 4:
        value.bool_value = source.random() < 0.5
    elif kind == 5:
        value.array_value.SetInParent()
        for _ in range(source.randrange(4)):
            fill_value(source, value.array_value.values.add(), depth + 1)
    else:
        value.kvlist_value.SetInParent()
        fill_attributes(source, value.kvlist_value.values, depth + 1)


def fill_attributes(source, attributes, depth=0):
    for number in range(source.randrange(4)):
        attribute = attributes.add(key=f"{number}{random_text(source)}")
        fill_value(source, attribute.value, depth)


def random_span(source):
    span = trace_pb2.Span(trace_id=source.randbytes(15) + b"x", span_id=source.randbytes(7) + b"x")
    span.name = random_text(source)
    span.status.code = source.randrange(3)
    span.status.message = random_text(source)
    fill_attributes(source, span.attributes)
    for _ in range(source.randrange(3)):
        event = span.events.add(name=random_text(source), time_unix_nano=source.randrange(2**63))
        fill_attributes(source, event.attributes)
    for _ in range(source.randrange(3)):
        link = span.links.add(trace_id=span.trace_id, span_id=span.span_id)
        fill_attributes(source, link.attributes)
    return span


def expected_value(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [expected_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return expected_attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "double_value" and not math.isfinite(value.double_value):
        return None
    return getattr(value, kind)


def expected_attributes(attributes):
    return {attribute.key: expected_value(attribute.value) for attribute in attributes}


def test_random_spans_come_back_from_their_json(core):
    source = random.Random(4)
    for _ in range(2000):
        span = random_span(source)
        read = span_json(core, span.SerializeToString())
        assert read["name"] == span.name
        assert read["context"]["trace_id"] == "0x" + span.trace_id.hex()
        assert read["attributes"] == expected_attributes(span.attributes)
        assert [event["name"] for event in read["events"]] == [event.name for event in span.events]
        for part in ("events", "links"):
            is_ = [item["attributes"] for item in read[part]]
            assert is_ == [expected_attributes(item.attributes) for item in getattr(span, part)]


def mutate(source, data):
    data = bytearray(data)
    for _ in range(source.randrange(1, 6)):
        at = source.randrange(len(data) + 1)
        kind = source.randrange(4)
        if kind == 0:
            data[at:at] = source.randbytes(source.randrange(1, 4))
        elif kind == 1:
            del data[at : at + source.randrange(1, 4)]
        elif kind == 2:
            data[at : at + 1] = source.randbytes(1)
        else:
            data[at:at] = data[source.randrange(len(data) + 1) :][:32]
    return bytes(data)


def test_whatever_is_taken_for_a_span_is_json(core):
    source = random.Random(5)
    corpus = [
        path.read_bytes() for path in sorted((shims.SOURCE / "fuzz/corpus/span_json").iterdir())
    ]
    taken = sum(span_json(core, data) is not None for data in corpus)
    for _ in range(5000):
        data = mutate(source, random_span(source).SerializeToString())
        taken += span_json(core, data) is not None
    assert taken > 500  # else this shows little
