"""SIGTERM: handled where that was asked for, and where nobody else does."""

import pathlib
import signal
import subprocess
import sys
import time

import processes
import pytest

SPAN = 'tracer = provider.get_tracer("tests")\ntracer.start_span("work").end()\n'

# Another thread that takes the interpreter's lock in this moment may take back what tells the main
# thread of a signal (CPython 3.11); once it takes the lock itself, it looks.
KILL = "os.kill(os.getpid(), signal.SIGTERM)\nimport time\ntime.sleep(0)\n"


def run(program, env):
    """Run a program that may die of a signal; return it when it has ended."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE_SECONDS,
        check=False,
    )


def test_a_program_that_handles_it_keeps_its_handler():
    """Whatever was asked for: it ends as it likes, and what waits is exported at that end."""
    program = f"""
import os, signal, sys
from impact_stack.observability import tracing
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
provider = tracing.init_tracing(flush_on_sigterm=True)
{SPAN}
{KILL}
"""
    with processes.collector() as server:
        assert run(program, server.environment()).returncode == 7
        server.exported.check("work", 1)


def test_a_program_that_ignores_it_goes_on():
    """An action that is not the default one is somebody's decision."""
    program = """
import os, signal
from impact_stack.observability import tracing
signal.signal(signal.SIGTERM, signal.SIG_IGN)
tracing.init_tracing(flush_on_sigterm=True)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
"""
    assert run(program, processes.environment("", OTEL_TRACES_EXPORTER="none")).returncode == 0


def test_a_later_handler_that_calls_ours_decides_what_comes_next():
    """What waits is exported, and nothing is ended."""
    program = f"""
import os, signal, sys
from impact_stack.observability import tracing
provider = tracing.init_tracing(flush_on_sigterm=True)
ours = signal.getsignal(signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda number, frame: ours(number, frame))
{SPAN}
{KILL}
assert provider.stats()["exported"] == 1
{SPAN}
"""
    with processes.collector() as server:
        assert run(program, server.environment()).returncode == 0
        server.exported.check("work", 2)


INTERRUPTED = f"""
import os, signal
from impact_stack.observability import tracing

class Terminated:
    def on_start(self, span, parent_context=None):
        pass

    on_end = _on_ending = on_start

    def force_flush(self, timeout_millis=30000):
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    def shutdown(self):
        print("shut down", flush=True)

provider = tracing.init_tracing(flush_on_sigterm=True)
provider.add_span_processor(Terminated())
{SPAN}
"""


def test_an_end_that_it_comes_into_is_gone_through_with():
    """A child of a pool is told to end, and sent the signal, in one moment."""
    with processes.collector() as server:
        done = run(INTERRUPTED, server.environment())
        assert (done.returncode, done.stdout) == (-signal.SIGTERM, "shut down\n")
        server.exported.check("work", 1)


def test_a_provider_is_forgotten_only_when_it_is_shut_down():
    """In the moment before, the signal finds it: what waits is exported."""
    program = f"""
import os, signal
from impact_stack.observability import tracing
from impact_stack.observability.tracing import process_end
provider = tracing.init_tracing(flush_on_sigterm=True)
forget = process_end.forget

def interrupted(provider):
    process_end.forget = forget
    os.kill(os.getpid(), signal.SIGTERM)

process_end.forget = interrupted
{SPAN}
provider.shutdown()
"""
    with processes.collector() as server:
        assert run(program, server.environment()).returncode == -signal.SIGTERM
        server.exported.check("work", 1)


def test_a_program_that_it_kills_dies_of_it():
    """Its parent sees the signal, not a status of ours."""
    program = f"""
import os, signal
from impact_stack.observability import tracing
provider = tracing.init_tracing(flush_on_sigterm=True)
{SPAN}
{KILL}
"""
    with processes.collector() as server:
        assert run(program, server.environment()).returncode == -signal.SIGTERM
        server.exported.check("work", 1)


@pytest.mark.parametrize("configured", [None, False, True])
def test_an_apps_configuration_is_asked_before_the_environment(configured):
    """What says nothing leaves it to the variable, which is set here."""
    said = {} if configured is None else {"TRACING_FLUSH_ON_SIGTERM": configured}
    program = f"""
import os, signal, flask
from impact_stack.observability import tracing
app = flask.Flask("app")
app.config.update({said})
provider = tracing.Tracing(app).tracer_provider
{SPAN}
{KILL}
"""
    with processes.collector() as server:
        environment = server.environment(TRACING_FLUSH_ON_SIGTERM="true")
        assert run(program, environment).returncode == -signal.SIGTERM
        server.exported.check("work", 0 if configured is False else 1)


def test_it_can_only_be_handled_from_the_main_thread():
    """Elsewhere Python refuses: that is said, and tracing begins."""
    program = """
import signal, threading
from impact_stack.observability import tracing
started = threading.Thread(target=tracing.init_tracing, kwargs={"flush_on_sigterm": True})
started.start()
started.join()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    done = run(program, processes.environment("", OTEL_TRACES_EXPORTER="none"))
    assert done.returncode == 0
    assert "SIGTERM can only be handled from the main thread" in done.stderr


def test_providers_share_the_time_that_an_end_may_take():
    """Two that wait for a peer without an answer end within five seconds together."""
    program = """
