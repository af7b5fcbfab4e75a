"""The fuzz target of values (fuzz/python_values.py), in short; `make fuzz` runs it for longer."""

import pathlib
import subprocess
import sys

TARGET = pathlib.Path(__file__).resolve().parents[2] / "fuzz" / "python_values.py"


def test_a_value_of_any_kind_is_recorded_in_every_way_as_it_is_said_to_be():
    """It is a process of its own: a crash of the interpreter is a failure like others."""
    command = [sys.executable, str(TARGET), "--seed", "1", "--rounds", "100", "--seconds", "60"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "\n100 rounds" in done.stdout
