/* A service whose health page is looked at: as many checks as its argument says, each with a
 * history, until its input ends. It prints its port. With a second argument, that is the secret. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/diagnostics.h>
#include <impact/health.h>

enum { history = 70, check_limit = 64 };

/* A check and the dice that decide what it says. */
typedef struct actor {
    unsigned number;
    uint32_t dice;
    unsigned runs;
} actor;

static const char *const names[] = {"database",
                                    "payments API",
                                    "disk /var/lib/orders",
                                    "event loop",
                                    "cache",
                                    "mail relay with a name that is longer than usual.example",
                                    "<b>markup</b>",
                                    "\xE2\x98\x83 \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"};
enum { name_count = sizeof names / sizeof *names };

static unsigned throw_dice(actor *a, unsigned sides)
{
    a->dice = a->dice * 1664525u + 1013904223u;
    return (a->dice >> 16) % sides;
}

static impact_health_status fail(impact_health_run *run, const actor *a)
{
    impact_health_explain(run, a->number % 2 ? "GET https://bob:s3cret@pay.example/status: <502>\n"
                                               "twice"
                                             : "could not connect to server: Connection refused");
    return IMPACT_HEALTH_FAIL;
}

/* The first two are bad at the end, the third warns; of the others each 50th run fails. */
static impact_health_status act(impact_health_run *run, void *userdata)
{
    actor *a = userdata;
    const bool is_late = ++a->runs > history - 12;
    const unsigned takes_ms = throw_dice(a, 8) ? throw_dice(a, 4) : throw_dice(a, 16);
    if (a->number < name_count) /* the others are many */
        (void)poll(NULL, 0, (int)takes_ms);
    if (a->number == 2) {
        impact_health_observe(run, 87.5, "%");
        return IMPACT_HEALTH_WARN;
    }
    if ((a->number < 2 && is_late) || throw_dice(a, 50) == 0)
        return fail(run, a);
    return IMPACT_HEALTH_PASS;
}

static bool add(impact_health *health, actor *a, unsigned number)
{
    char name[64];
    (void)snprintf(name, sizeof name, "check %u", number);
    *a = (actor){.number = number, .dice = number * 7919u + 17u};
    return impact_health_add(health,
                             IMPACT_CHECK(.name = number < name_count ? names[number] : name,
                                          .run = act, .userdata = a)) == IMPACT_OK;
}

static bool fill_history(impact_health *health)
{
    for (int i = 0; i < history; i++) {
        impact_health_report *report = NULL;
        if (impact_health_probe(health, impact_text_of("_defaults"), &report))
            return false;
        impact_health_report_close(report);
    }
    return true;
}

static void drop(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)severity;
    (void)message;
    (void)suppressed;
    (void)userdata;
}

int main(int argc, char **argv)
{
    static actor actors[check_limit];
    impact_health *health = NULL;
    const unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    impact_diagnostics_set_callback(drop, NULL);
    if (count > check_limit ||
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = argc > 2 ? argv[2] : NULL)))
        return EXIT_FAILURE;
    for (unsigned i = 0; i < count; i++)
        if (!add(health, &actors[i], i))
            return EXIT_FAILURE;
    if (!fill_history(health) || impact_health_listen(health, "127.0.0.1:0"))
        return EXIT_FAILURE;
    printf("%u\n", (unsigned)impact_health_port(health));
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    return impact_health_close(health, 1000) ? EXIT_FAILURE : EXIT_SUCCESS;
}
