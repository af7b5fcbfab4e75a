/* Environment variables as carriers: what a process was given, and what it gives its children. */
#include <impact/propagation.h>

#include <stdlib.h>

#include <impact/baggage.h>

#include "propagate/formats.h"
#include "support/carrier.h"
#include "support/check.h"
#include "support/faults.h"

#define HEADER "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* As the third argument of main. */
static char *const *environment_of(const char *const *list)
{
    return (char *const *)(size_t)list;
}

/* The variable's value in a list; NULL: none, or it stands there twice. */
static const char *variable(char **list, const char *name)
{
    const char *found = NULL;
    for (const size_t size = strlen(name); *list; list++)
        if (strncmp(*list, name, size) == 0 && (*list)[size] == '=') {
            if (found)
                return NULL;
            found = *list + size + 1;
        }
    return found;
}

static const impact_context *extract_from(const char *const *list)
{
    return impact_propagation_extract(impact_context_root(), impact_environment_getter(),
                                      (void *)(size_t)list);
}

TEST(a_context_comes_from_variables_with_the_fields_names_in_upper_case)
{
    const char *const list[] = {"PATH=/bin", "TRACEPARENT=" HEADER, "TRACESTATE=a=1", "BAGGAGE=k=v",
                                NULL};
    const impact_context *context = extract_from(list);
    const impact_span_context found = impact_context_span_context(context);
    CHECK_STRING(carrier_shown(&found), &HEADER[3]);
    CHECK_EQUAL(strlen(found.trace_state.text), 3);
    CHECK_EQUAL(impact_baggage_count(impact_context_baggage(context)), 1);
    impact_context_release(context);
    const char *const lower[] = {"traceparent=" HEADER, NULL};
    CHECK(extract_from(lower) == impact_context_root()); /* not its normal name */
}

TEST(a_null_carrier_is_this_processs_environment)
{
    CHECK_EQUAL(setenv("TRACEPARENT", HEADER, 1), 0);
    const impact_context *context = extract_from(NULL);
    const impact_span_context found = impact_context_span_context(context);
    CHECK_STRING(carrier_shown(&found), &HEADER[3]);
    impact_context_release(context);
}

/* The value that the getter finds under `name`. */
static bool finds(const char *const *list, const char *name)
{
    const impact_text text = impact_environment_getter()->get((void *)(size_t)list, name);
    return text.size == 1 && *text.data == 'v';
}

TEST(names_are_made_normal)
{
    const char *const list[] = {"X_B3_TRACEID=v", "_3D=v", "_=v", "A_B__C=v", NULL};
    CHECK(finds(list, "x-b3-traceid"));
    CHECK(finds(list, "3d"));
    CHECK(finds(list, ""));
    CHECK(finds(list, "a.b-\xC3"
                      "c"));
    CHECK(!finds(list, "b3"));
    const char *const odd[] = {"x-b3-traceid=v", "NOVALUE", NULL};
    CHECK(!finds(odd, "x-b3-traceid"));
    char longest[400];
    memset(longest, 'A', sizeof longest);
    longest[sizeof longest - 1] = 0;
    CHECK(!finds(list, longest));
}

TEST(a_name_of_255_bytes_is_looked_for_and_a_longer_one_is_not)
{
    static char variable[256 + sizeof "=v"];
    static char name[256 + 1];
    const char *const list[] = {variable, NULL};
    memset(name, 'A', 256);
    (void)snprintf(variable, sizeof variable, "%.255s=v", name);
    name[255] = '\0';
    CHECK(finds(list, name));
    name[255] = 'A';
    (void)snprintf(variable, sizeof variable, "%s=v", name);
    CHECK(!finds(list, name));
}

static bool count_name(void *userdata, impact_text name)
{
    (void)name;
    return ++*(int *)userdata < 3;
}

TEST(only_normal_names_are_keys)
{
    int count = 0;
    const char *const list[] = {"A=1", "a=1", "_B9=1", "9B=1", "=1", "A-B=1", NULL};
    impact_environment_getter()->keys((void *)(size_t)list, count_name, &count);
    CHECK_EQUAL(count, 2);
    const char *const many[] = {"A=1", "B=1", "C=1", "D=1", NULL};
    count = 0;
    impact_environment_getter()->keys((void *)(size_t)many, count_name, &count);
    CHECK_EQUAL(count, 3); /* it wanted no more */
}

