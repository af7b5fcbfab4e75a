"""A program with one thread, whose own event loop exports: loop_client.c."""

import concurrent.futures
import contextlib
import json
import os
import ssl
import subprocess

import grpc
import pytest

import backend
import outages
import peers
from backend import ETIMEDOUT, OK

pytestmark = backend.needs_otlp

CLIENT = backend.BUILD / "tests/integration/loop_client"
SPANS = 30  # that end while the loop runs
LAST = 10  # and after it
PROTOCOLS = ["http/protobuf", "http/json", "grpc"]
TIMEOUT_MS = 200
SLACK_MS = 50
BUSY_MS = 2000  # more, where others want the processor
CPU_MS = 250  # of one call: far below what a peer makes a client wait


def start(environment, loop_ms, timeout_ms, before=()):
    """Run it to its end; what it tells of itself, and what the library has to say."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(
        [*before, CLIENT, str(SPANS), str(loop_ms), str(timeout_ms)],
        env=own | {"IMPACT_PLUGIN_PATH": str(backend.BUILD / "src")} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    (told,) = [json.loads(line) for line in lines if line.startswith("{")]
    return told, [line for line in lines if line.startswith("impact: ")]


def run(environment, loop_ms, timeout_ms, before=()):
    told, _ = start(environment, loop_ms, timeout_ms, before)
    check_host(told)
    return told


def check_host(told):
    """It had its turns, no thread was started, and no span is uncounted."""
    assert told["threads"] == 1
    assert told["longest_cpu_ms"] < CPU_MS
    assert told["longest_ms"] < BUSY_MS
    assert told["balanced"]


@contextlib.contextmanager
def http_backend(folder, protocol):
    with backend.sink() as server:
        yield server, f"http://127.0.0.1:{server.server_port}", {}


@contextlib.contextmanager
def grpc_backend(folder, protocol):
    with backend.grpc_sink() as server:
        yield server, f"http://127.0.0.1:{server.server_port}", {}


@contextlib.contextmanager
def tls_backend(folder, protocol):
    certificate, key = backend.certify(folder, "loop")
    trust = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate)}
    if protocol == "grpc":
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        with backend.grpc_sink(credentials=credentials) as server:
            yield server, f"https://127.0.0.1:{server.server_port}", trust
        return
    with backend.sink() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server, f"https://127.0.0.1:{server.server_port}", trust


BACKENDS = [
    *[(http_backend, protocol) for protocol in PROTOCOLS[:2]],
    (grpc_backend, "grpc"),
    (tls_backend, "http/protobuf"),
    (tls_backend, "grpc"),
]


@pytest.mark.parametrize(
    ("of", "protocol"), BACKENDS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_program_with_one_thread_exports_from_its_own_loop(of, protocol, tmp_path):
    with of(tmp_path, protocol) as (server, endpoint, trust):
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        }
        told = run(environment | trust, 30000, 20000)
    assert told["looped"] == SPANS
    assert (told["flush"], told["shutdown"]) == (OK, OK)
    assert told["exported"] == told["ended"] == SPANS + LAST
    ids = [span.span_id for request in server.requests for span in backend.spans_of(request)]
    assert len(ids) == len(set(ids)) == SPANS + LAST


@contextlib.contextmanager
def dead():
    """Nobody listens."""
    server = backend.Sink([], is_listening=False)
    try:
        yield outages.at(server.server_port)
    finally:
        server.server_close()


@contextlib.contextmanager
def full():
    with backend.full_peer() as port:
        yield outages.at(port)


OUTAGES = {
    "dead": dead,
    "full": full,
    "silent": outages.raw(peers.silent),
    "dripping": outages.raw(peers.drips(peers.DONE, 0.5)),
    "reads slowly": outages.raw(peers.reads_a_kilobyte_a_second),
    "busy": outages.http((503, {}, b"")),
}


def meet(name):
    with OUTAGES[name]() as environment:
        return run(environment, 300, TIMEOUT_MS)


def at_once(meet, names):
    """What each of them came to, by its name."""
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(meet, names), strict=True))


@pytest.fixture(scope="module", name="met")
def fixture_met():
    return at_once(meet, OUTAGES)


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_does_not_stop_the_programs_loop(name, met):
    told = met[name]
    assert told["turns"] >= SPANS  # of 150
    assert told["ended"] == SPANS + LAST
    assert told["exported"] == 0
    assert told["failed"] == SPANS + LAST


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_does_not_hold_up_a_flush_nor_a_shutdown(name, met):
    told = met[name]
    assert told["flush"] in (ETIMEDOUT, backend.EEXPORT)
    assert told["shutdown"] in (ETIMEDOUT, backend.EEXPORT)
    for call in ("flush_ms", "shutdown_ms"):
        assert told[call] <= TIMEOUT_MS + SLACK_MS + BUSY_MS


PLUGIN = backend.BUILD / "src/libimpact-otlp.so.0"


def knows_names():
    """c-ares was built in."""
    return PLUGIN.exists() and b"libcares.so" in PLUGIN.read_bytes()


@pytest.mark.parametrize(
    "host", ["bücher.invalid", "nobody.invalid", "127.0.0.1", "localhost", "[::1]"]
)
def test_a_name_that_has_to_be_looked_up_is_told(host):
    told, diagnostics = start({"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:1"}, 20, 50)
    lookups = [line for line in diagnostics if "looks up" in line]
    is_told = host == "bücher.invalid" or (host == "nobody.invalid" and not knows_names())
    assert len(lookups) == is_told
    assert told["balanced"] and told["exported"] == 0
