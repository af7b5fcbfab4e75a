/* A provider's resource. */
#include "signal/encoded_resource.h"

#include <sys/wait.h>
#include <unistd.h>

#include <impact/span_view.h>

#include "base/text.h"
#include "process/instance.h"
#include "support/check.h"
#include "support/faults.h"

/* The value of a whole number in the resource; -1: it is not there. */
static int64_t number_of(impact_text resource, const char *wanted)
{
    impact_message_walk attributes;
    impact_text key;
    impact_value_view value;
    if (!impact_resource_view_parse(&attributes, resource))
        return -1;
    while (impact_attribute_view_next(&attributes, &key, &value))
        if (impact__text_equal_string(key, wanted))
            return value.integer;
    return -1;
}

static impact_text text_of(const impact__encoded_resource *resource)
{
    return impact_text_from(resource->bytes, resource->size);
}

/* How often the instance's id stands in the resource; the last one in `id`. */
static size_t count_instances(impact_text resource, impact_text *id)
{
    impact_message_walk attributes;
    impact_text key;
    impact_value_view value;
    size_t count = 0;
    if (!impact_resource_view_parse(&attributes, resource))
        return 0;
    while (impact_attribute_view_next(&attributes, &key, &value)) {
        if (!impact__text_equal_string(key, "service.instance.id"))
            continue;
        *id = value.string;
        count++;
    }
    return count;
}

static bool has_own_instance(impact_text resource)
{
    char own[impact__instance_id_size];
    impact__instance_id(own);
    impact_text id;
    return count_instances(resource, &id) == 1 &&
           impact__text_equal(id, impact_text_from(own, sizeof own));
}

static const impact_trace_options *options_with_pid(impact_trace_options *options, int64_t pid)
{
    static impact_attribute attributes[2];
    attributes[0] = impact_int("process.pid", pid);
    attributes[1] = impact_int("answer", 42);
    *options = (impact_trace_options){
        .size = sizeof *options, .attributes = attributes, .attribute_count = 2};
    return options;
}

TEST(the_ids_of_the_process_are_renewed_in_a_forked_child)
{
    impact_trace_options options;
    impact__encoded_resource resource = {0};
    REQUIRE(impact__encoded_resource_open(&resource, options_with_pid(&options, getpid())) ==
            IMPACT_OK);
    CHECK_EQUAL(number_of(text_of(&resource), "process.pid"), getpid());
    CHECK(has_own_instance(text_of(&resource)));
    const pid_t child = fork();
    if (child == 0) {
        impact__encoded_resource_renew(&resource);
        const bool is_right = number_of(text_of(&resource), "process.pid") == getpid() &&
                              number_of(text_of(&resource), "answer") == 42 &&
                              has_own_instance(text_of(&resource));
        _exit(is_right ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_EQUAL(number_of(text_of(&resource), "process.pid"), getpid());
    impact__encoded_resource_close(&resource, NULL);
}

TEST(another_processs_id_stays_as_it_was_given)
{
    impact_trace_options options;
    impact__encoded_resource resource = {0};
    REQUIRE(impact__encoded_resource_open(&resource, options_with_pid(&options, 1)) == IMPACT_OK);
    impact__encoded_resource_renew(&resource);
    CHECK_EQUAL(number_of(text_of(&resource), "process.pid"), 1);
    impact__encoded_resource_close(&resource, NULL);
}

static size_t count_pids(impact_text resource)
{
    impact_message_walk attributes;
    impact_text key;
    impact_value_view value;
    size_t count = 0;
    if (impact_resource_view_parse(&attributes, resource))
        while (impact_attribute_view_next(&attributes, &key, &value))
            count += impact__text_equal_string(key, "process.pid");
    return count;
}

TEST(the_process_id_that_is_set_last_is_the_only_one)
{
    const impact_attribute own = impact_int("process.pid", getpid());
    const impact_attribute other = impact_int("process.pid", 1);
    for (int own_is_last = 0; own_is_last < 2; own_is_last++) {
        const impact_attribute both[] = {own_is_last ? other : own, own_is_last ? own : other};
        impact__encoded_resource resource = {0};
        REQUIRE(impact__encoded_resource_open(
                    &resource, IMPACT_TRACE_OPTIONS(.attributes = both, .attribute_count = 2)) ==
                IMPACT_OK);
        CHECK_EQUAL(count_pids(text_of(&resource)), 1);
        CHECK_EQUAL(number_of(text_of(&resource), "process.pid"), own_is_last ? getpid() : 1);
        impact__encoded_resource_close(&resource, NULL);
    }
}

TEST(a_resource_without_a_process_id_gets_none)
{
    impact__encoded_resource resource = {0};
    REQUIRE(impact__encoded_resource_open(
                &resource, IMPACT_TRACE_OPTIONS(.service_name = "orders")) == IMPACT_OK);
    const size_t size = resource.size;
    impact__encoded_resource_renew(&resource);
    CHECK_EQUAL(resource.size, size);
    CHECK_EQUAL(number_of(text_of(&resource), "process.pid"), -1);
    impact__encoded_resource_close(&resource, NULL);
}

TEST(an_instance_id_that_was_given_stays_as_it_is)
{
    const impact_attribute given = impact_string("service.instance.id", "627cc493");
    impact__encoded_resource resource = {0};
    REQUIRE(impact__encoded_resource_open(
                &resource, IMPACT_TRACE_OPTIONS(.attributes = &given, .attribute_count = 1)) ==
            IMPACT_OK);
    impact__encoded_resource_renew(&resource);
    impact_text id;
    CHECK_EQUAL(count_instances(text_of(&resource), &id), 1);
    CHECK(impact__text_equal_string(id, "627cc493"));
    impact__encoded_resource_close(&resource, NULL);
}

TEST(each_allocation_may_fail)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_trace_options options;
        (void)options_with_pid(&options, getpid());
        options.allocator = &f.allocator;
        impact__encoded_resource resource = {0};
        const impact_status status = impact__encoded_resource_open(&resource, &options);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        impact__encoded_resource_close(&resource, &f.allocator);
    }
}
