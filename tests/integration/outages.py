"""The outage matrix: what a collector may do wrong, and what becomes of the spans. Each cell is run
by test_outages.py or, all of them in each protocol, by outages_soak.py.

A client (outage_client.c) ends ten spans and flushes them, ends ten more and shuts down, while its
peer behaves as the cell says. Whatever that is: the equation of the counters holds, each call is
back in time and says what is true, no descriptor is left open, no memory is used without a bound.
"""

import concurrent.futures
import contextlib
import dataclasses
import enum
import gzip
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import typing

import pytest

import backend
import outage_client
import peers
from backend import EEXPORT, ETIMEDOUT, OK, SPANS, partial_success, sink

SHORT, LONG = 300, 30000  # milliseconds: of what never ends well, and of what does
TRIES = 20
PEAK_MIB = 40  # more than a client needs, and less than what comes without a bound
TEN_MB = 10 * 1024 * 1024


# ---- what becomes of spans ----


class Outcome(enum.Enum):
    """What each of two rounds of ten spans comes to."""

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    IN_PART = enum.auto()  # three of each round are rejected
    MAY_PASS = enum.auto()  # as long as there is time it is tried again; a shutdown ends that
    PUT_OFF = enum.auto()  # they wait in the queue, and nobody waits for them; likewise
    GIVEN_UP = enum.auto()  # no other try would do better


IN_PART_REJECTED = 3


def expected(outcome, call):
    """The statuses that are true, and the counters that are, after the first or second round."""
    rounds = 1 if call == "flush" else 2
    counters = dict.fromkeys(("waiting", "exported", "rejected", "failed", "dropped"), 0)
    ended = rounds * SPANS
    if outcome is Outcome.TAKEN:
        return {OK}, counters | {"exported": ended}
    if outcome is Outcome.REFUSED:
        return {EEXPORT}, counters | {"rejected": ended}
    if outcome is Outcome.IN_PART:
        rejected = rounds * IN_PART_REJECTED
        return {EEXPORT}, counters | {"rejected": rejected, "exported": ended - rejected}
    if outcome is Outcome.GIVEN_UP:
        return {EEXPORT}, counters | {"failed": ended}
    if call == "flush":
        status = EEXPORT if outcome is Outcome.PUT_OFF else ETIMEDOUT
        return {status}, counters | {"waiting": ended}
    return {ETIMEDOUT, EEXPORT}, counters | {"failed": ended}


# ---- what a cell is ----

HTTP = ("http/protobuf", "http/json")
GRPC = ("grpc",)
ALL = HTTP + GRPC


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    name: str
    outcome: Outcome
    protocols: tuple
    peer: typing.Callable  # a context manager of the environment that leads to it
    said: str | None = ""  # a part of what is told of it; None: that is libcurl's to know
    size: int = 0  # bytes in each span
    timeout_ms: int = 0  # 0: by the outcome
    before: tuple = ()  # words that run the client where the outage is
    is_quick: bool = False  # make test runs it, by one of its protocols

    def timeout(self):
        never_ends = self.outcome is Outcome.MAY_PASS
        return self.timeout_ms or (SHORT if never_ends else LONG)


class Case(typing.NamedTuple):
    cell: Cell
    protocol: str
    compression: str
    rounds: int = 1
    pumps: bool = False  # no thread is started
    at_once: int = 1  # requests

    def __str__(self):
        times = f", {self.rounds} times" if self.rounds > 1 else ""
        pumped = ", pumped" if self.pumps else ""
        at_once = f", {self.at_once} at once" if self.at_once > 1 else ""
        return f"{self.cell.name}, {self.protocol}, {self.compression}{times}{pumped}{at_once}"


def at(port):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}


def raw(behave):
    """A peer of peers.py."""

    @contextlib.contextmanager
    def running():
        with peers.Peer(behave) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(server.serve_forever, 0.02)
            try:
                yield at(server.server_address[1])
            finally:
                server.shutdown()

    return running


def http(*answers, asked=None):
    """A well-behaved server of HTTP that answers that; the last answer stays. It must have been
    asked so often."""

    @contextlib.contextmanager
    def running():
        with sink(*answers) as server:
            yield at(server.server_port)
        assert asked in (None, len(server.requests))

    return running


def h2(answer=peers.answered, **options):
    return raw(peers.speaks_h2(answer, **options))


