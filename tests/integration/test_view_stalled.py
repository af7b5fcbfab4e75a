"""impact view where nobody reads what it prints; test_view_tui.py has the full screen."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time

import programs
import test_view
from test_view import VIEW, get, request_of, send, viewing

pytestmark = test_view.pytestmark


def waiting_in(pipe):
    """How many bytes nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def test_a_pipe_that_nobody_reads_holds_up_nobody():
    with viewing("--tree") as program:
        send(program.address, request_of(1, traces=3000))
        end = time.monotonic() + programs.DEADLINE_SECONDS
        while waiting_in(program.process.stdout) < 60_000:
            assert time.monotonic() < end
            get(program.address, "/api/traces?since=9999")
        send(program.address, request_of(1, first=3001))
        assert get(program.address, "/api/traces")["spans"] == 3001
        program.read_until(f"trace {3000:032x}")


def test_what_is_said_to_nobody_holds_up_nobody(tmp_path):
    """A file that cannot be written any more is told about on a terminal that is stopped."""
    limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh"]
    words = [VIEW, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--keep", tmp_path / "kept"]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as terminal, os.fdopen(theirs, "wb", 0) as errors:
        process = subprocess.Popen(
            [*limited, *words], stdout=subprocess.PIPE, stderr=errors, env=programs.environment()
        )
        with process:
            said = process.stdout.readline().decode()
            address = "http://127.0.0.1:" + re.search(r"localhost:(\d+)/", said)[1]
            termios.tcflow(errors, termios.TCOOFF)
            send(address, request_of(200))
            assert get(address, "/api/traces")["spans"] == 200
            termios.tcflow(errors, termios.TCOON)
            assert b"kept: File too large" in terminal.read(1000)
            process.terminate()
