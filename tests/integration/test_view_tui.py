"""impact view --tui: the real program in a terminal of its own, whose screen an emulator keeps."""

import contextlib
import fcntl
import itertools
import json
import os
import pty
import re
import select
import signal
import string
import struct
import subprocess
import termios
import time

import pyte
import pytest

import programs
from test_view import VIEW, request_of, send

pytestmark = pytest.mark.skipif(not VIEW.exists(), reason="built without libmicrohttpd or zlib")

# The arrow as terminals send it when they were told to (smkx), and as they do otherwise.
ARROWS = ("\x1bOB", "\x1b[B")
DOWN, ENTER = ARROWS[0], "\r"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e日本 e\u0301"


class Screen(pyte.Screen):
    """With what pyte leaves out of xterm, and ncurses uses: SU and SD, which scroll, REP, which
    draws a character again; and lines that were empty before they moved."""

    last = " "  # what was drawn last

    def draw(self, data):
        super().draw(data)
        self.last = data[-1:]

    def repeat(self, count=None):
        self.draw(self.last * (count or 1))

    def delete_lines(self, count=None):
        _, bottom = self.margins or (0, self.lines - 1)
        moved = {y: self.buffer.pop(y, None) for y in range(self.cursor.y, bottom + 1)}
        for y, row in moved.items():
            if row is not None and y - (count or 1) >= self.cursor.y:
                self.buffer[y - (count or 1)] = row
        self.carriage_return()

    def _at_the_top(self, change, count):
        """Change lines at the top of the region that scrolls."""
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = (self.margins or (0, 0))[0]
        change(count)
        self.cursor.x, self.cursor.y = x, y

    def scroll_up(self, count=None):
        self._at_the_top(self.delete_lines, count)

    def scroll_down(self, count=None):
        self._at_the_top(self.insert_lines, count)


class Stream(pyte.ByteStream):
    """With the names of these."""

    csi = pyte.ByteStream.csi | {"S": "scroll_up", "T": "scroll_down", "b": "repeat"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "repeat"}


