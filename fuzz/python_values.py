#!/usr/bin/env python3
"""Python's values: whatever is given, recording raises nothing, and records what is said to be.

    python_values.py [--seed N] [--rounds N | --seconds N]

A round makes values at random and records each as an attribute in every way that there is: at a
span's start, by one, by several, of an event and of a link. The spans are decoded by the official
protobuf classes. All ways must have recorded the same, and of values that have a plain form, that
form. The seed and the value are printed when they did not. It runs in the tests' environment.
"""

import argparse
import collections
import enum
import logging
import math
import random
import sys
import time
import types

from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.trace import Link, SpanContext

from impact_stack.observability.tracing.provider import TracerProvider

VALUES = 40  # of a round
DEPTH_LIMIT = 30  # IMPACT_VALUE_DEPTH_LIMIT
INTEGERS = (0, 1, -1, 127, 128, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**40)
REALS = (0.0, -0.0, 0.1, 1e308, 5e-324, math.inf, -math.inf, math.nan)
CHARACTERS = "a\0\n\"\\%é€😀\ud800\udfff\u2028 "
CONTEXT = SpanContext(trace_id=1, span_id=1, is_remote=True)

NO_MODEL = object()
"""What is recorded of such a value is nobody's promise: it has only to be the same in every way."""

UNSTABLE = object()
"""Not even that: it changes while it is read."""

LEFT_OUT = object()
"""A key that is not recorded."""


class Colour(str, enum.Enum):
    """Text, and of a class of its own."""

    RED = "red"


class Level(enum.IntEnum):
    """A number, and of a class of its own."""

    HIGH = 3


class Hostile:
    """Raises wherever it is asked something."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Liar(list):
    """Has other items than it says."""

    def __len__(self):
        return 1000

    def __iter__(self):
        raise RuntimeError("no items")


class Meddler:
    """Changes what it lies in while it is converted."""

    def __init__(self, container):
        self.container = container

    def __str__(self):
        self.container.clear()
        return "meddled"


# ---- values, each with what must be recorded ----


def whole(models, model):
    """The model of a container: the given one where all its items have one."""
    for doubt in (UNSTABLE, NO_MODEL):
        if any(part is doubt for part in models):
            return doubt
    return model


class Maker:
    """Makes values at random. It returns pairs: a value and its model."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth):
        """A value with at most `depth` containers in one another."""
        makers = [self.scalar] * 4 + [self.odd]
        if depth:
            makers += [self.sequence, self.mapping]
        made = self.random.choice(makers)
        return made() if made in (self.scalar, self.odd) else made(depth - 1)

    def text(self):
        """Text, with lone surrogates, and its model, which has question marks."""
        size = self.random.choice((0, 1, 2, 7, 30, 300))
        text = "".join(self.random.choice(CHARACTERS) for _ in range(size))
        return text, text.encode("utf-8", "replace").decode()

    def scalar(self):
        """A plain value, or nearly."""
        data = self.random.randbytes(self.random.choice((0, 1, 9, 200)))
        number = self.random.choice(INTEGERS)
        alike = [None, True, False, data, self.random.choice(REALS), self.random.random()]
        fits = -(2**63) <= number < 2**63
        pairs = [(value, value) for value in alike]
        pairs += [(number, number if fits else str(number)), self.text(), self.text()]
        pairs += [(Colour.RED, "red"), (Level.HIGH, 3), (bytearray(data), data)]
        return self.random.choice(pairs)

    def odd(self):
        """A value that nobody promises anything about."""
        items = [1]
        items.append(Meddler(items))
        pairs = {"a": 1}
        pairs["b"] = Meddler(pairs)
        if self.random.random() < 0.3:
            return self.random.choice((items, pairs)), UNSTABLE
        odd = (Hostile(), Liar([1]), object(), Hostile, iter([1]), {1, 2}, 1j)
        return self.random.choice(odd), NO_MODEL

    def sequence(self, depth):
        """A sequence of some kind."""
        pairs = [self.value(depth) for _ in range(self.random.choice((0, 1, 2, 3, 9)))]
        kind = self.random.choice((list, tuple, collections.deque, collections.UserList))
        models = [model for _, model in pairs]
        return kind([value for value, _ in pairs]), whole(models, models)

    def key(self):
        """A mapping's key, and its model."""
        text, model = self.text()
        pairs = [(text, model or LEFT_OUT)] * 4
        pairs += [(None, LEFT_OUT), (0, LEFT_OUT), (5, "5"), (1.5, "1.5"), (object(), LEFT_OUT)]
        return self.random.choice(pairs)

    def mapping(self, depth):
        """A mapping of some kind."""
        made = {}
        for _ in range(self.random.choice((0, 1, 2, 3, 9))):
            key, key_model = self.key()
            made[key] = (key_model, *self.value(depth))
        items = {key: value for key, (_, value, _) in made.items()}
        kind = self.random.choice((dict, collections.OrderedDict, types.MappingProxyType))
        kept = [(key, model) for key, _, model in made.values() if key is not LEFT_OUT]
        return kind(items), whole([model for _, _, model in made.values()], dict(kept))

    def deep(self):
        """A value at the limit of depth or beyond."""
        depth = self.random.randrange(DEPTH_LIMIT - 2, DEPTH_LIMIT + 3)
        value, model = self.scalar()
        for level in range(depth, 0, -1):
            value = [value]
            model = [model] if level <= DEPTH_LIMIT else None
        return value, model

    def circle(self):
        """A list that holds itself."""
        items = [1]
        items.append(items)
        return items, NO_MODEL

    def any(self):
        """Any of them."""
        roll = self.random.random()
        if roll < 0.05:
            return self.deep()
        return self.circle() if roll < 0.06 else self.value(4)


