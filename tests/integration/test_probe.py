"""`impact probe` and `impact-static`: what they ask, what they say, and what they exit with."""

import contextlib
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import threading

import pytest

import programs

COMMAND = programs.BUILD / "cli/impact"
STATIC = programs.BUILD / "cli/impact-static"
ORDERS = programs.BUILD / "examples/orders"

BOTH = pytest.mark.parametrize(
    "command",
    [
        COMMAND,
        pytest.param(
            STATIC, marks=pytest.mark.skipif(not STATIC.exists(), reason="no static libc")
        ),
    ],
)
HEALTHY = b'{"available_checks":["db"],"checks":{"db":true},"health":"running"}'
DEGRADED = b'{"available_checks":["a|b"],"checks":{"a|b":false},"health":"degraded"}'
WARNING = b'{"status":"warn","checks":{"disk":[{"status":"warn","output":"5 % free"}]}}'


def answer_of(status, body, more=b""):
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d X\r\n" % status + length + more + b"\r\n" + body


class Peer:
    """Answers each connection with the next of `answers`, the last one for ever; None: with
    nothing, and the connection stays open."""

    def __init__(self, answers, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.answers = list(answers)
        self.requests = []
        self.kept = []
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        self.port = str(self.listener.getsockname()[1]) if family == socket.AF_INET else None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.requests.append(connection.recv(65536))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                self.kept.append(connection)
                continue
            connection.sendall(answer)
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for one in [self.listener, *self.kept]:
            one.close()


@contextlib.contextmanager
def peer(*answers, **options):
    opened = Peer(answers, **options)
    try:
        yield opened
    finally:
        opened.close()


def probe(*words, command=COMMAND, **more):
    """Exit status, standard output and standard error."""
    done = subprocess.run(
        [command, "probe", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=programs.DEADLINE_SECONDS,
        env=programs.environment(**more),
    )
    return done.returncode, done.stdout, done.stderr


# ---- what it says ----


@BOTH
@pytest.mark.parametrize(
    ("answer", "docker", "nagios", "words"),
    [
        (answer_of(200, HEALTHY), 0, 0, "pass: 200: 1 of 1 checks hold"),
        (answer_of(200, b"pong"), 0, 0, "pass: 200 "),
        (answer_of(204, b""), 0, 0, "pass: 204 "),
        (answer_of(200, WARNING), 0, 1, "warn: 200: 1 of 1 checks warn: disk"),
        (answer_of(503, DEGRADED), 1, 2, "fail: 503: 1 of 1 checks do not hold: a|b"),
        (answer_of(401, b"no"), 1, 2, "fail: 401: the secret is missing or wrong"),
        (answer_of(308, b"", b"Location: http://elsewhere/\r\n"), 1, 2, "fail: 308: a redirect"),
        (b"SSH-2.0-OpenSSH\r\n", 1, 2, "fail: the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npong", 1, 2, "ended too early"),
        (b"", 1, 2, "fail: the connection was closed"),
    ],
)
def test_an_answer_decides_the_exit_status(command, answer, docker, nagios, words):
    with peer(answer) as server:
        status, output, errors = probe(server.port, command=command)
        assert (status, errors) == (docker, "")
        assert words in output
        assert probe("-n", server.port, command=command)[0] == nagios
        assert probe("-q", server.port, command=command)[:2] == (docker, "")


def test_the_failing_checks_are_printed_and_with_verbose_all():
    with peer(answer_of(503, DEGRADED), answer_of(200, WARNING), answer_of(200, HEALTHY)) as server:
        assert "\n  fail    a|b\n" in probe(server.port)[1]
        assert "\n  warn    disk: 5 % free\n" in probe(server.port)[1]
        assert probe(server.port)[1].count("\n") == 1
        assert "\n  pass    db\n" in probe("--verbose", server.port)[1]


def test_nagios_reads_one_line_with_performance_data():
    with peer(answer_of(503, DEGRADED)) as server:
        output = probe("--nagios", server.port)[1]
    first = output.splitlines()[0]
    assert re.fullmatch(
        r"HEALTH CRITICAL - 503: 1 of 1 checks do not hold: a/b \| time=\d\.\d{6}s;;;0", first
    )


def test_what_a_server_says_does_not_steer_the_terminal():
    body = b'{"checks":{"\x1b[2J\\u001b[2J":false}}'
    with peer(answer_of(503, body)) as server:
        assert "\x1b" not in probe(server.port)[1]


# ---- whom it asks ----


def test_the_request_is_what_was_asked_for():
    with peer(answer_of(200, b"pong")) as server:
        assert probe(f"127.0.0.1:{server.port}", "-c", "_ready,a b", "-x", "db")[0] == 0
        assert probe(f"http://localhost:{server.port}/readyz?verbose")[0] == 0
        assert probe("-p", "/health/db", server.port)[0] == 0
    first, second, third = (request.decode() for request in server.requests)
    assert first.startswith("GET /health/?checks=_ready,a%20b&exclude=db HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in first
    assert "\r\nConnection: close\r\n" in first
    assert second.startswith("GET /readyz?verbose HTTP/1.1\r\n")
    assert f"\r\nHost: localhost:{server.port}\r\n" in second
    assert third.startswith("GET /health/db HTTP/1.1\r\n")


@BOTH
def test_unix_sockets_are_asked(tmp_path, command):
    path = str(tmp_path / "health.sock")
    with peer(answer_of(200, b"pong"), family=socket.AF_UNIX, address=path):
        assert probe(path, command=command)[0] == 0
        assert probe("unix:" + path, command=command)[0] == 0
    with peer(answer_of(200, b"pong"), family=socket.AF_UNIX, address="\0impact-probe-test"):
        assert probe("unix:@impact-probe-test", command=command)[0] == 0


def test_the_secret_comes_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "secret"
    file.write_text("s3cret\nmore\n")
    with peer(answer_of(200, b"pong")) as server:
        assert probe("-s", str(file), server.port)[0] == 0
        assert probe("-e", "MINE", server.port, MINE="0ther")[0] == 0
        assert probe(server.port, MINE="0ther")[0] == 0
        file.write_text("a\x01b")
        for words in (["-s", str(file)], ["-s", str(tmp_path / "none")], ["-e", "NOT_THERE"]):
            status, output, errors = probe(*words, server.port)
            assert (status, output) == (1, "")
            assert "s3cret" not in errors
    assert b"\r\nAuthorization: Bearer s3cret\r\n" in server.requests[0]
    assert b"\r\nAuthorization: Bearer 0ther\r\n" in server.requests[1]
    assert b"Authorization" not in server.requests[2]
    assert len(server.requests) == 3


@BOTH
def test_a_port_that_nobody_listens_at_is_refused(command):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        status, output, _ = probe(str(holder.getsockname()[1]), command=command)
    assert (status, output.split(" (")[0]) == (1, "fail: Connection refused")


@BOTH
def test_a_silent_peer_ends_it_at_its_deadline(command):
    with peer(None) as server:
        status, output, _ = probe("-t", "200", server.port, command=command)
    took_ms = float(re.search(r"\((.*) ms\)", output)[1])
    assert (status, output.split(" (")[0]) == (1, "fail: timeout")
    assert 190 <= took_ms < 2000


@pytest.mark.skipif(not STATIC.exists(), reason="no static libc")
def test_the_static_one_says_that_it_knows_no_names():
    status, output, _ = probe("name.invalid:80", command=STATIC)
    assert (status, output.split(" (")[0]) == (
        1,
        "fail: the static impact knows numbers and localhost only",
    )
    assert probe("name.invalid:80")[0] == 1


@BOTH
def test_wrong_words_are_usage_errors(command):
    status, output, errors = probe("--what", command=command)
    assert (status, output) == (1, "")
    assert "--what: there is no such option" in errors
    assert probe("--nagios", "--what", command=command)[0] == 3
    assert probe("--help", command=command)[1].startswith("usage: impact probe")


def test_the_command_runs_programs_of_its_name():
    done = subprocess.run(
        [COMMAND, "tree"],
        capture_output=True,
        text=True,
        check=False,
        env=programs.environment(PATH=str(COMMAND.parent)),
    )
    assert done.returncode == 2
    assert "usage: impact-tree" in done.stderr
    for word in ("../tree", "none", "--what"):
        assert subprocess.run([COMMAND, word], capture_output=True, check=False).returncode == 2


# ---- where it runs ----


def chroot_command(folder):
    """chroot(8), as root of a namespace of one's own unless one is root."""
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    return [*as_root, "chroot", str(folder)]


@pytest.mark.skipif(not STATIC.exists(), reason="no static libc")
def test_the_static_one_runs_where_nothing_else_is(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(STATIC, root / "impact")
    with peer(answer_of(200, HEALTHY)) as server:
        done = subprocess.run(
            [*chroot_command(root), "/impact", "probe", server.port],
            capture_output=True,
            text=True,
            check=False,
            timeout=programs.DEADLINE_SECONDS,
        )
    if "unshare" in done.stderr:
        pytest.skip("no namespaces for users here")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pass: 200: 1 of 1 checks hold")
    assert sorted(path.name for path in root.iterdir()) == ["impact"]


@BOTH
@pytest.mark.skipif(not ORDERS.exists(), reason="built without what orders needs")
def test_a_real_service_is_probed(tmp_path, command):
    with programs.running([ORDERS, pathlib.Path(tmp_path) / "orders.db"]) as service:
        url = service.url()
        assert probe(url + "/health/", command=command)[0] == 0
        assert probe(url.removeprefix("http://"), "-p", "/health/ping", command=command)[0] == 0
        assert probe(url + "/health/", "-c", "none", command=command)[0] == 1
        assert service.stop() == 0
    assert probe(url + "/health/", command=command)[0] == 1


# ---- --watch ----


def watching(server):
    return programs.running([COMMAND, "probe", "-wi", "1", server.port])


def test_watch_prints_changes():
    answers = [answer_of(200, b"pong"), answer_of(200, b"pong"), answer_of(503, b"")]
    with peer(*answers) as server, watching(server) as program:
        program.read_until(r"fail: 503\n")
        assert program.output.count("pass: 200\n") == 1
        assert program.stop() == 1
    with peer(answer_of(200, b"pong")) as server, watching(server) as program:
        program.read_until(r"pass: 200\n")
        assert program.stop() == 0


def test_watch_draws_one_view_on_a_terminal():
    terminal, other_end = pty.openpty()
    with peer(answer_of(200, HEALTHY), answer_of(503, DEGRADED)) as server:
        process = subprocess.Popen(
            [COMMAND, "probe", "-wi", "1", server.port], stdout=other_end, stderr=other_end
        )
        os.close(other_end)
        shown = b""
        while b".x" not in shown:
            shown += os.read(terminal, 65536)
        process.terminate()
        with contextlib.suppress(OSError):
            while os.read(terminal, 65536):
                pass
        assert process.wait(programs.DEADLINE_SECONDS) == 1
    os.close(terminal)
    text = shown.decode()
    assert text.startswith("\x1b[2J\x1b[H")
    assert "\x1b[32mpass\x1b[0m: 200: 1 of 1 checks hold" in text
    assert "  pass    db\x1b[K" in text
    assert "\x1b[31mfail\x1b[0m: 503" in text