import time
from impact_stack.observability import tracing
from impact_stack.observability.tracing import process_end
for _ in range(2):
    provider = tracing.init_tracing(set_global_tracer_provider=False)
    provider.get_tracer("tests").start_span("work").end()
process_end.TIMEOUT_MS = 600
started = time.monotonic()
process_end._shut_down()
took = time.monotonic() - started
assert 0.55 < took < 5, took
"""
    with processes.silent_peer() as endpoint:
        done = run(program, processes.environment(endpoint))
    assert done.returncode == 0, done.stderr


WAITS = """
import os, signal, threading
from impact_stack.observability import tracing
provider = tracing.init_tracing(flush_on_sigterm=True)
FORK
lock = threading.Lock()
main = threading.get_native_id()

def waits():
    with open(f"/proc/self/task/{main}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"

def terminate():
    while not all(waits() for _ in range(100)):
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

provider.get_tracer("tests").start_span("work").end()
threading.Thread(target=terminate, daemon=True).start()
with lock:
    lock.acquire()
"""

FORK = """
if child := os.fork():
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize("fork", ["", FORK], ids=["program", "child"])
def test_a_wait_that_it_does_not_interrupt_does_not_hold_the_end_up(fork):
    """As when it comes between Python's look for signals and the wait of the main thread."""
    with processes.collector() as server:
        done = run(WAITS.replace("FORK", fork), server.environment())
        assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
        server.exported.check("work", 1)


STUCK = f"""
import ctypes
from impact_stack.observability import tracing
provider = tracing.init_tracing(flush_on_sigterm=True)
{SPAN}
mutex = ctypes.create_string_buffer(64)
library = ctypes.PyDLL(None)  # whose functions keep the GIL
library.pthread_mutex_lock(mutex)
print("ready", flush=True)
library.pthread_mutex_lock(mutex)
"""


def waits(process):
    """Whether its main thread waits in the kernel."""
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    return stat.rpartition(")")[2].split()[0] == "S"


def test_it_ends_a_program_that_never_comes_back_from_c():
    """The core exports what waits, and the signal does what it would do without a handler."""
    with processes.collector() as server:
        command = [sys.executable, "-c", STUCK]
        with subprocess.Popen(command, env=server.environment(), stdout=subprocess.PIPE) as stuck:
            try:
                assert stuck.stdout.readline() == b"ready\n"
                while not all(waits(stuck) for _ in range(100)):
                    pass
                stuck.terminate()
                assert stuck.wait(processes.DEADLINE_SECONDS) == -signal.SIGTERM
            finally:
                stuck.kill()
        server.exported.check("work", 1)


def test_an_action_that_python_does_not_know_of_stays():
    """A library has set it past Python, which still takes it for the default one."""
    program = """
import ctypes, os, signal
from impact_stack.observability import tracing
SIG_IGN = 1
ctypes.CDLL(None).signal(signal.SIGTERM, ctypes.c_void_p(SIG_IGN))
tracing.init_tracing(flush_on_sigterm=True)
os.kill(os.getpid(), signal.SIGTERM)
"""
    assert run(program, processes.environment("", OTEL_TRACES_EXPORTER="none")).returncode == 0


def test_an_end_has_its_whole_time():
    """It is not cut off because the main thread waits in C, for a peer that does not answer."""
    program = f"""
import os, signal
from impact_stack.observability import tracing
from impact_stack.observability.tracing import process_end
provider = tracing.init_tracing(flush_on_sigterm=True)
{SPAN}
process_end.TIMEOUT_MS = 3000
os.kill(os.getpid(), signal.SIGTERM)
"""
    started = time.monotonic()
    with processes.silent_peer() as endpoint:
        assert run(program, processes.environment(endpoint)).returncode == -signal.SIGTERM
    assert time.monotonic() - started > 3


def test_what_a_signal_raises_amid_an_end_keeps_no_provider_from_its_own():
    """gunicorn's handler of QUIT raises SystemExit in a worker that is ending already."""
    program = f"""
import os, signal, sys
from impact_stack.observability import tracing

class Interrupted:
    def on_start(self, span, parent_context=None):
        pass

    on_end = _on_ending = on_start

    def force_flush(self, timeout_millis=30000):
        os.kill(os.getpid(), signal.SIGQUIT)
        return True

    def shutdown(self):
        pass

signal.signal(signal.SIGQUIT, lambda number, frame: sys.exit(0))
for _ in range(3):
    provider = tracing.init_tracing(set_global_tracer_provider=False)
    provider.add_span_processor(Interrupted())
    {SPAN.replace(chr(10), "; ")}
"""
    with processes.collector() as server:
        assert run(program, server.environment()).returncode == 0
        server.exported.check("work", 3)
