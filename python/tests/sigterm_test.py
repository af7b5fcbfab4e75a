"""SIGTERM: handled where that was asked for, and where nobody else does."""

import signal
import subprocess
import sys

import processes

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
