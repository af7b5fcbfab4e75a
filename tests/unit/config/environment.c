/* Providers from the environment: what each variable does, what wins, what is refused. */
#include "config/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include <impact/diagnostics.h>
#include <impact/span_view.h>
#include <impact/trace.h>

#include "config/exporters.h"
#include "base/text.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/setting.h"
#include "trace/provider.h"

static impact_trace_options settings_of(const impact_trace_options *options)
{
    impact_trace_options settings = {.size = 0};
    CHECK_EQUAL(impact__settings_read(&settings, options), IMPACT_OK);
    return settings;
}

static impact_tracer_provider *provider_of(const impact_trace_options *options)
{
    impact_tracer_provider *provider = NULL;
    CHECK_EQUAL(impact_tracer_provider_open_from_environment(&provider, options), IMPACT_OK);
    return provider;
}

/* The resource's value of `key` in a buffer of its own; "(none)" when there is none. */
static const char *resource_value(const impact_tracer_provider *provider, const char *key)
{
    static char text[256];
    impact_message_walk walk;
    impact_text name;
    impact_value_view value;
    (void)snprintf(text, sizeof text, "(none)");
    if (!impact_resource_view_parse(&walk, impact_tracer_provider_get_resource(provider)))
        return "(no resource)";
    while (impact_attribute_view_next(&walk, &name, &value)) {
        if (!impact__text_equal_string(name, key))
            continue;
        if (value.type == IMPACT_VALUE_INT)
            (void)snprintf(text, sizeof text, "%lld", (long long)value.integer);
        else
            (void)snprintf(text, sizeof text, "%.*s", (int)value.string.size, value.string.data);
    }
    return text;
}

#define CHECK_RESOURCE(provider, key, should) CHECK_STRING(resource_value(provider, key), should)

TEST(an_empty_variable_is_unset)
{
    begin();
    set("OTEL_BSP_MAX_QUEUE_SIZE", "");
    set("OTEL_SDK_DISABLED", " ");
    set("OTEL_TRACES_SAMPLER", "");
    const impact_trace_options settings = settings_of(NULL);
    CHECK_EQUAL(settings.queue_limit, 0);
    CHECK_EQUAL(settings.sampler.kind, IMPACT_SAMPLER_UNSET);
    CHECK(!settings.is_disabled);
    CHECK_STRING(reported, "");
}

/* ---- numbers, limits, the sampler ---- */

TEST(the_batch_processor_has_five_numbers)
{
    begin();
    set("OTEL_BSP_MAX_QUEUE_SIZE", "100");
    set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10");
    set("OTEL_BSP_SCHEDULE_DELAY", "20");
    set("OTEL_BSP_EXPORT_TIMEOUT", "30");
    set("OTEL_BSP_MAX_CONCURRENT_EXPORTS", "4");
    set("IMPACT_EXIT_TIMEOUT", "40");
    const impact_trace_options settings = settings_of(NULL);
    CHECK_EQUAL(settings.queue_limit, 100);
    CHECK_EQUAL(settings.batch_limit, 10);
    CHECK_EQUAL(settings.schedule_delay_ms, 20);
    CHECK_EQUAL(settings.export_timeout_ms, 30);
    CHECK_EQUAL(settings.exit_timeout_ms, 40);
    CHECK_EQUAL(settings.concurrent_export_limit, 4);
}

TEST(one_to_sixteen_requests_may_be_under_way_and_what_is_else_is_refused)
{
    static const char *const wrong[] = {"17", "0", "-1", "four", "4294967297"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin();
        set("OTEL_BSP_MAX_CONCURRENT_EXPORTS", wrong[i]);
        CHECK(settings_of(NULL).concurrent_export_limit == 0);
        CHECK(i || check_contains(reported, "it is more than 16"));
    }
}

TEST(zero_is_no_delay_no_timeout_and_no_size)
{
    begin();
    set("OTEL_BSP_MAX_QUEUE_SIZE", "0");
    set("OTEL_BSP_SCHEDULE_DELAY", "0");
    set("OTEL_BSP_EXPORT_TIMEOUT", "0");
    const impact_trace_options settings = settings_of(NULL);
    CHECK_EQUAL(settings.queue_limit, 0);
    CHECK_EQUAL(settings.schedule_delay_ms, IMPACT_ZERO);
    CHECK_EQUAL(settings.export_timeout_ms, IMPACT_ZERO);
    CHECK_STRING(reported, "OTEL_BSP_MAX_QUEUE_SIZE=0 is not used: it has to be more than 0\n");
}

