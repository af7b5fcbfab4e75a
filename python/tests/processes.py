"""What the tests of process models share: a collector, programs, and what they have exported."""

import contextlib
import http.server
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from conftest import attributes_of

DEADLINE_SECONDS = 60
BIN = pathlib.Path(sys.executable).parent


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps the requests that it is sent."""

    def do_POST(self):
        """Decode an export."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(trace_service_pb2.ExportTraceServiceRequest.FromString(body))
        self.server.heads.append((self.path, self.headers["X-Key"]))
        self.server.agents.append(self.headers["User-Agent"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Be silent."""


class Exported:
    """The spans that a collector was sent, and who sent them."""

    def __init__(self, requests):
        self.spans = []
        self.resources = []
        self.instances = {}
        """Process id by service.instance.id."""
        for request in requests:
            for resource_spans in request.resource_spans:
                self._add(resource_spans)

    def _add(self, resource_spans):
        attributes = attributes_of(resource_spans.resource)
        self.resources.append(attributes)
        pid = attributes["process.pid"]
        assert self.instances.setdefault(attributes["service.instance.id"], pid) == pid
        for scope_spans in resource_spans.scope_spans:
            self.spans.extend((pid, span) for span in scope_spans.spans)

    def named(self, name):
        """Return the spans of this name."""
        return [span for _, span in self.spans if span.name == name]

    def pids_of(self, name):
        """Return the processes that made spans of this name."""
        return {pid for pid, span in self.spans if span.name == name}

    def check(self, name, count):
        """That many spans have this name, no id repeats, and each process has its own name."""
        ids = [span.span_id for _, span in self.spans]
        assert len(ids) == len(set(ids))
        assert len(self.named(name)) == count, sorted(span.name for _, span in self.spans)
        assert len(self.instances) == len(set(self.instances.values()))


class Collector(http.server.ThreadingHTTPServer):
    """Takes OTLP; what it got is in `requests`, where and with which key in `heads`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.requests = []
        self.heads = []
        self.agents = []

    @property
    def url(self):
        """Where it is to be reached."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def exported(self):
        """What has come so far."""
        return Exported(list(self.requests))

    def environment(self, **more):
        """Return an environment for programs that are to send their spans here, and only when
        they end."""
        return environment(self.url, **more)


def environment(endpoint, **more):
    """Return an environment in which spans wait an hour before they are sent."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "FLASK_", "TRACING_"))}
    return own | {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "*",
        # Python 3.12 and newer warn of what these tests are about: a fork beside threads.
        "PYTHONWARNINGS": "ignore:This process:DeprecationWarning",
        **more,
    }


@contextlib.contextmanager
def collector():
    """Run a collector."""
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def closed_port():
    """Return the address of a port where nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{holder.getsockname()[1]}"


@contextlib.contextmanager
def silent_peer():
    """Give the address of one who takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def run(program, folder, env, *arguments):
    """Run a Python program to its end, from a file, as multiprocessing's children want it."""
    path = folder / "program.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, path, *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


class Server:
    """A server or worker in a process group of its own, and its log."""

    def __init__(self, command, folder, env):
        self.log_path = folder / "server.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self):
        """What it has said."""
        return self.log_path.read_text(errors="replace")

    def wait_for(self, is_so, what):
        """Wait until something is true."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (answer := is_so()):
            assert self.process.poll() is None, f"ended before {what}:\n{self.log}"
            assert time.monotonic() < deadline, f"not {what}:\n{self.log}"
            time.sleep(0.02)
        return answer

    def stop(self, number=signal.SIGTERM):
        """Ask it to end; return its status and how many seconds that took."""
        started = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE_SECONDS)
        return status, time.monotonic() - started

    def kill(self):
        """End what is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def serving(command, folder, env):
    """Run a server; leave nothing of it behind."""
    server = Server(command, folder, env)
    try:
        yield server
    finally:
        server.kill()


def get(url):
    """Return the body of an answer; None when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.URLError:
        return None


@contextlib.contextmanager
def reserved_port():
    """Give a port that is nobody else's; a server that sets SO_REUSEADDR may listen there, because
    this socket never does."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
