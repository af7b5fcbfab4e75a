"""What README.md shows is true: its programs are those of examples/, compile as it says against
what is installed, and do what it says."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

import programs

README = (programs.ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = BLOCK.findall(README)


def blocks_of(language):
    return [text for name, text in BLOCKS if name == language]


def program_named(language, name):
    """The block that is the program of this name: its first comment says so."""
    return next(text for text in blocks_of(language) if re.match(rf'(/\* |"""){name}: ', text))


def line_with(start):
    """The one line of a shell block that begins like this."""
    lines = [line for text in blocks_of("sh") for line in text.splitlines()]
    (found,) = [line for line in lines if line.startswith(start)]
    return found


# ---- the programs are those of examples/ ----


@pytest.mark.parametrize("language, suffix", [("c", ".c"), ("python", ".py")])
def test_programs_are_those_of_examples(language, suffix):
    examples = [path.read_text(encoding="utf-8") for path in programs.EXAMPLES.glob(f"*{suffix}")]
    assert len(blocks_of(language)) == 2
    for text in blocks_of(language):
        assert text in examples, text


def test_files_that_are_named_exist():
    names = re.findall(r"`([\w./]+(?:\.md|\.c|\.py|/))`", README)
    assert len(names) > 8
    for name in names:
        assert (programs.ROOT / name).exists(), name


def test_commands_that_are_named_exist():
    makefile = (programs.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([\w-]+)`", README))
    assert {"demo", "install"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_variables_that_are_named_are_in_the_manual():
    pages = (programs.ROOT / "docs/man").iterdir()
    manual = "".join(page.read_text(encoding="utf-8") for page in pages)
    variables = set(re.findall(r"`(OTEL_\w+)`", README))
    assert len(variables) >= 6
    for variable in variables:
        assert variable in manual, variable


# ---- C, against what is installed ----


def without_venv(path):
    """The system's programs: the environment of these tests has a Meson of its own, and another
    version than that which made the build folder cannot install from it."""
    own = str(pathlib.Path(sys.executable).parent)
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if folder != own)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment of somebody who has installed the library: pkg-config and the loader find
    it."""
    folder = tmp_path_factory.mktemp("installed")
    command = ["meson", "install", "-C", programs.BUILD, "--no-rebuild", "--destdir", folder]
    path = without_venv(os.environ["PATH"])
    subprocess.run(command, check=True, capture_output=True, env=programs.environment(PATH=path))
    (config,) = folder.rglob("impact.pc")
    prefix = re.search(r"^prefix=(.*)$", config.read_text(), re.MULTILINE)[1]
    for path in config.parent.glob("*.pc"):
        path.write_text(path.read_text().replace(f"prefix={prefix}", f"prefix={folder}{prefix}"))
    library = config.parent.parent
    return programs.environment(PKG_CONFIG_PATH=str(config.parent), LD_LIBRARY_PATH=str(library))


@pytest.fixture
def compiled(installed, tmp_path):
    """Compiles a program of the README with the README's own command line."""

    def compile_program(name):
        (tmp_path / f"{name}.c").write_text(program_named("c", name), encoding="utf-8")
        command = line_with(f"cc {name}.c")
        subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=installed, check=True)
        return tmp_path / name

    return compile_program


def without_figures(text):
    """A tree without what differs from run to run: ids, durations, bars."""
    lines = re.sub(r"[0-9a-f]{32}|[\d.]+ [µmn]?s|█", "", text).splitlines()
    return [re.sub(r"\s+", " ", line).strip() for line in lines if line.strip()]


def test_first_span_prints_what_is_shown(compiled, installed):
    compiled_program = compiled("first_span")
    command = line_with("OTEL_TRACES_EXPORTER=tree ./first_span")
    done = subprocess.run(
        ["sh", "-ec", command], cwd=compiled_program.parent, env=installed, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    shown = blocks_of("text")[1]
    assert without_figures(done.stdout.decode()) == without_figures(shown)


def test_first_health_answers_what_is_shown(compiled, installed):
    program = compiled("first_health")
    (path,) = re.findall(r"curl http://127\.0\.0\.1:8081(\S+)", README)
    with programs.running([program, "127.0.0.1:0"], env=installed) as service:
        status, body = programs.fetch(service.url() + path)
    shown = blocks_of("json")[0]
    assert (status, json.loads(body)) == (200, json.loads(shown))


# ---- the demo ----


@pytest.mark.skipif(
    not (programs.BUILD / "examples/orders").exists(), reason="built without what orders needs"
)
def test_the_demo_prints_what_is_shown():
    environment = programs.environment(IMPACT_BUILD=str(programs.BUILD))
    done = subprocess.run(
        [sys.executable, programs.EXAMPLES / "demo"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = without_figures(blocks_of("text")[0])
    printed = without_figures(done.stdout)
    assert printed[printed.index(shown[0]) :][: len(shown)] == shown


# ---- Flask ----


def flask_command(name):
    """The README's command for an app, and its variables, but on a port that is free."""
    words = shlex.split(line_with_flask(name).removesuffix("&"))
    variables = dict(word.split("=", 1) for word in words if "=" in word)
    arguments = [word for word in words if "=" not in word][1:]
    return [*programs.FLASK, *arguments, "--port", "0"], variables


def line_with_flask(name):
    lines = [line for text in blocks_of("sh") for line in text.splitlines()]
    (found,) = [line for line in lines if f"flask --app {name} run" in line]
    return found


@pytest.fixture
def flask_app(tmp_path):
    def run(name):
        (tmp_path / f"{name}.py").write_text(program_named("python", name), encoding="utf-8")
        command, variables = flask_command(name)
        return programs.running(command, cwd=tmp_path, env=programs.environment(**variables))

    return run


def test_first_health_of_flask_answers(flask_app):
    with flask_app("first_health") as app:
        url = app.url()
        status, body = programs.fetch(url + "/health/")
        assert (status, json.loads(body)) == (200, json.loads(blocks_of("json")[1]))
        status, body = programs.fetch(url + "/health/?checks=true,spool")
        assert set(json.loads(body)["checks"]) == {"true", "spool"}
        assert programs.fetch(url + "/health/ping") == (200, "pong")


def test_first_tracing_of_flask_exports_its_spans(flask_app):
    with flask_app("first_tracing") as app:
        (path,) = re.findall(r"curl http://127\.0\.0\.1:5000(/hello\S*)", README)
        assert programs.fetch(app.url() + path) == (200, "Hello, world!\n")
        app.process.send_signal(signal.SIGINT)  # as Ctrl-C does; the spans leave when Python ends
        app.read_until(r'"http.status_code"|"http.response.status_code"')
        app.process.wait(programs.DEADLINE_SECONDS)
        app.stop()
    spans = {span["name"]: span for span in programs.json_objects(app.output)}
    request, greeting = spans["GET /hello/<name>"], spans["choose words"]
    assert request["kind"] == "SpanKind.SERVER"
    assert greeting["parent_id"] == request["context"]["span_id"]
    assert greeting["attributes"] == {"greeting.name": "world"}
    attributes = request["resource"]["attributes"]
    assert (attributes["service.name"], attributes["additional.attribute"]) == ("myapp", "foo")
