"""The console exporter against opentelemetry-sdk: the same spans as JSON, field by field."""

import json
import os
import pathlib
import subprocess

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()
START = 1700000000000001000
END = 1700000001500002000
STATE = TraceState([("a", "1"), ("b", "it's")])
BASE64 = (
    "AP88Pg=="  # opentelemetry's own to_json() refuses bytes; so the specification has them as text
)
REMOTE = SpanContext(
    0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1), STATE
)


def exported():
    """What the client's console exporter writes: its text, and the objects in it by name."""
    done = subprocess.run(
        [BUILD / "tests/integration/export_client", "console", "rich", "10000"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    decoder, objects, rest = json.JSONDecoder(), {}, done.stdout
    while rest:
        value, end = decoder.raw_decode(rest)
        objects[value["name"]] = (value, rest[:end])
        assert rest[end] == "\n"
        rest = rest[end + 1 :]
    return objects


def context_of(value, state):
    """Ids are random: they are taken from the object, the rest of the context is not."""
    context = value["context"]
    return SpanContext(
        int(context["trace_id"], 16), int(context["span_id"], 16), False, TraceFlags(1), state
    )


def expected(objects):
    """The client's spans, as OpenTelemetry's own classes."""
    server = context_of(objects["GET /orders/{id}"][0], STATE)
    own = objects["GET /orders/{id}"][0]["resource"]["attributes"]
    by_itself = ("telemetry.sdk.", "service.instance.id")
    found = {key: own[key] for key in own if key.startswith(by_itself)}
    resource = Resource({**found, "shard": 7, "canary": True, "service.name": "orders"})
    return [
        ReadableSpan(
            name="GET /orders/{id}",
            context=server,
            parent=REMOTE,
            resource=resource,
            kind=SpanKind.SERVER,
            start_time=START,
            end_time=END,
            status=Status(StatusCode.ERROR, "broken"),
            attributes={
                "string": 'café "quoted" <&>\n',
                "bool": True,
                "int": -(2**63),
                "double": 0.1,
                "whole": 3.0,
                "strings": ("a", "bé"),
                "bools": (True, False),
                "ints": (-1, 2**63 - 1),
                "doubles": (0.5, -1e300),
                "empty": (),
                "null": None,
                "mixed": (1, "two", None, (-1, 2**63 - 1)),
                "map": {"pi": 3.25, "of": {"maps": True}, "empty": {}},
                "replaced": "twice",
            },
            events=[
                Event("retry", {"n": 1}, START + 5000),
                Event("again", {}, START + 6000),
            ],
            links=[Link(REMOTE, {"n": 1})],
        ),
        ReadableSpan(
            name="child",
            context=context_of(objects["child"][0], STATE),
            parent=server,
            resource=resource,
            start_time=START + 1000,
            end_time=END - 1000,
            status=Status(StatusCode.OK),
            attributes={},
        ),
        ReadableSpan(
            name="root",
            context=context_of(objects["root"][0], TraceState()),
            resource=resource,
            kind=SpanKind.PRODUCER,
            start_time=START,
            end_time=END,
            attributes={"bytes": BASE64},
        ),
    ]


def test_every_object_is_that_of_opentelemetry():
    objects = exported()
    spans = expected(objects)
    assert set(objects) == {span.name for span in spans}
    for span in spans:
        is_, should = objects[span.name][0], json.loads(span.to_json())
        assert list(is_) == list(should)
        for field, value in should.items():
            assert is_[field] == value, f"{span.name}: {field}"


def test_the_objects_look_the_same():
    """Line by line: the indentation and the order of keys, not only what they mean."""
    objects = exported()
    for span in expected(objects):
        should = json.dumps(json.loads(span.to_json()), indent=4, ensure_ascii=False)
        is_lines = objects[span.name][1].splitlines()
        should_lines = should.splitlines()
        # The resource's attributes have another order; all else has the same.
        end = should_lines.index('    "resource": {')
        assert is_lines[: end + 1] == should_lines[: end + 1]
        assert sorted(line.rstrip(",") for line in is_lines[end:]) == sorted(
            line.rstrip(",") for line in should_lines[end:]
        )
