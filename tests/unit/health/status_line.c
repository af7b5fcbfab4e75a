/* The state of a service in one line. */
#include "health/status_line.h"

#include "gate.h"
#include "support/check.h"

static void check_line(impact_health *health, const char *should)
{
    impact__status_line line;
    impact__health_lock(health);
    impact__status_line_write(&line, health);
    impact__health_unlock(health);
    CHECK_STRING(line.text, should);
    CHECK_EQUAL(line.size, strlen(line.text));
}

static void add(impact_health *health, const char *name, impact_health_status status)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name)), IMPACT_OK);
    CHECK_EQUAL(impact_health_push(health, name, status, NULL), IMPACT_OK);
}

TEST(a_line_names_the_phase_and_what_fails_and_warns)
{
    impact_health *health = gate_health(1, patience_ms);
    check_line(health, "serving");
    add_true(health, "never asked");
    add(health, "a", IMPACT_HEALTH_PASS);
    check_line(health, "serving");
    add(health, "b", IMPACT_HEALTH_WARN);
    check_line(health, "serving; warning: b");
    add(health, "c", IMPACT_HEALTH_FAIL);
    add(health, "d", IMPACT_HEALTH_UNKNOWN);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    check_line(health, "draining; failing: c, d; warning: b");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(what_has_no_room_is_counted)
{
    char name[80];
    impact__status_line line;
    impact_health *health = gate_health(1, patience_ms);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "%064u", i);
        add(health, name, i % 10 ? IMPACT_HEALTH_FAIL : IMPACT_HEALTH_WARN);
    }
    impact__health_lock(health);
    impact__status_line_write(&line, health);
    impact__health_unlock(health);
    CHECK_EQUAL(line.size, strlen(line.text));
    CHECK(check_contains(line.text, " and 84 more"));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
