"""The package is typed: for those who use it, and its stubs say what the compiled module has."""

import subprocess
import sys

from programs import ROOT

USER = """
import flask
from impact_stack.observability import health as health_, tracing

app = flask.Flask(__name__)
health = health_.Health(app)
health.register_check("db", health_.checks.check_db)
tracing_ext = tracing.Tracing()
tracing_ext.init_app(app, attributes={"key": "value"})

@tracing.new_span("work", args_as={"items": "work.items"})
def work(items: int) -> str:
    return str(items)

@tracing.new_span("pair", unwrap_attributes_from_return_value=True)
def pair() -> tuple[int, dict[str, str]]:
    return 5, {}

"""


def mypy(folder, text):
    """Return what mypy --strict says of a program."""
    program = folder / "program.py"
    program.write_text(USER + text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", folder, program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_a_users_program_is_checked(tmp_path):
    """What is right passes, and keeps its types; what is wrong is found."""
    assert mypy(tmp_path, "text: str = work(5)\nnumber: int = pair()\n").startswith("Success")
    said = mypy(tmp_path, "number: int = work('five')\nhealth_.Health(app, url_prefix=5)\n")
    for wrong in ('type "str", variable has type "int"', 'incompatible type "str"; expected "int"'):
        assert wrong in said
    assert 'Argument "url_prefix" to "Health" has incompatible type "int"' in said


def test_the_stubs_are_what_the_module_has(tmp_path):
    """Names, signatures, what may be subclassed."""
    command = [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases"]
    told = subprocess.run(
        [*command, "--mypy-config-file", ROOT / "python/pyproject.toml"]
        + ["impact_stack.observability._core"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
