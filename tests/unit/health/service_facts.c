/* What a service says of itself. */
#include "health/service_facts.h"

#include "exchange.h"
#include "support/faults.h"

static impact_status open_facts(impact__service_facts **facts, const impact_health_options *options)
{
    return impact__service_facts_open(facts, impact_allocator_default(), options);
}

TEST(facts_are_copied_and_what_was_not_said_is_not_there)
{
    char version[] = "1.4";
    impact__service_facts *facts = NULL;
    REQUIRE(open_facts(&facts, IMPACT_HEALTH_OPTIONS(.version = version, .description = "",
                                                     .service_id = "orders")) == IMPACT_OK);
    version[0] = '2';
    CHECK_STRING(facts->version, "1.4");
    CHECK_STRING(facts->id, "orders");
    CHECK_STRING(facts->release_id, NULL);
    CHECK_STRING(facts->description, NULL);
    impact__shared_release(facts);
    CHECK_EQUAL(open_facts(&facts, IMPACT_HEALTH_OPTIONS(.version = "")), IMPACT_OK);
    CHECK(!facts);
}

TEST(what_could_break_an_answer_is_refused)
{
    static const char *const none[] = {"a\nb", "a\tb", "\x7f", "\xff", "a\xc3"};
    char longest[257];
    impact_health *health = NULL;
    memset(longest, 'a', sizeof longest);
    longest[256] = 0;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.version = none[i])),
                    IMPACT_EINVAL);
        CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.service_id = none[i])),
                    IMPACT_EINVAL);
    }
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.release_id = longest)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.service_id = " a")),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.service_id = "\u00e9")),
                IMPACT_EINVAL);
    CHECK(!health);
    longest[255] = 0;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.release_id = longest,
                                                              .description = "\u00e9 <b>")) ==
            IMPACT_OK);
    close_health(health);
}

TEST(health_json_says_which_service_it_is_and_of_which_version)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(
                &health, IMPACT_HEALTH_OPTIONS(.service_id = "orders", .version = "1",
                                               .release_id = "1.4.2+g12", .description = "a <b>\"",
                                               .budget_ms = patience_ms)) == IMPACT_OK);
    check_answer(ask(health, "GET", "/health/", "format=health-json"), 200,
                 "{\"status\":\"pass\",\"version\":\"1\",\"releaseId\":\"1.4.2+g12\","
                 "\"serviceId\":\"orders\",\"description\":\"a \\u003cb\\u003e\\\"\","
                 "\"checks\":{}}\n");
    close_health(health);
}

TEST(an_answer_outlives_its_registry_and_memory_may_be_short)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        const impact_status opened = impact_health_open(
            &health,
            IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator, .service_id = "orders", .version = "1",
                                  .budget_ms = patience_ms, .workers = IMPACT_HEALTH_NO_THREADS));
        CHECK((opened == IMPACT_OK) == (health != NULL));
        if (opened)
            continue;
        exchange e = ask(health, "GET", "/health/", "format=health-json");
        CHECK_EQUAL(impact_health_close(health, 0), 0);
        CHECK(atomic_load(&f.injected) ||
              strcmp(header_of(&e, "x-envoy-upstream-healthchecked-cluster"), "orders") == 0);
        impact_http_response_clear(&e.response);
    }
}