TEST(a_queue_that_cannot_be_is_refused_and_the_default_stays)
{
    begin();
    set("OTEL_BSP_MAX_QUEUE_SIZE", "2147483647");
    set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1048577");
    const impact_trace_options settings = settings_of(NULL);
    CHECK_EQUAL(settings.queue_limit, 0);
    CHECK_EQUAL(settings.batch_limit, 0);
    CHECK(check_contains(reported, "OTEL_BSP_MAX_QUEUE_SIZE=2147483647 is not used"));
    CHECK(check_contains(reported, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1048577 is not used"));
}

TEST(the_code_wins_over_the_environment)
{
    begin();
    set("OTEL_BSP_MAX_QUEUE_SIZE", "100");
    set("OTEL_SPAN_EVENT_COUNT_LIMIT", "9");
    set("OTEL_TRACES_SAMPLER", "always_off");
    const impact_trace_options settings =
        settings_of(IMPACT_TRACE_OPTIONS(.queue_limit = 5, .limits.event_limit = 6,
                                         .sampler = impact_sampler_ratio(0.5)));
    CHECK_EQUAL(settings.queue_limit, 5);
    CHECK_EQUAL(settings.limits.event_limit, 6);
    CHECK_EQUAL(settings.sampler.kind, IMPACT_SAMPLER_TRACE_ID_RATIO);
}

TEST(limits_of_spans_fall_back_to_the_general_ones)
{
    begin();
    set("OTEL_ATTRIBUTE_COUNT_LIMIT", "11");
    set("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "12");
    impact_trace_options settings = settings_of(NULL);
    CHECK_EQUAL(settings.limits.attribute_limit, 11);
    CHECK_EQUAL(settings.limits.value_length_limit, 12);
    CHECK_EQUAL(settings.event_value_length_limit, 12);
    CHECK_EQUAL(settings.limits.event_attribute_limit, 11);
    CHECK_EQUAL(settings.limits.link_attribute_limit, 11);
    CHECK_EQUAL(settings.limits.event_limit, 0);
    set("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1");
    set("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2");
    set("OTEL_SPAN_EVENT_COUNT_LIMIT", "3");
    set("OTEL_SPAN_LINK_COUNT_LIMIT", "4");
    set("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5");
    set("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "6");
    settings = settings_of(NULL);
    CHECK_EQUAL(settings.limits.attribute_limit, 1);
    CHECK_EQUAL(settings.limits.value_length_limit, 2);
    CHECK_EQUAL(settings.event_value_length_limit, 12);
    CHECK_EQUAL(settings.limits.event_limit, 3);
    CHECK_EQUAL(settings.limits.link_limit, 4);
    CHECK_EQUAL(settings.limits.event_attribute_limit, 5);
    CHECK_EQUAL(settings.limits.link_attribute_limit, 6);
}

TEST(the_length_of_values_in_spans_is_not_that_of_events)
{
    begin();
    set("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2");
    set("OTEL_TRACES_EXPORTER", "none");
    impact_tracer_provider *provider = provider_of(NULL);
    REQUIRE(provider);
    CHECK_EQUAL(provider->limits.value_length_limit, 2);
    CHECK(provider->event_value_length_limit > 1u << 30);
    impact_tracer_provider_close(provider);
    set("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0");
    provider = provider_of(IMPACT_TRACE_OPTIONS(.limits.value_length_limit = 5));
    REQUIRE(provider);
    CHECK_EQUAL(provider->event_value_length_limit, 5);
    impact_tracer_provider_close(provider);
    provider = provider_of(IMPACT_TRACE_OPTIONS(.event_value_length_limit = IMPACT_ZERO));
    REQUIRE(provider);
    CHECK_EQUAL(provider->limits.value_length_limit, 2);
    CHECK_EQUAL(provider->event_value_length_limit, 0);
    impact_tracer_provider_close(provider);
}

TEST(a_limit_of_zero_keeps_none)
{
    begin();
    set("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0");
    set("OTEL_ATTRIBUTE_COUNT_LIMIT", "11"); /* the other is set: this one does not count */
    set("OTEL_SPAN_EVENT_COUNT_LIMIT", "0");
    set("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0");
    set("OTEL_TRACES_EXPORTER", "none");
    impact_tracer_provider *provider = provider_of(NULL);
    REQUIRE(provider);
    CHECK_EQUAL(provider->limits.attribute_limit, 0);
    CHECK_EQUAL(provider->limits.event_limit, 0);
    CHECK_EQUAL(provider->limits.link_limit, 128);
    CHECK_EQUAL(provider->limits.value_length_limit, 0);
    CHECK_STRING(reported, "");
    impact_tracer_provider_close(provider);
}

TEST(samplers_have_the_names_of_the_specification)
{
    static const struct {
        const char *name;
        impact_sampler_kind kind;
    } samplers[] = {
        {"always_on", IMPACT_SAMPLER_ALWAYS_ON},
        {"always_off", IMPACT_SAMPLER_ALWAYS_OFF},
        {"traceidratio", IMPACT_SAMPLER_TRACE_ID_RATIO},
        {"parentbased_always_on", IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON},
        {"parentbased_always_off", IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF},
        {"parentbased_traceidratio", IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO},
    };
    begin();
    set("OTEL_TRACES_SAMPLER_ARG", "0.5");
    for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++) {
        set("OTEL_TRACES_SAMPLER", samplers[i].name);
        const impact_sampler sampler = settings_of(NULL).sampler;
        CHECK_EQUAL(sampler.kind, samplers[i].kind);
        CHECK(sampler.ratio * 2 == (strstr(samplers[i].name, "ratio") ? 1 : 0));
    }
    CHECK_STRING(reported, "");
}

TEST(samplers_are_named_in_any_case)
{
    begin();
    set("OTEL_TRACES_SAMPLER", "ALWAYS_OFF");
    CHECK_EQUAL(settings_of(NULL).sampler.kind, IMPACT_SAMPLER_ALWAYS_OFF);
    set("OTEL_TRACES_SAMPLER", "ParentBased_TraceIdRatio");
    CHECK_EQUAL(settings_of(NULL).sampler.kind, IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO);
    CHECK_STRING(reported, "");
}

TEST(a_ratio_that_is_not_given_or_not_one_is_1)
{
    begin();
    set("OTEL_TRACES_SAMPLER", "traceidratio");
    CHECK(settings_of(NULL).sampler.ratio == 1);
    CHECK_STRING(reported, "");
    set("OTEL_TRACES_SAMPLER_ARG", "half");
    CHECK(settings_of(NULL).sampler.ratio == 1);
    CHECK(check_contains(reported, "OTEL_TRACES_SAMPLER_ARG=half is not used"));
}

TEST(an_unknown_sampler_is_reported_and_the_default_stays)
{
    begin();
    set("OTEL_TRACES_SAMPLER", "jaeger_remote");
    CHECK_EQUAL(settings_of(NULL).sampler.kind, IMPACT_SAMPLER_UNSET);
    CHECK_STRING(reported, "OTEL_TRACES_SAMPLER=jaeger_remote is not used: it has to be always_on, "
                           "always_off, traceidratio, parentbased_always_on, "
                           "parentbased_always_off or parentbased_traceidratio\n");
}

TEST(the_clock_of_spans_is_the_systems_where_that_is_asked_for)
{
    begin();
    CHECK(!settings_of(NULL).uses_system_clock);
    CHECK(settings_of(IMPACT_TRACE_OPTIONS(.uses_system_clock = true)).uses_system_clock);
    set("OTEL_C_CLOCK", "system");
    CHECK(settings_of(NULL).uses_system_clock);
    set("OTEL_C_CLOCK", "ticks");
    CHECK(!settings_of(NULL).uses_system_clock);
    CHECK_STRING(reported, "");
    set("OTEL_C_CLOCK", "sundial");
    CHECK(!settings_of(NULL).uses_system_clock);
    CHECK_STRING(reported, "OTEL_C_CLOCK=sundial is not used: it has to be ticks or system\n");
}

TEST(the_journal_is_where_the_environment_says_and_keeps_open_spans_if_that_is_asked_for)
{
    begin();
    set("OTEL_C_JOURNAL_DIR", "/var/lib/traces");
    CHECK_STRING(settings_of(NULL).journal_directory, "/var/lib/traces");
    CHECK_STRING(settings_of(IMPACT_TRACE_OPTIONS(.journal_directory = "/a")).journal_directory,
                 "/a");
    CHECK(!settings_of(NULL).journal_keeps_open);
    CHECK(settings_of(IMPACT_TRACE_OPTIONS(.journal_keeps_open = true)).journal_keeps_open);
    set("OTEL_C_JOURNAL_OPEN_SPANS", "true");
    CHECK(settings_of(NULL).journal_keeps_open);
    CHECK_STRING(reported, "");
}

/* ---- the resource ---- */

TEST(the_process_describes_itself)
{
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    impact_tracer_provider *provider = provider_of(NULL);
    char pid[32];
    char host[256] = "";
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    REQUIRE(gethostname(host, sizeof host - 1) == 0);
    CHECK_RESOURCE(provider, "process.pid", pid);
    CHECK_RESOURCE(provider, "host.name", host);
    CHECK_RESOURCE(provider, "process.executable.name", "test-config-environment");
    CHECK_RESOURCE(provider, "service.name", "unknown_service:test-config-environment");
    CHECK_RESOURCE(provider, "telemetry.sdk.name", "impact");
    CHECK_RESOURCE(provider, "telemetry.sdk.language", "c");
    CHECK_RESOURCE(provider, "telemetry.sdk.version", impact_version());
    impact_tracer_provider_close(provider);
}

TEST(resource_attributes_are_percent_decoded)
{
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    set("OTEL_RESOURCE_ATTRIBUTES", " foo.bar = baz ,comma=a%2Cb,k%3dey=v%3Dw=x,empty=,plus=a+b");
    impact_tracer_provider *provider = provider_of(NULL);
    CHECK_RESOURCE(provider, "foo.bar", "baz");
    CHECK_RESOURCE(provider, "comma", "a,b");
    CHECK_RESOURCE(provider, "k=ey", "v=w=x");
    CHECK_RESOURCE(provider, "empty", "");
    CHECK_RESOURCE(provider, "plus", "a+b");
    CHECK_STRING(reported, "");
    impact_tracer_provider_close(provider);
}

TEST(empty_members_of_resource_attributes_are_skipped)
{
    static const char *const lists[] = {"a=1,", "a=1,,b=2", ",a=1", " ,a=1,\t,", "a=1,\r\n"};
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        set("OTEL_RESOURCE_ATTRIBUTES", lists[i]);
        impact_tracer_provider *provider = provider_of(NULL);
        CHECK_RESOURCE(provider, "a", "1");
        impact_tracer_provider_close(provider);
    }
    CHECK_STRING(reported, "");
}

TEST(one_error_discards_all_resource_attributes)
{
    static const char *const bad[] = {"a=1,b",     "a=1,=2",    "a=1,b=%",  "a=1,b=%2",
                                      "a=1,b=%zz", "a=1,b=%FF", "a=1,b=%00"};
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set("OTEL_RESOURCE_ATTRIBUTES", bad[i]);
        impact_tracer_provider *provider = provider_of(NULL);
        CHECK_RESOURCE(provider, "a", "(none)");
        CHECK_RESOURCE(provider, "telemetry.sdk.name", "impact");
        impact_tracer_provider_close(provider);
    }
    CHECK(check_contains(reported, "OTEL_RESOURCE_ATTRIBUTES=... is not used"));
}

TEST(resource_attributes_of_more_than_64_kib_are_discarded)
{
    static char text[(1 << 16) + 2] = "a=";
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    memset(text + 2, '1', sizeof text - 3);
    set("OTEL_RESOURCE_ATTRIBUTES", text);
    impact_tracer_provider *provider = provider_of(NULL);
    CHECK_RESOURCE(provider, "a", "(none)");
    CHECK(check_contains(reported, "it is too long"));
    impact_tracer_provider_close(provider);
    text[sizeof text - 2] = '\0';
    reported[0] = '\0';
    set("OTEL_RESOURCE_ATTRIBUTES", text);
    provider = provider_of(NULL);
    CHECK_STRING(reported, "");
    impact_tracer_provider_close(provider);
}

TEST(resource_attributes_over_the_limit_are_discarded)
{
    enum { pair_count = 300 };
    char text[pair_count * 4 + 1] = "";
    begin();
    for (size_t i = 0; i < pair_count; i++)
        memcpy(text + 4 * i, "a=1,", 4);
    text[sizeof text - 2] = '\0';
    set("OTEL_RESOURCE_ATTRIBUTES", text);
    set("OTEL_TRACES_EXPORTER", "none");
    impact_tracer_provider *provider = provider_of(NULL);
    CHECK_RESOURCE(provider, "a", "(none)");
    CHECK_STRING(reported, "OTEL_RESOURCE_ATTRIBUTES=... is not used: it is too long\n");
    impact_tracer_provider_close(provider);
}

static void check_service(const impact_trace_options *options, const char *should)
{
    impact_tracer_provider *provider = provider_of(options);
    CHECK_RESOURCE(provider, "service.name", should);
    impact_tracer_provider_close(provider);
}

TEST(each_source_of_the_service_name_wins_over_the_one_before)
{
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    set("OTEL_RESOURCE_ATTRIBUTES", "service.name=first");
    check_service(NULL, "first");
    set("OTEL_SERVICE_NAME", "second");
    check_service(NULL, "second");
    check_service(IMPACT_TRACE_OPTIONS(IMPACT_ATTRIBUTES(impact_string("service.name", "third"))),
                  "third");
    check_service(IMPACT_TRACE_OPTIONS(.service_name = "fourth",
                                       IMPACT_ATTRIBUTES(impact_string("service.name", "third"))),
                  "fourth");
}

TEST(the_codes_attributes_win_over_the_environments)
{
    begin();
    set("OTEL_TRACES_EXPORTER", "none");
    set("OTEL_RESOURCE_ATTRIBUTES", "a=environment,b=environment");
    impact_tracer_provider *provider =
        provider_of(IMPACT_TRACE_OPTIONS(IMPACT_ATTRIBUTES(impact_string("a", "code"))));
    CHECK_RESOURCE(provider, "a", "code");
    CHECK_RESOURCE(provider, "b", "environment");
    impact_tracer_provider_close(provider);
}

/* ---- exporters ---- */

/* `names`: in their order, each with a blank behind it. */
static void check_exporters(const char *value, const char *otherwise, const char *names)
{
    impact_tracer_provider *provider = NULL;
    char opened[128] = "";
    if (value)
        set("OTEL_TRACES_EXPORTER", value);
    provider = provider_of(IMPACT_TRACE_OPTIONS(.default_exporters = otherwise));
    REQUIRE(provider);
    for (size_t i = 0; i < provider->batcher_count; i++) {
        const size_t size = strlen(opened);
        (void)snprintf(opened + size, sizeof opened - size, "%s ",
                       impact__batcher_exporter(provider->batchers[i])->name);
    }
    CHECK_STRING(opened, names);
    impact_tracer_provider_close(provider);
}

TEST(exporters_are_opened_by_name_each_once)
{
    begin();
    check_exporters(NULL, "console", "console ");
    check_exporters("none", "console", "");
    check_exporters("console", NULL, "console ");
    check_exporters(" console , tree,console,\r\n", NULL, "console tree ");
    check_exporters("CONSOLE,Tree,console", NULL, "console tree ");
    check_exporters("NONE", NULL, "");
    CHECK_STRING(reported, "");
}

TEST(something_that_fails_stands_for_exporters_that_cannot_be_opened)
{
    begin();
    check_exporters("console,carrier_pigeon,tree,dove", NULL, "console absent tree ");
    CHECK(check_contains(reported, "OTEL_TRACES_EXPORTER=carrier_pigeon is not used"));
    check_exporters("a_name_of_more_than_thirty_two_bytes,../console", NULL, "absent ");
}

TEST(without_a_word_the_exporter_is_otlp)
{
    begin();
    set("IMPACT_PLUGIN_PATH", "/nowhere");
    impact__exporter_list list;
    REQUIRE(impact__exporter_list_open(&list, NULL, NULL) == IMPACT_OK);
    const bool is_otlp = list.count == 1 && strcmp(list.exporters[0]->name, "otlp") == 0;
    CHECK(is_otlp || check_contains(reported, "no span is exported by OTLP: "));
    impact__exporter_list_close(&list);
}

/* ---- providers ---- */

static impact_trace_stats stats_after_one_span(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    impact_span_end(impact_span_start(tracer, "one", NULL));
    (void)impact_tracer_provider_flush(provider, 10000);
    impact_tracer_provider_get_stats(provider, &stats);
    CHECK_EQUAL(stats.ended, stats.queued + stats.in_flight + stats.exported + stats.dropped_full +
                                 stats.dropped_memory + stats.dropped_closed + stats.rejected +
                                 stats.failed);
    return stats;
}

TEST(a_span_that_no_exporter_could_be_opened_for_has_failed_and_a_flush_says_so)
{
    begin();
    set("OTEL_TRACES_EXPORTER", "carrier_pigeon");
    impact_tracer_provider *provider = provider_of(NULL);
    const impact_trace_stats stats = stats_after_one_span(provider);
    CHECK_EQUAL(stats.failed, 1);
    CHECK_EQUAL(stats.exported, 0);
    impact_span_end(impact_span_start(impact_tracer_provider_get_tracer(provider, "test", NULL),
                                      "another", NULL));
    CHECK(impact_tracer_provider_flush(provider, 10000) != IMPACT_OK);
    impact_tracer_provider_close(provider);
}

static impact_trace_stats stats_with_memory_exporter(void)
{
    impact_exporter *memory = NULL;
    CHECK_EQUAL(impact_exporter_memory_open(&memory, NULL), IMPACT_OK);
    impact_tracer_provider *provider =
        provider_of(IMPACT_TRACE_OPTIONS(.exporters = &memory, .exporter_count = 1));
    const impact_trace_stats stats = stats_after_one_span(provider);
    impact_tracer_provider_close(provider);
    return stats;
}

TEST(the_sampler_of_the_environment_decides)
{
    begin();
    CHECK_EQUAL(stats_with_memory_exporter().exported, 1);
    set("OTEL_TRACES_SAMPLER", "always_off");
    CHECK_EQUAL(stats_with_memory_exporter().ended, 0);
}

TEST(a_disabled_provider_records_nothing_and_opens_no_exporter)
{
    begin();
    set("OTEL_SDK_DISABLED", "TRUE");
    CHECK_EQUAL(stats_with_memory_exporter().ended, 0);
    check_exporters("console", NULL, "");
}

TEST(init_sets_the_default_once)
{
    begin();
    impact_exporter *memory = NULL;
    impact_trace_stats stats = {.size = sizeof stats};
    set("OTEL_TRACES_EXPORTER", "none");
    CHECK_EQUAL(impact_trace_init(NULL), IMPACT_OK);
    REQUIRE(impact_exporter_memory_open(&memory, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &memory, .exporter_count = 1)),
                IMPACT_EEXIST);
    impact_exporter_close(memory); /* it is still the caller's */
    impact_span_end(impact_span_start(NULL, "one", NULL));
    impact_trace_get_stats(&stats);
    CHECK_EQUAL(stats.ended, 1);
    (void)impact_trace_shutdown(10000); /* what becomes of it without an exporter is another test */
    CHECK_EQUAL(impact_trace_init(NULL), IMPACT_OK);
    CHECK_EQUAL(impact_trace_shutdown(10000), IMPACT_OK);
}

