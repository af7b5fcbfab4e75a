"""What is to be done before a process ends is done, whatever signals come into it."""

import signal
import subprocess
import sys

import processes
import pytest

from impact_stack.observability import _core


class Interrupted:
    """A function that is interrupted so often before it gets to its end."""

    def __init__(self, *kinds):
        self.kinds = list(kinds)
        self.is_done = False

    def __call__(self):
        if self.kinds:
            raise self.kinds.pop(0)
        self.is_done = True


def test_a_function_that_is_interrupted_is_called_again():
    """The program hears of the last of what came."""
    function = Interrupted(KeyboardInterrupt, SystemExit)
    with pytest.raises(SystemExit):
        _core.insist(function)
    assert function.is_done


def test_what_is_of_no_interest_is_dropped():
    """What a process that ends already is told by a handler of its end."""
    function = Interrupted(SystemExit)
    assert _core.insist(function, SystemExit) is None
    assert function.is_done
    function = Interrupted(SystemExit, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        _core.insist(function, dropped=(SystemExit, OSError))
    assert function.is_done


def test_a_function_that_never_comes_to_its_end_is_given_up():
    """What it raises last is raised."""
    function = Interrupted(*[OSError] * 7, *[SystemExit] * 100)
    with pytest.raises(SystemExit):
        _core.insist(function, SystemExit)
    assert len(function.kinds) == 99


# Each signal comes before another instruction of what the process does at its end: a tracer of
# Python's is asked before each of them.
SWEPT = """
import os, signal, sys
from impact_stack.observability import tracing
from impact_stack.observability.tracing import process_end

signal.signal(signal.SIGQUIT, lambda *_: sys.exit(0))
tracing.init_tracing().get_tracer("tests").start_span("work").end()
left = int(sys.argv[1])

def trace(frame, event, argument):
    global left
    if "impact_stack" not in frame.f_code.co_filename:
        return None
    frame.f_trace_opcodes = True
    left -= 1
    if left == 0:
        sys.settrace(None)
        os.kill(os.getpid(), signal.SIGQUIT)
    return trace

class Begin:
    def __call__(self):
        sys.settrace(trace)

import atexit
atexit.register(Begin())
"""


@pytest.mark.parametrize("at", range(1, 240, 17))
def test_a_signal_may_come_anywhere_into_an_end(at):
    """As a worker of gunicorn's that has had its requests is told to quit: nothing is lost, and
    nothing is printed."""
    with processes.collector() as collector:
        asked = [sys.executable, "-c", SWEPT, str(at)]
        env = collector.environment()
        done = subprocess.run(asked, capture_output=True, text=True, check=False, env=env)
        assert done.stderr == ""
        assert done.returncode in (0, -signal.SIGQUIT)
        collector.exported.check("work", 1)