@contextlib.contextmanager
def refused():
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        yield at(bound.getsockname()[1])


@contextlib.contextmanager
def not_accepted():
    with backend.full_peer() as port:
        yield at(port)


def over_tls(peer):
    """The peer of another cell is spoken to in TLS, of which it knows nothing."""

    @contextlib.contextmanager
    def running():
        with peer() as environment:
            yield {key: value.replace("http:", "https:") for key, value in environment.items()}

    return running


def behind(peer):
    """That peer is the proxy on the way."""

    @contextlib.contextmanager
    def running():
        with peer() as environment:
            yield {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318",
                "http_proxy": environment["OTEL_EXPORTER_OTLP_ENDPOINT"],
            }

    return running


@contextlib.contextmanager
def expired():
    """TLS with a certificate that is trusted, and was valid for a day of 2020."""
    with tempfile.TemporaryDirectory() as folder, sink() as server:
        certificate, key = backend.certify_for_the_past(pathlib.Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{server.server_port}",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        }


AS_ROOT = () if os.geteuid() == 0 else ("--map-root-user",)
ALONE = ("unshare", *AS_ROOT, "--mount", "--net")
NAMELESS = (*ALONE, sys.executable, str(pathlib.Path(__file__).with_name("nameless.py")))


def may_be_alone():
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def nameless():
    if not may_be_alone():
        pytest.skip("no namespaces here")
    yield {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"}


# ---- any protocol ----

T, R, P, M = Outcome.TAKEN, Outcome.REFUSED, Outcome.IN_PART, Outcome.MAY_PASS
OFF, G = Outcome.PUT_OFF, Outcome.GIVEN_UP
Q = {"is_quick": True}

CELLS = [
    Cell("refused", M, ALL, refused, **Q),
    Cell("takes no connection", M, ALL, not_accepted, **Q),
    Cell("accepts and never answers", M, ALL, raw(peers.silent), **Q),
    Cell("the name server is gone", M, ALL, nameless, before=NAMELESS, **Q),
    Cell("closes at once", M, ALL, raw(peers.closes_at_once)),
    Cell("resets at once", M, ALL, raw(peers.resets_at_once)),
    Cell("resets amid the request", M, ALL, raw(peers.resets_amid_the_request), size=20000, **Q),
    Cell("reads 1 KB a second", M, ALL, raw(peers.reads_a_kilobyte_a_second), size=50000, **Q),
    Cell("a TLS handshake that never ends", M, ALL, over_tls(raw(peers.silent)), **Q),
    Cell("a TLS handshake that is reset", M, ALL, over_tls(raw(peers.resets_amid_the_request))),
    Cell("TLS with who speaks none", M, ALL, over_tls(raw(peers.speaks_http_1)), **Q),
    Cell("the proxy is gone", M, ALL, behind(refused), **Q),
    Cell("a proxy that never answers", M, ALL, behind(raw(peers.silent))),
    Cell("a proxy that is busy", M, ALL, behind(raw(peers.busy_proxy)), **Q),
    Cell("the certificate has expired", G, ALL, expired, said="certificate", **Q),
]

# ---- HTTP ----

DONE = (200, {}, b"")


def http_cell(name, outcome, peer, **more):
    return Cell(name, outcome, HTTP, peer, **more)


def heals(first):
    """The first three connections behave like that."""
    return raw(peers.heals(first, 3, peers.answers(peers.DONE)))


def refusal(status):
    answer = http((status, {"Location": "/elsewhere"}, b"no"), asked=2)
    return http_cell(str(status), R, answer, said=f"HTTP status {status}: no", **Q)


def busy(status):
    return http_cell(f"{status} for ever", M, http((status, {}, b"busy")))


def busy_once(status):
    return http_cell(f"{status} once", T, http((status, {}, b"busy"), DONE, asked=3), **Q)


def retry_after(name, value, outcome=T, **more):
    later = (429, {"Retry-After": value}, b"later")
    return http_cell(f"429, Retry-After {name}", outcome, http(later, DONE, asked=3), **more)


def put_off(name, value, **more):
    return http_cell(name, OFF, http((429, {"Retry-After": value}, b"later"), asked=1), **more)


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>"
OLD = "Thu, 01 Jan 1970 00:00:00 GMT"

CELLS += [
    http_cell("latency with jitter", T, raw(peers.answers_late), **Q),
    http_cell("answers a byte at a time", T, raw(peers.drips(peers.DONE, 0.01)), **Q),
    http_cell("answers a byte a second", M, raw(peers.drips(peers.DONE, 1)), **Q),
    http_cell("cut amid the status", M, raw(peers.answers(CUT[:10]))),
    http_cell("cut amid the headers", T, raw(peers.answers(CUT[:30])), said=None),
    http_cell("cut amid the body", T, raw(peers.answers(CUT)), said="cut off", **Q),
    http_cell("closes late", T, raw(peers.closes_late), **Q),
    http_cell("closes without an answer", M, raw(peers.closes_without_an_answer), **Q),
    http_cell("resets thrice instead of an answer", T, heals(peers.resets_instead_of_an_answer)),
    http_cell("closes thrice", T, heals(peers.closes_at_once), **Q),
    http_cell("200", T, http(DONE), **Q),
    http_cell("200 with garbage", T, http((200, {}, b"\xffhello"), asked=2), said="not OTLP"),
    http_cell("200 with 10 MB", R, http((200, {}, b"x" * TEN_MB), asked=2), said="too large", **Q),
    *map(refusal, [400, 401, 404, 414, 500, 501, 505, 301, 307, 308]),
    http_cell("413", R, http((413, {}, b"no")), said="HTTP status 413"),
    *map(busy, [429, 502, 503, 504]),
    *map(busy_once, [429, 502, 503, 504]),
    retry_after("1 second", "1", **Q),
    retry_after("of the past", OLD),
    put_off("429, Retry-After of an hour", "3600"),
    put_off("429, Retry-After of the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", **Q),
    retry_after("garbage", "soon", **Q),
    http_cell("HTTP/0.9", G, raw(peers.answers(b"hello\r\n")), **Q),
    http_cell(
        "headers without end",
        R,
        raw(peers.without_end(b"HTTP/1.1 200 OK\r\n", b"x: %s\r\n" % (b"y" * 1000))),
        said="too large",
        **Q,
    ),
    http_cell(
        "interim answers without end",
        R,
        raw(peers.without_end(b"", b"HTTP/1.1 103 Early Hints\r\nx: %s\r\n\r\n" % (b"y" * 1000))),
        said="too large",
    ),
    http_cell(
        "a body without end",
        R,
        raw(peers.without_end(b"HTTP/1.1 503 Busy\r\n\r\n", b"x" * 10000)),
        said="too large",
    ),
    http_cell(
        "a header without end",
        G,
        raw(peers.without_end(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10000)),
    ),
]

PARTIAL = partial_success(IN_PART_REJECTED, "over quota")
JSON_PARTIAL = b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"over quota"}}'
CELLS += [
    Cell("partial success", P, HTTP[:1], http((200, {}, PARTIAL), asked=2), said="over quota", **Q),
    Cell(
        "partial success",
        P,
        HTTP[1:],
        http((200, {}, JSON_PARTIAL), asked=2),
        said="over quota",
        **Q,
    ),
]