TEST(what_is_no_place_or_no_options_is_refused)
{
    begin();
    impact_tracer_provider *provider = NULL;
    const struct {
        impact_trace_options options;
        size_t unknown;
    } later = {.options.size = sizeof later, .unknown = 1};
    CHECK_EQUAL(impact_tracer_provider_open_from_environment(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open_from_environment(&provider, &later.options),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_init(&later.options), IMPACT_EINVAL);
    CHECK(!provider);
}

TEST(an_exporter_without_a_place_is_refused)
{
    CHECK_EQUAL(impact_exporter_otlp_open(NULL, NULL, NULL), IMPACT_EINVAL);
}

TEST(a_bad_option_leaves_the_exporters_to_the_caller)
{
    begin();
    impact_exporter *memory = NULL;
    impact_tracer_provider *provider = NULL;
    REQUIRE(impact_exporter_memory_open(&memory, NULL) == IMPACT_OK);
    const impact_status status = impact_tracer_provider_open_from_environment(
        &provider, IMPACT_TRACE_OPTIONS(.exporters = &memory, .exporter_count = 1,
                                        .sampler = impact_sampler_of((impact_sampler_kind)99, 0)));
    CHECK_EQUAL(status, IMPACT_EINVAL);
    CHECK(!provider);
    impact_exporter_close(memory);
}

TEST(opening_survives_any_lack_of_memory)
{
    begin();
    set("OTEL_RESOURCE_ATTRIBUTES", "a=1,b=2");
    set("OTEL_TRACES_EXPORTER", "console,tree");
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_tracer_provider *provider = NULL;
        const impact_status status = impact_tracer_provider_open_from_environment(
            &provider, IMPACT_TRACE_OPTIONS(.allocator = &f.allocator));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((status == IMPACT_OK) == (provider != NULL));
        impact_tracer_provider_close(provider);
    }
}
