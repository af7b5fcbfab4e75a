"""Several interpreters in one process, as mod_wsgi has them: with one GIL, and with one each."""

import importlib
import logging
import sys
import textwrap

import pytest

from impact_stack.observability import _core

# What an interpreter begins with: the binding and what it hears, without the Python around it, for
# some of what that imports is not made for a GIL of its own.
PROLOGUE = """
from impact_stack.observability import _core
heard = []
_core.report_diagnostics_to(lambda severity, message, suppressed: heard.append(message))
"""


class Interpreter:
    """An interpreter of its own; `run` raises what is raised in there."""

    def __init__(self, has_own_gil):
        if sys.version_info >= (3, 13):
            self.module = importlib.import_module("_interpreters")
            self.id = self.module.create("isolated" if has_own_gil else "legacy")
        else:
            self.module = importlib.import_module("_xxsubinterpreters")
            self.id = self.module.create(isolated=has_own_gil)

    def run(self, text):
        """Run a program there."""
        failed = self.module.run_string(self.id, textwrap.dedent(text))
        assert failed is None, failed

    def destroy(self):
        """End it."""
        self.module.destroy(self.id)


@pytest.fixture(name="interpreter", params=["one GIL", "a GIL each"])
def fixture_interpreter(request):
    """Return another interpreter, which ends with the test."""
    interpreter = Interpreter(request.param == "a GIL each")
    interpreter.run(PROLOGUE)
    yield interpreter
    interpreter.destroy()


WARN = """
def warn(name):
    registry = _core.HealthRegistry(
        lambda name: "reason", prefix="/h", secret=None, ignores_unknown_checks=True, budget_ms=0
    )
    registry.add(name, "_defaults")
    registry.answer("GET", "/h/", b"", [])
"""


def warn(caplog, name):
    """Let a check of this name fail here, on a thread of the core; wait until that is said."""
    here = {"_core": _core}
    exec(WARN, here)
    with caplog.at_level(logging.WARNING):
        here["warn"](name)
        while name not in caplog.text:
            _core.version()  # any code does: the main thread hands over what waits
    return caplog.text


def test_an_interpreter_hears_what_it_caused_itself(interpreter, caplog):
    """Neither hears the other's warnings."""
    mine, other = f"mine {interpreter.id}", f"other {interpreter.id}"
    warn(caplog, mine)
    interpreter.run(WARN)
    interpreter.run(f"""
        warn({other!r})
        while not heard:  # the reason may be said a moment after the answer
            warn("meanwhile")
        assert {other!r} in heard[0], heard
        assert not any({mine!r} in message for message in heard), heard
    """)
    assert other not in warn(caplog, mine + " again")


def test_an_end_silences_nobody_else(caplog):
    """What ends is that interpreter's receiver."""
    interpreter = Interpreter(False)
    interpreter.run(PROLOGUE)
    interpreter.run("_core.report_diagnostics_to(None)")
    interpreter.destroy()
    assert "after the end" in warn(caplog, "after the end")


def test_a_check_runs_in_the_interpreter_that_registered_it(interpreter):
    """Its functions find their own modules, and their results are its own."""
    interpreter.run("""
        import sys
        ran = []
        def run(name):
            ran.append((name, sys.modules["__main__"].__dict__ is globals()))
        registry = _core.HealthRegistry(
            run, prefix="/health", secret=None, ignores_unknown_checks=True, budget_ms=0
        )
        for name in ("a", "b"):
            registry.add(name, "_defaults")
        status, headers, body = registry.answer("GET", "/health/", b"", [])
        assert status == 200, body
        assert sorted(ran) == [("a", True), ("b", True)], ran
        registry.remove("a")
        del registry
    """)


def test_interpreters_come_and_go():
    """Each has all that it needs, and leaves nothing that the next one trips over."""
    for _ in range(20):
        interpreter = Interpreter(True)
        interpreter.run(PROLOGUE)
        interpreter.run("""
            registry = _core.HealthRegistry(
                lambda name: None,
                prefix="/h",
                secret=None,
                ignores_unknown_checks=True,
                budget_ms=0,
            )
            registry.add("a", "_defaults")
            assert registry.answer("GET", "/h/", b"", [])[0] == 200
            _core.report_diagnostics_to(None)
        """)
        interpreter.destroy()
    assert _core.version()


def test_spans_are_made_and_exported_in_an_interpreter(interpreter):
    """The provider of another interpreter has its own classes, and its own spans."""
    interpreter.run("""
        from impact_stack.observability.tracing.provider import TracerProvider
        provider = TracerProvider(exporters=("memory",))
        with provider.get_tracer("x").start_as_current_span("in there") as span:
            span.set_attribute("key", [1, 2])
        assert provider.force_flush(30_000)
        assert b"in there" in provider.memory_data()
        assert provider.stats()["exported"] == 1
        del provider, span
    """)