# ---- gRPC ----


def grpc_cell(name, outcome, *arguments, **more):
    options = {key: more.pop(key) for key in ("begin", "opens_window") if key in more}
    return Cell(name, outcome, GRPC, h2(*arguments, **options), **more)


def reset_stream(code):
    """libcurl does what HTTP_1_1_REQUIRED asks for, and then that is not gRPC."""
    outcome = G if code == HTTP_1_1_REQUIRED else M
    return grpc_cell(f"RST_STREAM {code}", outcome, peers.resets_stream(code))


def grpc_refusal(status):
    """400, 401, 403, 404 and the rest: none that may pass (gRPC, "HTTP to gRPC Status Mapping")."""
    answer = peers.answers_http(status)
    return grpc_cell(f"HTTP {status}", R, answer, said=f"HTTP status {status} without one of gRPC")


def grpc_busy(status):
    return grpc_cell(f"HTTP {status}", M, peers.answers_http(status))


MESSAGE = bytes(1) + len(PARTIAL).to_bytes(4, "big") + PARTIAL
LARGE = ("x-large", "y" * 200_000)
CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED = 8, 11, 13

CELLS += [
    grpc_cell("an answer", T, **Q),
    grpc_cell("partial success", P, lambda call: call.answer(MESSAGE), said="over quota", **Q),
    grpc_cell("GOAWAY before", M, begin=peers.goes_away(0), **Q),
    grpc_cell("GOAWAY before, once", T, begin=peers.first(peers.goes_away(0), lambda call: None)),
    grpc_cell("GOAWAY amid", M, peers.goes_away(0)),
    grpc_cell("GOAWAY amid, once", T, peers.first(peers.goes_away(0)), **Q),
    grpc_cell("GOAWAY amid, calmly", M, peers.goes_away(0, ENHANCE_YOUR_CALM)),
    grpc_cell("GOAWAY, and the answer", T, peers.goes_away_and_answers, said=None, **Q),
    *map(reset_stream, range(14)),
    grpc_cell("RST_STREAM, once", T, peers.first(peers.resets_stream(CANCEL)), **Q),
    grpc_cell("RST_STREAM behind the answer", T, peers.settles_and_resets(0), **Q),
    grpc_cell("trailers only, OK", T, peers.only_trailers(*peers.trailers()), said="not OTLP"),
    grpc_cell("trailers only, UNAVAILABLE", M, peers.only_trailers(*peers.trailers("14")), **Q),
    grpc_cell(
        "trailers only, INVALID_ARGUMENT",
        R,
        peers.only_trailers(*peers.trailers("3", ("grpc-message", "b%61d"))),
        said="gRPC status 3 (INVALID_ARGUMENT): bad",
        **Q,
    ),
    grpc_cell("no trailers", T, peers.without_trailers, said="without a status", **Q),
    grpc_cell("RST_STREAM in place of trailers", T, peers.resets_amid, said="without a status"),
    grpc_cell("trailers that never come", M, peers.never_ends, **Q),
    grpc_cell("a compressed answer", P, peers.compressed(gzip.compress(PARTIAL)), said="quota"),
    grpc_cell("garbage that is compressed", T, peers.compressed(b"x"), said="not OTLP", **Q),
    grpc_cell("another content type", R, peers.answers_http("200"), said="without one of gRPC"),
    grpc_cell(
        "a status that is none",
        R,
        lambda call: call.answer(ends=peers.trailers("fine")),
        said="gRPC status 2 (UNKNOWN)",
        **Q,
    ),
    *map(grpc_refusal, ["400", "401", "403", "404", "405", "500", "501"]),
    *map(grpc_busy, ["429", "502", "503", "504"]),
    grpc_cell("an answer of 5 MB", R, peers.five_megabytes, said="too large", **Q),
    grpc_cell("SETTINGS without end", M, begin=peers.settings_without_end, **Q),
    grpc_cell("PING without end", M, peers.pings_without_end),
    grpc_cell("DATA of no size without end", M, peers.empty_data_without_end),
    grpc_cell("CONTINUATION without end", M, peers.continues_without_end, **Q),
    grpc_cell("interim answers", T, peers.interim_first, **Q),
    grpc_cell(
        "trailers that are too large",
        M,
        lambda call: call.answer(ends=peers.trailers("0", LARGE)),
        **Q,
    ),
    grpc_cell("a window that stays shut", M, opens_window=False, size=20000, **Q),
    Cell("a server of HTTP/1.1", M, GRPC, raw(peers.speaks_http_1), **Q),
]


