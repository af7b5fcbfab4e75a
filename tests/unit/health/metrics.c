/* Metrics of sources, shown behind the checks to who asks in OpenMetrics. */
#include <impact/metric.h>

#include "exchange.h"

static impact_health *health;

static void open_health(void)
{
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = 20000)) == IMPACT_OK);
}

static exchange scrape(void)
{
    return ask_with(health, "/health/", "", "accept", "application/openmetrics-text");
}

static impact_metric metric_of(impact_metric_kind kind, const char *name, const char *unit)
{
    return (impact_metric){.size = sizeof(impact_metric),
                           .kind = kind,
                           .name = name,
                           .unit = unit,
                           .description = "What it says",
                           .value = 3};
}

static void check_page(const char *should)
{
    exchange e = scrape();
    const char *checks_end = strstr(e.body, "# TYPE health_check_observed_value gauge");
    const char *metrics = checks_end ? strstr(checks_end, "measured.\n") : NULL;
    CHECK(metrics);
    if (metrics)
        CHECK_STRING(metrics + strlen("measured.\n"), should);
    check_answer(e, 200, NULL);
}

static void three_kinds(void *source, impact_metric_take *take, void *userdata)
{
    CHECK(source == &health);
    const impact_attribute attributes[] = {impact_string("error.type", "queue_full"),
                                           impact_int("server.port", 4318)};
    impact_metric metric = metric_of(IMPACT_METRIC_COUNTER, "otel.sdk.a", "{span}");
    take(userdata, &metric);
    metric.attributes = attributes;
    metric.attribute_count = 2;
    take(userdata, &metric);
    metric = metric_of(IMPACT_METRIC_UP_DOWN_COUNTER, "b.size", "By");
    take(userdata, &metric);
    metric = metric_of(IMPACT_METRIC_HISTOGRAM, "c.duration", "s");
    metric.attributes = attributes;
    metric.attribute_count = 1;
    metric.sum = 0.25;
    take(userdata, &metric);
}

TEST(each_kind_has_prometheuss_names_and_a_metric_is_one_family)
{
    open_health();
    REQUIRE(impact_health_add_metrics(health, three_kinds, &health) == IMPACT_OK);
    check_page("# TYPE otel_sdk_a counter\n"
               "# HELP otel_sdk_a What it says.\n"
               "otel_sdk_a_total{} 3\n"
               "otel_sdk_a_total{error_type=\"queue_full\",server_port=\"4318\"} 3\n"
               "# TYPE b_size_bytes gauge\n"
               "# UNIT b_size_bytes bytes\n"
               "# HELP b_size_bytes What it says.\n"
               "b_size_bytes{} 3\n"
               "# TYPE c_duration_seconds histogram\n"
               "# UNIT c_duration_seconds seconds\n"
               "# HELP c_duration_seconds What it says.\n"
               "c_duration_seconds_bucket{error_type=\"queue_full\",le=\"+Inf\"} 3\n"
               "c_duration_seconds_count{error_type=\"queue_full\"} 3\n"
               "c_duration_seconds_sum{error_type=\"queue_full\"} 0.25\n"
               "# EOF\n");
    close_health(health);
}

static void odd_ones(void *source, impact_metric_take *take, void *userdata)
{
    (void)source;
    const impact_attribute attributes[] = {impact_string("a key\"", "x\"\\\n\xFFz"),
                                           impact_bool("flag", true)};
    impact_metric metric = metric_of(IMPACT_METRIC_UP_DOWN_COUNTER, "1 odd\nname", NULL);
    metric.description = NULL;
    metric.attributes = attributes;
    metric.attribute_count = 2;
    take(userdata, &metric);
    metric.name = NULL;
    take(userdata, &metric);
    metric.size = 4;
    take(userdata, &metric);
    take(userdata, NULL);
}

TEST(what_a_source_says_cannot_break_out_of_its_line)
{
    open_health();
    REQUIRE(impact_health_add_metrics(health, odd_ones, NULL) == IMPACT_OK);
    check_page("# TYPE _1_odd_name gauge\n"
               "# HELP _1_odd_name .\n"
               "_1_odd_name{a_key_=\"x\\\"\\\\\\n\",flag=\"\"} 3\n"
               "# EOF\n");
    close_health(health);
}

static void newer(void *source, impact_metric_take *take, void *userdata)
{
    struct {
        impact_metric known;
        uint64_t unknown;
    } metric = {metric_of(IMPACT_METRIC_COUNTER, "a", NULL), 0};
    (void)source;
    metric.known.size = sizeof metric;
    take(userdata, &metric.known);
    metric.unknown = 1;
    take(userdata, &metric.known);
    metric.known.size = offsetof(impact_metric, attributes);
    take(userdata, &metric.known);
}

TEST(metrics_of_another_version_are_read_by_the_one_rule)
{
    open_health();
    REQUIRE(impact_health_add_metrics(health, newer, NULL) == IMPACT_OK);
    check_page("# TYPE a counter\n# HELP a What it says.\na_total{} 3\na_total{} 0\n# EOF\n");
    close_health(health);
}

TEST(other_formats_show_no_metrics_and_strangers_get_none)
{
    open_health();
    REQUIRE(impact_health_add_metrics(health, three_kinds, &health) == IMPACT_OK);
    exchange e = ask(health, "GET", "/health/", "format=json");
    CHECK(!check_contains(e.body, "otel"));
    check_answer(e, 200, NULL);
    e = ask(health, "GET", "/health/", "format=text&verbose=1");
    CHECK(!check_contains(e.body, "otel"));
    check_answer(e, 200, NULL);
    REQUIRE(impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "s")) == IMPACT_OK);
    e = scrape();
    CHECK(!check_contains(e.body, "otel"));
    check_answer(e, 401, NULL);
    close_health(health);
}

static void nothing(void *source, impact_metric_take *take, void *userdata)
{
    (void)source, (void)take, (void)userdata;
}

TEST(there_are_at_most_eight_sources)
{
    open_health();
    for (int i = 0; i < 8; i++)
        CHECK_EQUAL(impact_health_add_metrics(health, nothing, NULL), IMPACT_OK);
    CHECK_EQUAL(impact_health_add_metrics(health, nothing, NULL), IMPACT_ELIMIT);
    check_page("# EOF\n");
    close_health(health);
}

TEST(null_is_no_source)
{
    open_health();
    CHECK_EQUAL(impact_health_add_metrics(NULL, nothing, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add_metrics(health, NULL, NULL), IMPACT_EINVAL);
    check_page("# EOF\n");
    close_health(health);
}
