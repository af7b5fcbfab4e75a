"""The tests hold in the background too, where a shell has SIGINT and SIGQUIT ignored, and nohup
SIGHUP."""

import subprocess
import sys

import pytest

import programs

STOPPED_WITH_SIGINT = (
    "python/tests/readme_test.py::test_the_tracing_example",
    "tests/integration/test_readme.py::test_first_tracing_of_flask_exports_its_spans",
)


@pytest.mark.parametrize("test", STOPPED_WITH_SIGINT)
def test_tests_pass_in_the_background(test):
    in_background = ["sh", "-c", 'trap "" INT QUIT HUP; exec "$@"', "sh"]
    command = [sys.executable, "-m", "pytest", "-q", "-o", "python_files=*.py", test]
    command = [*in_background, *command]
    done = subprocess.run(
        command, cwd=programs.ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout
