"""The outage matrix in short: each kind of outage once, by one of the protocols."""

import pytest

import backend
import outages
import restarts

pytestmark = backend.needs_otlp


@pytest.fixture(scope="module", name="meetings")
def fixture_meetings(request):
    with outages.meetings(request) as running:
        yield running


@pytest.mark.parametrize("case", outages.quick_cases(), ids=str)
def test_an_outage_costs_what_the_matrix_says(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.deadline_cases(("http/protobuf",), 3), ids=str)
def test_a_flush_and_a_shutdown_are_back_in_time(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.pumped(outages.nameless_cases()), ids=str)
def test_a_name_server_that_is_gone_holds_up_no_program_without_threads(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.quick_cases_at_once(), ids=str)
def test_an_outage_costs_as_much_with_four_requests_at_once(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_spans_survive_a_collector_that_comes_back(protocol):
    restarts.check_all_arrive([0.5, 1, 0.5, 1], 3, protocol)