# ---- what was recorded ----


def value_of(value):
    """The Python value of an AnyValue."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "kvlist_value":
        return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, kind)


def attributes_of(message):
    """Those of a span, an event or a link."""
    return {pair.key: value_of(pair.value) for pair in message.attributes}


def is_same(one, other):
    """Equal, and of the same types: 1 is not True, and 0.0 is not -0.0; NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    return repr(one) == repr(other)


def record(tracer, name, value):
    """Record it in every way."""
    links = [Link(CONTEXT, {"k": value})]
    span = tracer.start_span(name, attributes={"start": value}, links=links)
    span.set_attribute("one", value)
    span.set_attributes({"many": value})
    span.add_event("event", {"k": value})
    span.end()


def ways(span):
    """What was recorded in each way; a way that left it out is not there."""
    found = attributes_of(span)
    for part in (*span.events, *span.links):
        found.update({type(part).__name__: value for value in attributes_of(part).values()})
    return found


def spans_of(provider):
    """The exported spans, by name. Every span that ended is accounted for."""
    if not provider.force_flush(10000):
        raise AssertionError("the spans were not exported")
    stats = provider.stats()
    if stats.pop("ended") != sum(stats.values()):
        raise AssertionError(f"the counters do not add up: {stats}")
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    scopes = [scope for resource in data.resource_spans for scope in resource.scope_spans]
    return {span.name: span for scope in scopes for span in scope.spans}


# ---- rounds ----


def ascii_of(value):
    """Its text for a message, if it has one."""
    try:
        return ascii(value)
    except Exception as error:  # pylint: disable=broad-exception-caught
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def check(span, model):
    """None, or what is wrong."""
    found = ways(span)
    if model is UNSTABLE or (model is NO_MODEL and not found):
        return None
    if sorted(found) != ["Event", "Link", "many", "one", "start"]:
        return f"it was recorded only as {sorted(found)}"
    expected = found["one"] if model is NO_MODEL else model
    wrong = [way for way, what in found.items() if not is_same(what, expected)]
    return f"{wrong} recorded {found[wrong[0]]!r}; it is {expected!r}" if wrong else None


def run_round(seed):
    """Raise AssertionError with what was recorded wrong."""
    maker = Maker(seed)
    provider = TracerProvider(exporters=("memory",))
    tracer = provider.get_tracer("fuzz")
    made = [maker.any() for _ in range(VALUES)]
    for number, (value, _) in enumerate(made):
        record(tracer, str(number), value)
    spans = spans_of(provider)
    for number, (value, model) in enumerate(made):
        wrong = check(spans[str(number)], model)
        if wrong:
            raise AssertionError(f"seed {seed}: {ascii_of(value)[:2000]}: {wrong[:2000]}")
    provider.shutdown(5000)


def main():
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--rounds", type=int, default=sys.maxsize)
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # of what is left out
    until = time.monotonic() + arguments.seconds
    done = 0
    print(f"from seed {arguments.seed} on", flush=True)  # first: the interpreter may crash
    while done < arguments.rounds and time.monotonic() < until:
        run_round(arguments.seed + done)
        done += 1
    print(f"{done} rounds of {VALUES} values")


if __name__ == "__main__":
    main()