class Terminal:
    """A program in a terminal, with its screen and all that it has sent."""

    def __init__(self, command, rows=24, columns=80, **settings):
        environment = programs.environment(TERM="xterm-256color", LC_ALL="C.UTF-8", TZ="UTC0")
        self.ours, theirs = pty.openpty()
        self.screen = Screen(columns, rows)
        self.stream = Stream(self.screen)
        self.sent = b""
        self._set_size(rows, columns)
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        # Who opens a terminal first in a session of its own has it: then it hears of its sizes.
        take = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(theirs)]
        self.process = subprocess.Popen(
            [*take, *command], env=environment | settings, start_new_session=True
        )

    def _set_size(self, rows, columns):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, size)

    def resize(self, rows, columns):
        """Make it larger or smaller; the kernel tells the program."""
        self.screen.resize(rows, columns)
        self._set_size(rows, columns)

    def read(self, seconds):
        """Take what comes within a time; False: nothing has."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        piece = os.read(self.ours, 1 << 16)
        self.sent += piece
        self.stream.feed(piece)
        return bool(piece)

    def until_it(self, condition, what):
        """Wait until a condition holds of the screen."""
        end = time.monotonic() + programs.DEADLINE_SECONDS
        while not condition():
            left = end - time.monotonic()
            assert left > 0 and self.read(left), f"no {what} in\n{self.text()}"

    def until(self, pattern, row=None):
        """Wait until the screen, or one row of it, has a pattern."""
        self.until_it(lambda: re.search(pattern, self.text(row)), pattern)

    def text(self, row=None):
        lines = self.screen.display
        return "\n".join(lines) if row is None else lines[row]

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def wait(self):
        """Read to its end, and return its exit status."""
        while self.process.poll() is None:
            self.read(0.05)
        while self.read(0):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@contextlib.contextmanager
def terminal(*words, ready=r"\? help", before=(), **settings):
    command = [VIEW, "--tui", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", *words]
    opened = Terminal([*before, *command], **settings)
    try:
        opened.until(ready)
        opened.address = "http://" + re.search(rb"localhost:\d+", opened.sent).group().decode()
        yield opened
    finally:
        opened.close()


def hostile_request():
    request = request_of(1, name=HOSTILE, service_name=HOSTILE, base=2 * 10**18)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.trace_id = b"\xee" * 16
    span.attributes.add(key=HOSTILE).value.string_value = HOSTILE
    span.events.add(name=HOSTILE).attributes.add(key=HOSTILE).value.string_value = HOSTILE
    span.status.code = 2
    span.status.message = HOSTILE
    return request


def test_traces_appear_are_searched_and_opened():
    with terminal() as shown:
        shown.until("no traces yet")
        send(shown.address, request_of(3, traces=5))
        shown.until(r"5 traces, 15 spans", row=0)
        assert "orders" in shown.text(2) and "work 1" in shown.text(2)
        shown.press("/number=3 work" + ENTER)
        shown.until(r"5 traces.*/number=3 work", row=0)
        shown.press("".join(ARROWS) + ENTER)
        shown.until(r"work 1 +.*3 spans, 0 errors", row=0)
        shown.press("/number=3" + ENTER)
        shown.until(r"number = 3")
        shown.press("gn")
        shown.until(r"number = 3")
        shown.press("g" + DOWN)
        shown.until(r"number = 2")
        shown.press("?")
        shown.until("any key goes back")
        shown.press("x")
        shown.until(r"number = 2")
        shown.press("q")
        shown.until(r"5 traces", row=0)
        shown.press("d")
        shown.until(r"█ [1-5] *\n(.*\n)* +\d.* p95")
        shown.press("m")
        shown.until(r"orders +15 +0")
        shown.press("q")
        shown.until(r"5 traces", row=0)
        shown.press("q")
        assert shown.wait() == 0


def test_no_byte_of_a_span_is_obeyed_by_the_terminal():
    with terminal() as shown:
        send(shown.address, hostile_request())
        shown.until(r"1 traces")
        for keys, pattern in (
            (ENTER, "Attributes(.*\n)*Events +\n.* help"),
            ("\tG", r"Events +\n +-555555 h \?.*\n +\?"),
            ("q", "1 traces"),
        ):
            shown.press(keys)
            shown.until(pattern)
        assert "日本" in shown.text().replace(" ", "") and "?]0;owned?" in shown.text()
        assert b"\x1b]" not in shown.sent and b"\xc2\x9b" not in shown.sent
        assert "\u202e".encode() not in shown.sent
        shown.press("Q")
        assert shown.wait() == 0


def ends_below_its_name(shown):
    """Whether the durations of three traces end where the name of their column does."""
    end = shown.text(1).find("duration") + len("duration")
    cells = [shown.screen.buffer[row] for row in (2, 3, 4)]
    return all(row[end - 1].data == "s" and row[end].data == " " for row in cells)


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_columns_stand_below_each_other_whatever_is_in_them(language):
    with terminal(LC_ALL=language) as shown:
        send(shown.address, request_of(1, traces=2, name="GET"))
        send(shown.address, hostile_request())
        shown.until(r"3 traces")
        shown.until_it(lambda: ends_below_its_name(shown), "column")
        if language == "C":
            assert all(byte < 0x80 for byte in shown.sent)


def takes_more(shown):
    """Whether what is written to the terminal goes through."""
    return bool(select.select([], [shown.theirs], [], 0)[1])


def send_until_it_is_full(shown):
    """Send traces while nobody reads; return how many there are. Of each screen all is new, so
    that few fill the terminal: it is drawn ten times a second, however many come between."""
    count = 0
    letters = itertools.cycle(string.ascii_lowercase)
    while takes_more(shown):
        send(shown.address, request_of(1, traces=50, name=next(letters) * 60, first=1 + count))
        count += 50
    return count


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_a_terminal_that_nobody_reads_holds_up_nobody(language):
    all_of_them = ["--spans", "10000000", "--memory", "4096"]
    with terminal(*all_of_them, rows=50, columns=200, LC_ALL=language) as shown:
        count = send_until_it_is_full(shown)
        for _ in range(20):
            send(shown.address, request_of(1, traces=100, first=1 + count))
            count += 100
        shown.press("j")
        shown.until(rf"{count} traces, {count} spans", row=0)
        shown.press("q")
        assert shown.wait() == 0
        check_restored(shown)


def test_a_terminal_that_is_stopped_holds_up_nobody():
    with terminal() as shown:
        shown.press("\x13")
        shown.until_it(lambda: not takes_more(shown), "stop")
        for first in range(1, 2001, 100):
            send(shown.address, request_of(1, traces=100, first=first))
        assert "no traces yet" in shown.text()
        shown.press("\x11")
        shown.until(r"2000 traces, 2000 spans", row=0)


def test_it_stops_and_goes_on_as_other_programs_do():
    """Ctrl-Z: the shell has its terminal, and after `fg` the screen is there again."""
    shell = ["bash", "-mc", '"$@"; stty -a | tr -d "\\n"; fg', "bash"]
    with terminal(before=shell) as shown:
        send(shown.address, request_of(3))
        shown.until(r"1 traces")
        shown.press("\x1a")
        shown.until_it(lambda: shown.sent.count(b"\x1b[?1049h") == 2, "second screen")
        shown.until(r"1 traces, 3 spans", row=0)
        between = shown.sent[shown.sent.rindex(b"\x1b[?1049l") :]
        assert b" icanon" in between and b" echo " in between
        send(shown.address, request_of(3, traces=2))
        shown.until(r"2 traces", row=0)
        shown.press("q")
        assert shown.wait() == 0
        check_restored(shown)


@pytest.mark.parametrize("stop", ["\x13", ""])
def test_a_signal_ends_it_whatever_the_terminal_takes(stop):
    with terminal(rows=50, columns=200) as shown:
        shown.press(stop)
        send_until_it_is_full(shown)
        shown.process.send_signal(signal.SIGTERM)
        assert shown.process.wait(timeout=programs.DEADLINE_SECONDS) == 0
        assert shown.wait() == 0
        assert termios.tcgetattr(shown.theirs) == shown.before
        if stop:
            check_restored(shown)


def counts_traces(shown):
    """Whether all rows but three are of traces, as far as there are thirty."""
    lines = shown.screen.display
    count = sum("work 1" in line for line in lines)
    return "? help" in lines[-1] and count == min(30, len(lines) - 3)


def test_it_follows_the_size_of_the_terminal():
    with terminal() as shown:
        send(shown.address, request_of(40, traces=30))
        shown.until(r"30 traces")
        for rows, columns in ((10, 40), (50, 200), (5, 12), (1, 1), (24, 80)):
            shown.resize(rows, columns)
            if columns >= 40:
                shown.until_it(lambda: counts_traces(shown), f"traces in {rows} rows")
        shown.press(ENTER)
        shown.until(r"40 spans", row=0)
        shown.resize(40, 120)
        shown.until(r"\? help", row=39)
        shown.until(r"Attributes")


def check_restored(shown):
    """The terminal is as it was: its modes, its cursor, its other screen."""
    now = termios.tcgetattr(shown.theirs)
    assert now == shown.before
    assert shown.sent.rindex(b"\x1b[?1049l") > shown.sent.rindex(b"\x1b[?1049h")
    assert not shown.screen.cursor.hidden


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(number):
    with terminal() as shown:
        send(shown.address, request_of(3))
        shown.until(r"1 traces")
        assert termios.tcgetattr(shown.theirs) != shown.before
        shown.process.send_signal(number)
        assert shown.wait() == 0
        check_restored(shown)


def test_what_is_said_meanwhile_is_said_afterwards(tmp_path):
    """A file that cannot be written any more is told about in the middle of the screen's life."""
    kept = tmp_path / "kept.otlp"
    limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh"]
    command = [*limited, VIEW, "--tui", "--keep", kept]
    shown = Terminal([*command, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"])
    try:
        shown.until(r"\? help")
        address = "http://" + re.search(rb"localhost:\d+", shown.sent).group().decode()
        send(address, request_of(200))
        shown.until(r"1 traces, 200 spans")
        assert "File too large" not in shown.text()
        shown.press("q")
        assert shown.wait() == 0
        check_restored(shown)
        assert b"kept.otlp: File too large" in shown.sent[shown.sent.rindex(b"\x1b[?1049l") :]
    finally:
        shown.close()


def test_there_is_colour_where_the_terminal_has_it_and_nobody_forbids_it():
    colours = {}
    for name, settings in (
        ("colour", {}),
        ("forbidden", {"NO_COLOR": "1"}),
        ("empty", {"NO_COLOR": ""}),
        ("monochrome", {"TERM": "vt100"}),
    ):
        with terminal(**settings) as shown:
            send(shown.address, hostile_request())
            shown.until(r"1 traces")
            shown.press(ENTER)
            shown.until("Attributes")
            cells = [cell for row in shown.screen.buffer.values() for cell in row.values()]
            colours[name] = {cell.fg for cell in cells} - {"default"}
    assert colours == {
        "colour": {"red"},
        "forbidden": set(),
        "empty": {"red"},
        "monochrome": set(),
    }


def test_it_says_why_there_is_no_screen():
    words = ["--tui", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    options = {"capture_output": True, "timeout": 30, "stdin": subprocess.DEVNULL}
    done = subprocess.run([VIEW, *words], check=False, **options)
    assert (done.returncode, b"no terminal" in done.stderr) == (1, True)
    shown = Terminal([VIEW, *words], TERM="nothing-of-this-name")
    try:
        assert shown.wait() == 1
        assert b"TERM" in shown.sent
        assert termios.tcgetattr(shown.theirs) == shown.before
    finally:
        shown.close()


def test_when_the_terminal_is_gone_the_program_ends():
    with terminal() as shown:
        os.close(shown.ours)
        os.close(shown.theirs)
        assert shown.process.wait(timeout=programs.DEADLINE_SECONDS) is not None
        shown.ours, shown.theirs = pty.openpty()


def test_the_page_and_the_screen_show_the_same():
    with terminal() as shown:
        send(shown.address, request_of(2, traces=3))
        shown.until(r"3 traces, 6 spans")
        status, body = programs.fetch(shown.address + "/api/traces")
        assert status == 200 and len(json.loads(body)["traces"]) == 3
