"""The outage matrix, whole: each cell in each protocol, with and without gzip."""

import pytest

import backend
import outages
import restarts

pytestmark = backend.needs_otlp


@pytest.fixture(scope="module", name="meetings")
def fixture_meetings(request):
    with outages.meetings(request) as running:
        yield running


@pytest.mark.parametrize("case", outages.all_cases(), ids=str)
def test_an_outage_costs_what_the_matrix_says(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.deadline_cases(outages.ALL, 100), ids=str)
def test_a_flush_and_a_shutdown_are_back_in_time(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.pumped(outages.all_cases()), ids=str)
def test_an_outage_costs_as_much_where_no_thread_is_started(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.pumped(outages.deadline_cases(outages.ALL, 20)), ids=str)
def test_a_flush_and_a_shutdown_that_pump_are_back_in_time(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("case", outages.four_at_once(outages.all_cases()), ids=str)
def test_an_outage_costs_as_much_with_four_requests_at_once(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize(
    "case", outages.four_at_once(outages.deadline_cases(outages.ALL, 20)), ids=str
)
def test_a_flush_and_a_shutdown_with_four_requests_at_once_are_back_in_time(case, meetings):
    outages.check(case, meetings[case])


@pytest.mark.parametrize("protocol", outages.ALL)
def test_spans_survive_a_collector_that_is_away_for_a_minute(protocol):
    restarts.check_all_arrive([3, 60], 64, protocol)


@pytest.mark.parametrize("protocol", outages.ALL)
def test_spans_survive_a_collector_that_flaps(protocol):
    restarts.check_all_arrive([3] * 10, 30, protocol)
