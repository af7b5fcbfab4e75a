/* The state of a service in one line. */
#include "health/status_line.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

enum { room_for_more = 24 }; /* " and 1024 more" */

static void append(impact__status_line *line, const char *text)
{
    const size_t size = strlen(text);
    assert(line->size + size < sizeof line->text);
    memcpy(line->text + line->size, text, size + 1);
    line->size += size;
}

/* False: there is no room for it, and for what may come after all names of one kind. */
static bool append_name(impact__status_line *line, const char *before, const char *name)
{
    if (line->size + strlen(before) + strlen(name) + 2 * room_for_more >= sizeof line->text)
        return false;
    append(line, before);
    append(line, name);
    return true;
}

/* What nobody has asked for yet neither fails nor warns. */
static bool is_told_as(const impact__check *check, impact_health_status status, uint64_t now_ns)
{
    if (check->is_removed)
        return false;
    const impact__outcome outcome = impact__check_look(check, now_ns).outcome;
    if (strcmp(outcome.reason, "pending") == 0)
        return false;
    return status == IMPACT_HEALTH_FAIL ? !impact__status_holds(outcome.status)
                                        : outcome.status == status;
}

/* The names of the checks that are told as `status`, behind a word for it. */
static void append_checks(impact__status_line *line, const impact_health *health, const char *word,
                          impact_health_status status)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    const char *before = word;
    unsigned left_out = 0;
    for (const impact__check *check = health->checks; check; check = check->next) {
        if (!is_told_as(check, status, now_ns))
            continue;
        if (append_name(line, before, check->definition.name))
            before = ", ";
        else
            left_out++;
    }
    char more[room_for_more] = "";
    if (left_out && before != word)
        (void)snprintf(more, sizeof more, " and %u more", left_out); /* at most 1024 */
    append(line, more);
}

void impact__status_line_write(impact__status_line *line, const impact_health *health)
{
    assert(impact__lock_is_held((pthread_mutex_t *)&health->engine.lock));
    line->size = 0;
    append(line, impact__phase_word(health->phase));
    append_checks(line, health, "; failing: ", IMPACT_HEALTH_FAIL);
    append_checks(line, health, "; warning: ", IMPACT_HEALTH_WARN);
}
