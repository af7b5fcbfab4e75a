"""The health page in a real browser: with no, one and many checks, in both colour schemes, on a
desk and on a phone; what axe-core has to say of it, and that it refreshes itself.

The pictures are left in build/page.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

import browser
import programs

FOLDER = programs.BUILD / "page"
WIDTHS = {"desk": (1200, 800), "phone": (360, 740)}
LOCK = programs.ROOT / "tests/integration/page"
IS_BAD_STATUS = "server responded with a status of 503"


def need(is_there, what):
    """Skip without it, where that is not an error."""
    if not is_there:
        assert os.environ.get("CI") != "true", f"no {what}"
        pytest.skip(f"no {what}")


@pytest.fixture(scope="module", name="axe")
def fixture_axe():
    """Return axe-core's source, of the version that is locked."""
    need(shutil.which("npm"), "npm")
    FOLDER.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK / name, FOLDER)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=120)
    return (FOLDER / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="page")
def fixture_page(tmp_path_factory):
    """Return a browser."""
    need(browser.program(), "Chromium")
    opened = browser.Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.fixture(name="service")
def fixture_service():
    """Return a function that starts a service with so many checks, and returns its address."""
    started = []

    def start(count, *secret):
        process = subprocess.Popen(
            [programs.BUILD / "tests/integration/page_service", str(count), *secret],
            env=programs.environment(IMPACT_PLUGIN_PATH=str(programs.BUILD / "src")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return f"http://127.0.0.1:{int(process.stdout.readline())}/health/"

    start.processes = started
    yield start
    for process in started:
        process.stdin.close()
        process.wait(timeout=programs.DEADLINE_SECONDS)


def fetch(url, **headers):
    """Return status, headers and body."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=programs.DEADLINE_SECONDS) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def complaints(page):
    """Return what the browser complains of; that the service is not well is none."""
    return [text for text in page.complaints() if IS_BAD_STATUS not in str(text)]


# ---- how it looks ----


@pytest.mark.parametrize("count", [0, 1, 50])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", WIDTHS)
def test_the_page_is_whole_wherever_it_is_looked_at(page, service, axe, count, scheme, place):
    """No error, nothing that sticks out, nothing that axe-core minds."""
    page.show(service(count) + "?format=html", *WIDTHS[place], scheme)
    (FOLDER / f"{count}-{place}-{scheme}.png").write_bytes(page.picture())
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[place][0]
    assert page.evaluate("document.querySelectorAll('li').length") == count
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(251, 251, 249)" if scheme == "light" else "rgb(20, 20, 19)")
    page.evaluate(axe + ";0")
    run = "axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html]))"
    assert page.evaluate(run) == []


def test_who_does_not_see_hears_the_same(page, service):
    """Each check is a heading, each chart has its words, each state too."""
    page.show(service(8) + "?format=html", *WIDTHS["desk"], "light")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if "role" in n]
    headings = [name for role, name in named if role == "heading"]
    assert headings[0] in ("Degraded", "Running, with a warning")
    assert "disk /var/lib/orders" in headings and "<b>markup</b>" in headings
    charts = [name for role, name in named if role in ("image", "img")]
    assert len(charts) == 8
    assert all(re.match(r"The last 64 results: \d+ passed, \d+ warned, ", name) for name in charts)
    states = page.evaluate("[...document.querySelectorAll('.state')].map(e => e.textContent)")
    assert all(re.match("Failing|Warning|OK", state) for state in states)


# ---- what it may do ----


def test_the_policy_allows_the_pages_own_style_and_script_alone(page, service):
    """By their hashes; what somebody has put in does not run."""
    url = service(1) + "?format=html"
    _, headers, body = fetch(url)
    policy = headers["Content-Security-Policy"]
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r'(src|href)="(?!data:|#)', body)
    page.show(url, *WIDTHS["desk"], "light")
    page.evaluate(
        "{const s = document.createElement('script'); s.textContent = 'window.injected = 1';"
        "document.body.append(s)}"
    )
    assert page.evaluate("window.injected") is None
    assert any("Content Security Policy" in str(text) for text in page.complaints())


UPDATED = """new Promise(done => {
    new MutationObserver(() => done(true)).observe(document.body,
        {childList: true, subtree: true, attributes: true});
    document.dispatchEvent(new Event("visibilitychange"));
})"""


def test_the_page_refreshes_itself_and_says_when_it_cannot(page, service):
    """As when one comes back to its tab; with the secret that it was asked for with."""
    page.show(service(8, "s3cret") + "?format=html&auth=s3cret", *WIDTHS["desk"], "light")
    page.evaluate("document.querySelector('main').old = true")
    assert page.evaluate(UPDATED)
    assert page.evaluate("document.querySelector('main').old") is None
    assert page.evaluate("document.querySelectorAll('li').length") == 8
    assert page.evaluate("document.getElementById('lost').hidden")
    (process,) = service.processes
    process.kill()
    process.wait()
    assert page.evaluate(UPDATED)
    assert page.evaluate("document.getElementById('lost').hidden") is False


def test_updates_can_be_paused(page, service):
    """A page that moves under who reads it is no help (WCAG 2.2.2)."""
    page.show(service(1) + "?format=html", *WIDTHS["desk"], "light")
    page.evaluate("document.getElementById('pause').click()")
    page.evaluate("document.querySelector('main').old = true")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("document.getElementById('pause').textContent") == "Resume updates"
    assert page.evaluate("document.querySelector('main').old")


def test_a_browser_gets_the_page_unasked(page, service):
    """By its Accept."""
    page.show(service(1), *WIDTHS["desk"], "light")
    assert page.evaluate("document.querySelectorAll('li').length") == 1
