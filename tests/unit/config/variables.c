/* No variable of the specification is passed over: each of variables.txt is followed, or said by
 * name. */
#include "config/unsupported.h"

#include <stdio.h>
#include <stdlib.h>

#include <impact/propagation.h>
#include <impact/trace.h>

#include "export/otlp/otlp_environment.h"
#include "export/zipkin/zipkin_environment.h"
#include "support/check.h"
#include "support/fake_clock.h"
#include "support/setting.h"

/* What no variable has: no number, no word, no URL, no list; but a text like any other. */
static const char nonsense[] = "nonsense";

/* What is reported with this one alone; the settings of OTLP are the caller's to close. */
static impact_status set_up_with(const char *name, const char *value, otlp__settings *settings)
{
    otlp__settings of_zipkin;
    impact_tracer_provider *provider = NULL;
    fake_clock_advance_ms(61000); /* all may speak again */
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    set("OTEL_TRACES_SAMPLER", "traceidratio"); /* it has an argument */
    set(name, value);
    CHECK_EQUAL(impact_propagation_set_from_environment(), IMPACT_OK);
    CHECK_EQUAL(impact_tracer_provider_open_from_environment(&provider, NULL), IMPACT_OK);
    impact_tracer_provider_close(provider);
    if (zipkin__settings_open(&of_zipkin, NULL) == IMPACT_OK)
        otlp__settings_close(&of_zipkin);
    return otlp__settings_open(settings, NULL, NULL);
}

/* "NAME " or "NAME=", not the name of a longer one. */
static bool is_named(const char *name)
{
    const size_t size = strlen(name);
    for (const char *found = reported; (found = strstr(found, name)); found += size)
        if (strchr(" =:", found[size]) && found[size])
            return true;
    return false;
}

/* Texts, which cannot be nonsense: tests of the resource and of OTLP hold them to what they do. */
static bool is_followed_text(const char *name, const otlp__settings *settings)
{
    const bool is_trusted = settings->certificate && !strcmp(settings->certificate, nonsense);
    const bool is_own =
        settings->client_certificate && !strcmp(settings->client_certificate, nonsense);
    return strcmp(name, "OTEL_SERVICE_NAME") == 0 || is_trusted || is_own;
}

static void check_variable(const char *name)
{
    otlp__settings settings = {.allocator = NULL};
    const impact_status status = set_up_with(name, nonsense, &settings);
    if (!is_named(name) && (status || !is_followed_text(name, &settings)))
        check_failed(__FILE__, __LINE__, "%s is passed over", name);
    if (!status)
        otlp__settings_close(&settings);
}

TEST(no_variable_of_the_specification_is_passed_over)
{
    const char *path = getenv("IMPACT_TEST_VARIABLES");
    FILE *list = path ? fopen(path, "r") : NULL;
    char line[128];
    int count = 0;
    REQUIRE(list);
    fake_clock_set(UINT64_C(1000000000000));
    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "OTEL_", 5) != 0)
            continue;
        check_variable(line);
        count++;
    }
    (void)fclose(list);
    CHECK(count > 70);
}

TEST(a_variable_that_is_not_followed_is_said_once_by_name)
{
    otlp__settings settings = {.allocator = NULL};
    fake_clock_set(UINT64_C(1000000000000));
    REQUIRE(set_up_with("OTEL_CONFIG_FILE", "/etc/otel.yaml", &settings) == IMPACT_OK);
    otlp__settings_close(&settings);
    CHECK_STRING(reported,
                 "OTEL_CONFIG_FILE is not used: configuration files are not read; set the "
                 "variables that you need\n");
    impact__unsupported_report();
    impact__unsupported_report();
    CHECK(!strstr(strchr(reported, '\n') + 1, "OTEL_CONFIG_FILE"));
}

static const char *reported_with(const char *name, const char *value)
{
    otlp__settings settings = {.allocator = NULL};
    CHECK_EQUAL(set_up_with(name, value, &settings), IMPACT_OK);
    otlp__settings_close(&settings);
    return reported;
}

TEST(who_asks_for_nothing_hears_nothing)
{
    fake_clock_set(UINT64_C(1000000000000));
    CHECK_STRING(reported_with("OTEL_METRICS_EXPORTER", "none"), "");
    CHECK_STRING(reported_with("OTEL_LOGS_EXPORTER", " NONE\n"), "");
    CHECK_STRING(reported_with("OTEL_CONFIG_FILE", ""), "");
    CHECK_STRING(reported_with("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "\n"), "");
    CHECK_STRING(reported_with("OTEL_PYTHON_LOG_CORRELATION", "true"), "");
}
