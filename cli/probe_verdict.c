/* What an answer means.
 *
 * The HTTP status decides: it is what orchestrators and load balancers look at. The body can only
 * turn a pass into a reservation, and name the checks. A redirect is followed by nobody here, and
 * so says nothing of the service: it fails.
 */
#include "probe_verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { name_limit = 256, output_limit = 512, listed_limit = 300 };

/* What is collected while the checks are read. */
typedef struct collector {
    probe_verdict *to;
    bool wants_all;
    size_t size; /* of to->checks */
    char listed[listed_limit];
    size_t listed_size;
} collector;

/* ---- words ---- */

const char *probe_status_word(impact_health_status status)
{
    static const char *const words[] = {"pass", "warn", "fail", "unknown"};
    return words[status];
}

int probe_exit_status(impact_health_status status, bool is_nagios)
{
    if (is_nagios)
        return (int)status;
    return status == IMPACT_HEALTH_PASS || status == IMPACT_HEALTH_WARN ? 0 : 1;
}

/* ---- checks ---- */

/* printf behind what is there; what does not fit is left out whole. */
__attribute__((format(printf, 4, 5))) static void append(char *to, size_t *size, size_t room,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int written = vsnprintf(to + *size, room - *size, format, arguments);
    va_end(arguments);
    if (written > 0 && (size_t)written < room - *size)
        *size += (size_t)written;
    to[*size] = '\0';
}

static void list_name(collector *c, const char *name)
{
    append(c->listed, &c->listed_size, sizeof c->listed, "%s%s", c->listed_size ? ", " : "", name);
}

static void take_check(void *userdata, const probe_check *check)
{
    collector *c = userdata;
    char name[name_limit];
    char output[output_limit];
    const bool is_bad = check->status != IMPACT_HEALTH_PASS;
    (void)probe_text_show(name, sizeof name, check->name);
    const size_t output_size = probe_text_show(output, sizeof output, check->output);
    c->to->check_count++;
    c->to->bad_count += is_bad;
    if (is_bad)
        list_name(c, name);
    if (is_bad || c->wants_all)
        append(c->to->checks, &c->size, sizeof c->to->checks, "  %-7s %s%s%s\n",
               probe_status_word(check->status), name, output_size ? ": " : "", output);
}

/* ---- the whole ---- */

static impact_health_status judge(int http_status, impact_health_status said)
{
    if (http_status < 200 || http_status >= 300)
        return IMPACT_HEALTH_FAIL;
    return said == IMPACT_HEALTH_WARN ? IMPACT_HEALTH_WARN : IMPACT_HEALTH_PASS;
}

static const char *explain(int http_status)
{
    if (http_status >= 300 && http_status < 400)
        return "a redirect, which is not followed";
    if (http_status == 401)
        return "the secret is missing or wrong";
    return http_status == 404 ? "there is no such path or check" : NULL;
}

static void summarise(probe_verdict *to, int http_status, const collector *c)
{
    const char *why = explain(http_status);
    if (why)
        (void)snprintf(to->summary, sizeof to->summary, "%d: %s", http_status, why);
    else if (!to->check_count)
        (void)snprintf(to->summary, sizeof to->summary, "%d", http_status);
    else if (!to->bad_count)
        (void)snprintf(to->summary, sizeof to->summary, "%d: %zu of %zu checks hold", http_status,
                       to->check_count, to->check_count);
    else
        (void)snprintf(to->summary, sizeof to->summary, "%d: %zu of %zu checks %s: %s", http_status,
                       to->bad_count, to->check_count,
                       to->status == IMPACT_HEALTH_WARN ? "warn" : "do not hold", c->listed);
}

/* Other bodies, a page of HTML or "pong", name no checks. */
static bool may_be_json(impact_text body)
{
    const impact_text text = impact__text_strip(body);
    return text.size && text.data[0] == '{';
}

void probe_verdict_reach(probe_verdict *to, const probe_asked *asked, bool wants_all)
{
    collector c = {.to = to, .wants_all = wants_all};
    impact_health_status said = IMPACT_HEALTH_UNKNOWN;
    to->summary[0] = to->checks[0] = '\0';
    to->check_count = to->bad_count = 0;
    to->took_ns = asked->took_ns;
    to->status = IMPACT_HEALTH_FAIL;
    if (asked->problem) {
        (void)snprintf(to->summary, sizeof to->summary, "%s", asked->problem);
        return;
    }
    if (may_be_json(asked->answer.body))
        (void)probe_checks_read(&said, asked->answer.body, take_check, &c); /* what was found */
    to->status = judge(asked->answer.status, said);
    summarise(to, asked->answer.status, &c);
}
