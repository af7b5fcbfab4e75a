"""The README on the versions of Python and Flask that it promises, each in an environment of its
own."""

import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent
PACKAGE = FOLDER.parent
FLASKS = {"oldest": ["flask==2.2.*", "werkzeug<3"], "newest": ["flask"]}


def interpreters():
    """Return the interpreters that are here: in the PATH, or where pyenv keeps them."""
    roots = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    for minor in range(10, 14):
        name = f"python3.{minor}"
        found = sorted(roots.glob(f"versions/3.{minor}.*/bin/{name}"))
        yield name, found[-1] if found else shutil.which(name)


@pytest.mark.parametrize("flask", FLASKS)
@pytest.mark.parametrize("name, python", list(interpreters()))
def test_the_readme_holds(tmp_path, name, python, flask):
    """Its examples are run, word for word, against the package built for this interpreter."""
    if python is None:
        pytest.skip(f"no {name}")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet"]
    packages = [f"{PACKAGE}[flask,requests]", "pytest", "opentelemetry-proto", *FLASKS[flask]]
    subprocess.run([*pip, *packages], check=True)
    test = [tmp_path / "venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run([*test, FOLDER / "readme_test.py"], check=True, cwd=tmp_path)
