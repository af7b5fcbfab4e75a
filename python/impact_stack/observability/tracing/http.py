"""What the native instrumentors share: the environment of HTTP instrumentation, and its words.

The variables are those of opentelemetry-instrumentation. They are read when something is
instrumented, not for each request.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from wsgiref.util import request_uri

from opentelemetry import context as context_api
from opentelemetry import trace

from .. import logger
from .repeated import say

_HEADERS = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
_SENSITIVE_PARAMETERS = ("AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature")
_REDACTED = "REDACTED"


@dataclass(frozen=True)
class Conventions:
    """Which attributes are reported (OTEL_SEMCONV_STABILITY_OPT_IN): old, new, or both."""

    reports_old: bool = True
    reports_new: bool = False
    takes_all_methods: bool = False

    @property
    def schema_url(self) -> str:
        """Where the attributes are defined."""
        version = "1.21.0" if self.reports_new else "1.11.0"
        return f"https://opentelemetry.io/schemas/{version}"


def conventions_from_environment() -> Conventions:
    """Return what the environment asks for."""
    wanted = names_in("OTEL_SEMCONV_STABILITY_OPT_IN")
    is_both = "http/dup" in wanted
    return Conventions(
        reports_old=is_both or "http" not in wanted,
        reports_new=is_both or "http" in wanted,
        takes_all_methods=bool(
            os.environ.get("OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS")
        ),
    )


def names_in(variable: str) -> list[str]:
    """Return the items of a comma list in the environment."""
    text = os.environ.get(variable)
    return [item.strip() for item in text.split(",")] if text else []


def excluded_urls(instrumentor: str, given: str | None) -> re.Pattern[str] | None:
    """Return a pattern for the URLs that are not traced: as given, or from the environment."""
    if given is None:
        general = os.environ.get("OTEL_PYTHON_EXCLUDED_URLS", "")
        given = os.environ.get(f"OTEL_PYTHON_{instrumentor}_EXCLUDED_URLS", general)
    patterns = _sound([item.strip() for item in given.split(",")] if given else [])
    return re.compile("|".join(patterns)) if patterns else None


def _sound(patterns: list[str]) -> list[str]:
    """Return those that are regular expressions, side by side; say which ones are not."""
    kept: list[str] = []
    for pattern in patterns:
        try:
            re.compile("|".join([*kept, pattern]))
        except (re.error, RecursionError, OverflowError) as error:
            say(
                logging.ERROR, f"pattern {pattern}", f"The pattern {pattern!r} is not used: {error}"
            )
        else:
            kept.append(pattern)
    return kept


_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
)


def normal_method(method: str, conventions: Conventions) -> str:
    """Return a known method in capitals, or "_OTHER"."""
    method = method.upper()
    return method if method in _METHODS or conventions.takes_all_methods else "_OTHER"


def synthetic_type(user_agent: str) -> str | None:
    """Return what kind of program says so of itself, and None for browsers and the like."""
    user_agent = user_agent.lower()
    if "alwayson" in user_agent:
        return "test"
    return "bot" if "googlebot" in user_agent or "bingbot" in user_agent else None


_SUPPRESSING = (
    context_api._SUPPRESS_INSTRUMENTATION_KEY,
    context_api._SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    "suppress_instrumentation",
)


def is_http_suppressed() -> bool:
    """Whether clients shall make no spans here: somebody above them does, or wants none."""
    current = context_api.get_current()
    return bool(current) and any(current.get(key) for key in _SUPPRESSING)


# ---- captured headers ----


class HeaderCapture:
    """Makes attributes of the headers whose names match `patterns`."""

    def __init__(self, prefix: str, patterns: list[str], sensitive: list[str]) -> None:
        self._prefix = prefix
        self._wanted = re.compile("|".join(patterns), re.IGNORECASE)
        # What should say what is hidden, and cannot be read, hides all.
        hidden = sensitive if len(_sound(sensitive)) == len(sensitive) else [""]
        self._sensitive = re.compile("|".join(hidden), re.IGNORECASE) if hidden else None

    def attributes_of(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Return one attribute a header; values of sensitive ones are hidden."""
        return {
            f"{self._prefix}{name.lower().replace('-', '_')}": [self._value_of(name, value)]
            for name, value in headers.items()
            if self._wanted.fullmatch(name)
        }

    def _value_of(self, name: str, value: str) -> str:
        is_hidden = self._sensitive is not None and self._sensitive.search(name)
        return "[REDACTED]" if is_hidden else value


def header_capture(side: str, message: str) -> HeaderCapture | None:
    """Return what captures the headers of a message: SERVER or CLIENT, REQUEST or RESPONSE."""
    patterns = _sound(names_in(f"{_HEADERS}{side}_{message}"))
    if not patterns:
        return None
    prefix = f"http.{message.lower()}.header."
    return HeaderCapture(prefix, patterns, names_in(f"{_HEADERS}SANITIZE_FIELDS"))


# ---- URLs ----


def redact_url(url: str) -> str:
    """Hide a URL's user and password, and the values of parameters that sign."""
    if "@" not in url and "?" not in url:
        return url
    try:
        parts = urlsplit(url)
        if parts.scheme and "@" in parts.netloc:
            host = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{_REDACTED}:{_REDACTED}@{host}")
            url = urlunsplit(parts)
        query = parse_qs(parts.query) if parts.query else {}
        hidden = [name for name in _SENSITIVE_PARAMETERS if name in query]
        if not hidden:
            return url
        query.update({name: [_REDACTED] for name in hidden})
        return urlunsplit(parts._replace(query=urlencode(query, doseq=True)))
    except ValueError:
        return url


def url_of(environ: dict[str, Any]) -> str:
    """Return the URL that an environ was made for."""
    return redact_url(request_uri(environ))


# ---- statuses and hooks ----


def error_setter(conventions: Conventions) -> Callable[[trace.Span, str], None]:
    """Return a function that says in a server's span that its answer is an error."""

    def set_error(span: trace.Span, status: str) -> None:
        code = str(status).split(" ", 1)[0]
        if not span.is_recording():
            return
        if conventions.reports_new:
            span.set_attribute("error.type", code)
        description = None if code.isdecimal() else f"Non-integer HTTP status: {code}"
        span.set_status(trace.Status(trace.StatusCode.ERROR, description))

    return set_error


def guarded(hook: Callable[..., Any] | None) -> Callable[..., None] | None:
    """Return a hook that logs what it raises: a request must not fail because it is traced."""
    if not callable(hook):
        return None

    def call(*args: Any) -> None:
        try:
            hook(*args)
        except Exception:  # pylint: disable=broad-exception-caught
            logger.exception("A hook of the instrumentation failed")

    return call


def joined_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name in lower case; those that come again are joined by commas."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined
