"""The formats of a health answer, read by who reads them elsewhere."""

import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from test_page import fetch, fixture_service  # noqa: F401 - a fixture

OPENMETRICS = "application/openmetrics-text;version=1.0.0,*/*;q=0.1"


@pytest.mark.parametrize("count", [0, 1, 50])
def test_openmetrics_is_what_its_parser_reads(service, count):
    """A sample a check and family; no text, and no name that breaks out of its label."""
    status, headers, body = fetch(service(count), Accept=OPENMETRICS)
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert families["health_check_status"].type == "stateset"
    assert len(families["health_check_status"].samples) == 4 * count
    for name in ("up", "duration_seconds", "age_seconds", "stuck_seconds"):
        assert len(families[f"health_check_{name}"].samples) == count
    checks = {sample.labels["check"] for sample in families["health_check_up"].samples}
    assert len(checks) == count
    assert count < 7 or "<b>markup</b>" in checks
    assert "s3cret" not in body and "refused" not in body
    (up,) = families["health_up"].samples
    ups = [sample.value for sample in families["health_check_up"].samples]
    assert up.value == all(ups)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_health_json_is_json_with_the_keys_of_the_draft(service, count):
    """Whatever the checks are called."""
    status, headers, body = fetch(service(count, "s3"), Accept="application/health+json", **{
        "X-Health-Secret": "s3"
    })
    answer = json.loads(body)
    assert headers["Content-Type"] == "application/health+json"
    assert answer["status"] in ("pass", "warn", "fail")
    assert (status == 503) == (answer["status"] == "fail")
    assert len(answer["checks"]) == count
    for (check,) in answer["checks"].values():
        assert check["status"] in ("pass", "warn", "fail")
        assert check["time"].endswith("Z")
        assert ("output" in check) == (check["status"] == "fail")
        assert "s3cret" not in check.get("output", "")


def test_the_original_json_is_as_it_was(service):
    """Byte for byte, for who does not say what he wants."""
    status, headers, body = fetch(service(0))
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body == '{"available_checks":[],"checks":{},"health":"running"}\n'
    _, _, body = fetch(service(3))
    names = ["database", "payments API", "disk /var/lib/orders"]
    checks = json.loads(body)["checks"]
    assert list(checks) == names
    state = "running" if all(checks.values()) else "degraded"
    said = ",".join(f'"{name}":{json.dumps(checks[name])}' for name in names)
    assert body == (
        '{"available_checks":["database","payments API","disk /var/lib/orders"],'
        f'"checks":{{{said}}},"health":"{state}"}}\n'
    )


def test_the_own_port_answers_orchestrators(service):
    """Nobody else has these paths there. Strangers get one word."""
    root = service(1, "s3").removesuffix("/health/")
    assert fetch(root + "/livez")[::2] == (200, "ok\n")
    assert fetch(root + "/readyz")[::2] == (503, "failed\n")
    _, _, told = fetch(root + "/readyz", **{"X-Health-Secret": "s3"})
    assert told == "[-]_ready failed: it has no checks\nreadyz check failed\n"
    status, _, _ = fetch(root + "/livez?verbose&exclude=database")
    assert status == 401