static const impact_context *a_context(void)
{
    carrier c = {.count = 0};
    carrier_add(&c, "traceparent", HEADER);
    carrier_add(&c, "baggage", "k=v");
    return impact_propagation_extract(impact_context_root(), &carrier_getter, &c);
}

TEST(a_child_gets_the_context_in_the_place_of_what_its_parent_got)
{
    const char *const from[] = {"PATH=/bin", "TRACEPARENT=old", "TRACESTATE=old=1",
                                "HOME=/",    "BAGGAGE=x=1",     "TRACEPARENT_X=mine",
                                NULL};
    const impact_context *context = a_context();
    char **child = NULL;
    REQUIRE(impact_propagation_environment_open(&child, context, environment_of(from)) ==
            IMPACT_OK);
    CHECK_STRING(variable(child, "PATH"), "/bin");
    CHECK_STRING(variable(child, "HOME"), "/");
    CHECK_STRING(variable(child, "TRACEPARENT"), HEADER);
    CHECK_STRING(variable(child, "TRACESTATE"), NULL);
    CHECK_STRING(variable(child, "BAGGAGE"), "k=v");
    CHECK_STRING(variable(child, "TRACEPARENT_X"), "mine");
    size_t count = 0;
    while (child[count])
        count++;
    CHECK_EQUAL(count, 5);
    impact_propagation_environment_close(child);
    impact_context_release(context);
}

TEST(without_a_list_the_childs_is_made_of_this_processs)
{
    CHECK_EQUAL(setenv("IMPACT_TEST_MINE", "yes", 1), 0);
    char **child = NULL;
    REQUIRE(impact_propagation_environment_open(&child, impact_context_root(), NULL) == IMPACT_OK);
    CHECK_STRING(variable(child, "IMPACT_TEST_MINE"), "yes");
    CHECK_STRING(variable(child, "TRACEPARENT"), NULL);
    impact_propagation_environment_close(child);
    const char *const empty[] = {NULL};
    REQUIRE(impact_propagation_environment_open(&child, impact_context_root(),
                                                environment_of(empty)) == IMPACT_OK);
    CHECK(child[0] == NULL);
    impact_propagation_environment_close(child);
}

TEST(other_formats_have_their_own_variables)
{
    CHECK_EQUAL(impact_propagation_set(&impact__propagator_b3multi), IMPACT_OK);
    const char *const from[] = {"X_B3_FLAGS=1", "TRACEPARENT=kept", NULL};
    const impact_context *context = impact_context_with_span_context(
        impact_context_root(), &(impact_span_context){.trace_id = {{1}}, .span_id = {{2}}});
    char **child = NULL;
    REQUIRE(impact_propagation_environment_open(&child, context, environment_of(from)) ==
            IMPACT_OK);
    CHECK_STRING(variable(child, "X_B3_SPANID"), "0200000000000000");
    CHECK_STRING(variable(child, "X_B3_SAMPLED"), "0");
    CHECK_STRING(variable(child, "X_B3_FLAGS"), NULL);
    CHECK_STRING(variable(child, "TRACEPARENT"), "kept"); /* no field of this one */
    impact_propagation_environment_close(child);
    impact_context_release(context);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
}

TEST(without_memory_no_environment_is_made)
{
    faults f;
    const impact_context *context = a_context();
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const char *const from[] = {"PATH=/bin", NULL};
        char **child = NULL;
        const impact_status status =
            impact_propagation_environment_open(&child, context, environment_of(from));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((child == NULL) == f.injected);
        impact_propagation_environment_close(child);
        impact_allocator_set_default(NULL);
    }
    impact_context_release(context);
}

TEST(null_is_no_environment)
{
    CHECK_EQUAL(impact_propagation_environment_open(NULL, NULL, NULL), IMPACT_EINVAL);
    impact_propagation_environment_close(NULL);
    CHECK_EQUAL(impact_environment_getter()->get(NULL, NULL).size, 0);
}
