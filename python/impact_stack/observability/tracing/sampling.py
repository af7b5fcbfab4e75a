"""Samplers: which spans are recorded, in the shape of `opentelemetry.sdk.trace.sampling`.

The samplers here, and those of opentelemetry-sdk, are the core's: a provider that is given one asks
no Python. Any other object with `should_sample` is asked for each span that starts.
"""

from __future__ import annotations

import abc
import contextvars
import enum
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from opentelemetry import trace

from .needed import need
from .repeated import say

_SDK_MODULE = "opentelemetry.sdk.trace.sampling"


class Decision(enum.Enum):
    """What is to be done with a span."""

    DROP = 0
    RECORD_ONLY = 1
    RECORD_AND_SAMPLE = 2

    def is_recording(self) -> bool:
        """Return whether processors see the span."""
        return self is not Decision.DROP

    def is_sampled(self) -> bool:
        """Return whether exporters see the span."""
        return self is Decision.RECORD_AND_SAMPLE


class SamplingResult:
    """A decision, attributes to add to the span, and its trace state."""

    def __init__(
        self,
        decision: Decision,
        attributes: Mapping[str, Any] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> None:
        self.decision = decision
        self.attributes = MappingProxyType(dict(attributes or {}))
        self.trace_state = trace_state

    def __repr__(self) -> str:
        return f"SamplingResult({self.decision}, attributes={dict(self.attributes)})"


class Sampler(abc.ABC):
    """What a sampler has."""

    @abc.abstractmethod
    def should_sample(
        self,
        parent_context: Any,
        trace_id: int,
        name: str,
        kind: trace.SpanKind | None = None,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[trace.Link] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> SamplingResult:
        """Decide about a span that is about to start."""

    @abc.abstractmethod
    def get_description(self) -> str:
        """Return what it is, in a line."""


def _parent_of(context: Any) -> trace.SpanContext:
    return trace.get_current_span(context).get_span_context()


_Asked = tuple[str, Any, Any, Any]
"""Name, kind, attributes and links."""


class _CoreSampler(Sampler):
    """One that the core has too: this is what others ask, as samplers of their own do."""

    def should_sample(
        self,
        parent_context: Any,
        trace_id: int,
        name: str,
        kind: trace.SpanKind | None = None,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[trace.Link] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> SamplingResult:
        return self._result(parent_context, trace_id, (name, kind, attributes, links))

    @abc.abstractmethod
    def _result(self, parent_context: Any, trace_id: int, asked: _Asked) -> SamplingResult:
        """Decide."""


class StaticSampler(_CoreSampler):
    """The same decision, always."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

    def _result(self, parent_context: Any, trace_id: int, asked: _Asked) -> SamplingResult:
        kept = asked[2] if self._decision.is_recording() else None
        return SamplingResult(self._decision, kept, _parent_of(parent_context).trace_state)

    def get_description(self) -> str:
        return "AlwaysOnSampler" if self._decision.is_recording() else "AlwaysOffSampler"


ALWAYS_ON = StaticSampler(Decision.RECORD_AND_SAMPLE)
ALWAYS_OFF = StaticSampler(Decision.DROP)


class TraceIdRatioBased(_CoreSampler):
    """A share of all traces, by their ids: 0 to 1."""

    def __init__(self, rate: float) -> None:
        if not 0 <= rate <= 1:
            raise ValueError("the share of traces that are sampled is 0 to 1")
        self.rate = rate

    @property
    def bound(self) -> int:
        """The lower 64 bits of a sampled trace id are less than this."""
        return round(self.rate * 2**64)

    def _result(self, parent_context: Any, trace_id: int, asked: _Asked) -> SamplingResult:
        chosen = ALWAYS_ON if trace_id & (2**64 - 1) < self.bound else ALWAYS_OFF
        return chosen._result(parent_context, trace_id, asked)

    def get_description(self) -> str:
        return f"TraceIdRatioBased{{{self.rate}}}"


class ParentBased(_CoreSampler):
    """What the parent's sampler decided, or another sampler for each kind of parent."""

    def __init__(
        self,
        root: Sampler,
        remote_parent_sampled: Sampler = ALWAYS_ON,
        remote_parent_not_sampled: Sampler = ALWAYS_OFF,
        local_parent_sampled: Sampler = ALWAYS_ON,
        local_parent_not_sampled: Sampler = ALWAYS_OFF,
    ) -> None:
        self._root = root
        self._remote_parent_sampled = remote_parent_sampled
        self._remote_parent_not_sampled = remote_parent_not_sampled
        self._local_parent_sampled = local_parent_sampled
        self._local_parent_not_sampled = local_parent_not_sampled

    def _sampler_for(self, parent: trace.SpanContext) -> Sampler:
        if not parent.is_valid:
            return self._root
        if parent.is_remote:
            sampled, not_sampled = self._remote_parent_sampled, self._remote_parent_not_sampled
        else:
            sampled, not_sampled = self._local_parent_sampled, self._local_parent_not_sampled
        return sampled if parent.trace_flags.sampled else not_sampled

    def _result(self, parent_context: Any, trace_id: int, asked: _Asked) -> SamplingResult:
        sampler = self._sampler_for(_parent_of(parent_context))
        return sampler.should_sample(parent_context, trace_id, *asked)

    def get_description(self) -> str:
        members = (f"{n}:{s.get_description()}" for n, s in zip(_PARENT_NAMES, _parents(self)))
        return f"ParentBased{{{','.join(members)}}}"


_PARENT_NAMES = (
    "root",
    "remoteParentSampled",
    "remoteParentNotSampled",
    "localParentSampled",
    "localParentNotSampled",
)

DEFAULT_ON = ParentBased(ALWAYS_ON)
DEFAULT_OFF = ParentBased(ALWAYS_OFF)


def _parents(sampler: Any) -> tuple[Any, ...]:
    """Return the samplers of a ParentBased, in the order of the core."""
    return (
        sampler._root,
        sampler._remote_parent_sampled,
        sampler._remote_parent_not_sampled,
        sampler._local_parent_sampled,
        sampler._local_parent_not_sampled,
    )


def sampler_of_environment() -> Sampler:
    """Return what `OTEL_TRACES_SAMPLER` says, which the core reads too, and is strict about."""
    ratio = TraceIdRatioBased(_ratio_of_environment())
    samplers: dict[str, Sampler] = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": ratio,
        "parentbased_always_off": DEFAULT_OFF,
        "parentbased_traceidratio": ParentBased(ratio),
    }
    name = os.environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    return samplers.get(name, DEFAULT_ON)


def _ratio_of_environment() -> float:
    try:
        ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", ""))
    except ValueError:
        return 1.0
    return ratio if 0 <= ratio <= 1 else 1.0


# ---- what the core takes ----


def sampler_argument(sampler: Any) -> Any:
    """Return the sampler in the core's form: (name, ratio, samplers by parent); else itself."""
    if sampler is None:
        return None
    need("sampler", sampler, "should_sample")
    form = _core_form(sampler)
    return sampler if form is None else form


def _core_form(sampler: Any) -> tuple[Any, ...] | None:
    """Return None for one that the core does not have: a class of one's own, or one of
    opentelemetry-sdk that was changed."""
    kind = type(sampler)
    if kind.__module__ not in (__name__, _SDK_MODULE):
        return None
    reader = _FORMS.get(kind.__qualname__)
    return None if reader is None else reader(sampler)


def _static_form(sampler: Any) -> tuple[Any, ...] | None:
    names = {0: "always_off", 2: "always_on"}
    name = names.get(sampler._decision.value)
    return None if name is None else (name, 0.0, None)


def _ratio_form(sampler: Any) -> tuple[Any, ...]:
    return ("traceidratio", float(sampler.rate), None)


def _parent_form(sampler: Any) -> tuple[Any, ...] | None:
    forms = tuple(_core_form(inner) for inner in _parents(sampler))
    return None if None in forms else ("parentbased", 0.0, forms)


_FORMS: dict[str, Callable[[Any], tuple[Any, ...] | None]] = {
    "StaticSampler": _static_form,
    "TraceIdRatioBased": _ratio_form,
    "ParentBased": _parent_form,
    "ParentBasedTraceIdRatio": _parent_form,
}


class _Question:
    """What a sampler is asked; it may start spans itself, which are part of the question."""

    is_open = True


# Of the greenlet or task: another one of the same thread may start spans while a sampler waits.
_question: contextvars.ContextVar[_Question | None] = contextvars.ContextVar(
    "question", default=None
)


def ask_sampler(
    sampler: Any,
    parent_context: Any,
    trace_id: int,
    name: str,
    kind: trace.SpanKind | None,
    attributes: Any,
    links: Any,
) -> tuple[int, Any, str | None]:
    """Return decision, attributes and trace state (None: the parent's).

    A sampler that fails drops the span; so does one for the spans that it starts itself.
    """
    outer = _question.get()
    if outer is not None and outer.is_open:
        return Decision.DROP.value, None, None
    question = _Question()
    token = _question.set(question)
    try:
        result = sampler.should_sample(
            parent_context, trace_id, name, kind or trace.SpanKind.INTERNAL, attributes, links
        )
        state = result.trace_state
        return result.decision.value, result.attributes, state.to_header() if state else ""
    except Exception as error:  # pylint: disable=broad-exception-caught
        say(logging.ERROR, "sampler", f"The sampler {type(sampler).__name__} failed", error)
        return Decision.DROP.value, None, None
    finally:
        question.is_open = False
        _question.reset(token)