# ---- running it ----

DEADLINES = [
    cell
    for cell in CELLS
    if cell.name
    in (
        "refused",
        "accepts and never answers",
        "answers a byte a second",
        "the name server is gone",
    )
]


def deadline_cases(protocols, rounds):
    return [
        Case(cell, protocol, "none", rounds)
        for cell in DEADLINES
        for protocol in cell.protocols
        if protocol in protocols
    ]


def compressions(cell, protocol):
    """gzip matters where a body is sent at all; half of the cells of each kind are enough."""
    return ("none", "gzip") if protocol == cell.protocols[0] else ("gzip",)


def all_cases():
    return [
        Case(cell, protocol, compression)
        for cell in CELLS
        for protocol in cell.protocols
        for compression in compressions(cell, protocol)
    ]


def pumped(cases):
    """The same without threads."""
    return [case._replace(pumps=True) for case in cases]


def nameless_cases():
    return [
        Case(cell, protocol, "none", 2)
        for cell in CELLS
        for protocol in cell.protocols
        if cell.before
    ]


def four_at_once(cases):
    """The same with four requests at once, in a thread and without one, in turn."""
    return [
        case._replace(at_once=4, pumps=case.pumps or i % 2 == 1) for i, case in enumerate(cases)
    ]


def quick_cases_at_once():
    """Those where none is answered, one after the other, or all in vain."""
    names = (
        "refused",
        "accepts and never answers",
        "resets amid the request",
        "closes thrice",
        "200 with garbage",
        "GOAWAY amid, once",
    )
    return four_at_once([case for case in all_cases() if case.cell.name in names])[::3]


