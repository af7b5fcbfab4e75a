"""The core's JSON text, UTF-8 check and repair, held to Python's own parser and decoder.

The functions are hidden in libimpact; so the static library is linked into a shared object that shows them.
"""

import ctypes
import json
import math
import os
import pathlib
import random
import struct
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]

SHIM = r"""
#include "base/json.h"
#include "base/text.h"

size_t json_string(const char *data, size_t size, char *to);
size_t json_double(double value, char *to);
size_t valid_prefix(const char *data, size_t size);
size_t repair(const char *data, size_t size, char *to);

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
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    folder = tmp_path_factory.mktemp("core")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"]
        + [f"-I{SOURCE}/include", f"-I{SOURCE}/src", BUILD / "src" / "libimpact-static.a", "-lm"],
        check=True,
    )
    library = ctypes.CDLL(str(folder / "shim.so"))
    for function in (library.json_string, library.json_double, library.valid_prefix, library.repair):
        function.restype = ctypes.c_size_t
    return library


def json_string(core, data):
    to = ctypes.create_string_buffer(6 * len(data) + 2)
    size = core.json_string(data, ctypes.c_size_t(len(data)), to)
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
    stock += [chr(c).encode() for c in (0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF)]
    stock += [b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe0\x80\x80", b"\xf0\x8f\xbf\xbf"]
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


def test_nothing_in_a_string_is_html(core):
    assert not set(json_string(core, bytes(range(256)))) & set(b"<>&")


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
        bytes([a, b, c, d]) for a in range(0xE0, 0x100) for b in range(256) for c in borders for d in borders
    ]
    for data in short + long + pieces(20000):
        assert core.valid_prefix(data, ctypes.c_size_t(len(data))) == valid_prefix_by_python(data), data


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