def quick_cases():
    """Each protocol in turn, so that all are met by make test."""
    quick = [cell for cell in CELLS if cell.is_quick]
    return [
        Case(cell, cell.protocols[i % len(cell.protocols)], ("none", "gzip")[i % 2])
        for i, cell in enumerate(quick)
    ]


def meet(case):
    """Run a client beside the peer of a cell."""
    cell = case.cell
    protocol = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": case.protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": case.compression,
    }
    if case.pumps:
        protocol["OUTAGE_PUMPS"] = "1"
    if case.at_once > 1:
        protocol["OTEL_BSP_MAX_CONCURRENT_EXPORTS"] = str(case.at_once)
    if case.at_once > 1 and cell.outcome in (Outcome.MAY_PASS, Outcome.GIVEN_UP) and not cell.size:
        protocol["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "3"  # the others count requests, or bytes
    with cell.peer() as environment:
        words = ("outage", cell.timeout(), case.rounds, cell.size)
        told, _ = outage_client.run(environment | protocol, *words, before=cell.before)
    return told


@contextlib.contextmanager
def meetings(request):
    """The future of each case that a module runs: many wait, and few of them work."""
    cases = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.path == request.path and "meetings" in item.fixturenames
    ]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield {case: pool.submit(meet, case) for case in cases}


def is_prompt(report, timeout_ms):
    """Back in time whatever the machine did meanwhile, and the worker too."""
    waits = report["call"] == "shutdown" and report["waiting"]
    return report["took_ms"] <= timeout_ms + outage_client.SLACK_MS and not waits


def are_prompt(case, told):
    """Most calls are, and nothing was left to a worker that had no time yet. On a busy machine that
    may take some tries."""
    calls = [is_prompt(report, case.cell.timeout()) for report in told.calls]
    return sum(calls) * 2 > len(calls) and (told.leaked == 0 or case.cell.before)


def as_if_settled(report, counters):
    """A shutdown gives the worker 40 ms to end what it has begun. Where the machine let it have
    less, what is in flight is not counted as failed yet: late, and in the equation all the same."""
    settled = {key: report[key] for key in counters}
    if report["call"] == "shutdown" and report["status"] == ETIMEDOUT:
        settled |= {"waiting": 0, "failed": report["failed"] + report["waiting"]}
    return settled


def check_truth(case, told):
    """What holds on any machine."""
    cell = case.cell
    assert [report["call"] for report in told.calls] == ["flush", "shutdown"] * case.rounds
    for report in told.calls:
        statuses, counters = expected(cell.outcome, report["call"])
        assert report["balanced"], report
        assert as_if_settled(report, counters) == counters, (report, told.diagnostics)
        assert report["status"] in statuses, report
        if report["call"] == "flush" and report["status"] == ETIMEDOUT:
            assert report["took_ms"] >= cell.timeout() - 1, report
        outage_client.check_time(report, cell.timeout())
    assert told.left == 0
    assert told.peak_mib < PEAK_MIB
    check_what_is_said(cell, told.diagnostics)


def check(case, first):
    """`first` is what came of it beside others; alone it has to do as well as it can."""
    told = first.result()
    check_truth(case, told)
    tries = 1
    while not are_prompt(case, told) and tries < TRIES:
        told = meet(case)
        check_truth(case, told)
        tries += 1
    assert are_prompt(case, told), told


def check_what_is_said(cell, diagnostics):
    """A line a cause, and none where nothing is lost or odd."""
    if cell.said is None:
        return
    if cell.outcome is Outcome.TAKEN and not cell.said:
        assert diagnostics == []
        return
    assert diagnostics and len(diagnostics) == len(set(diagnostics))
    assert cell.said in diagnostics[0]
