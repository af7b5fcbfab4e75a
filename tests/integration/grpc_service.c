/* A service that is asked by gRPC: it prints the port of its health, and does what its lines say:
 * "d"rain, "s"erve, "f"ail or "p"ass the check "loop", let one run of "gate" "g"o on, "a"dd or
 * "r"emove the check "late", have a "n"ew secret, turn what is "u"nasked over, or "c"lose.
 * Its first argument is its secret. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <impact/health.h>

static int gate[2];
static atomic_bool holds = true;

/* Waits while it is held, and ignores its deadline. */
static impact_health_status wait_at_gate(impact_health_run *run, void *userdata)
{
    char byte = 0;
    (void)run;
    (void)userdata;
    return read(gate[0], &byte, 1) == 1 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* Nobody is told when it changes: it has to be asked. */
static impact_health_status look(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    return atomic_load(&holds) ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static impact_status add_checks(impact_health *health)
{
    impact_status status = impact_health_add(
        health, IMPACT_CHECK(.name = "loop", .groups = "_ready,_live", .max_age_ms = 600000));
    if (!status)
        status = impact_health_push(health, "loop", IMPACT_HEALTH_PASS, NULL);
    if (!status)
        status = impact_health_add(
            health, IMPACT_CHECK(.name = "gate", .run = wait_at_gate, .groups = "_gated"));
    if (!status)
        status = impact_health_add(
            health, IMPACT_CHECK(.name = "unasked", .run = look, .groups = "_asked"));
    return status ? status
                  : impact_health_add(health, IMPACT_CHECK(.name = "a b/%c", .groups = "_own",
                                                           .run = impact_check_false));
}

static impact_status obey(impact_health *health, char word)
{
    switch (word) {
    case 'd':
        return impact_health_set_phase(health, IMPACT_HEALTH_DRAINING);
    case 's':
        return impact_health_set_phase(health, IMPACT_HEALTH_SERVING);
    case 'f':
        return impact_health_push(health, "loop", IMPACT_HEALTH_FAIL, NULL);
    case 'p':
        return impact_health_push(health, "loop", IMPACT_HEALTH_PASS, NULL);
    case 'a':
        return impact_health_add(
            health, IMPACT_CHECK(.name = "late", .run = impact_check_true, .groups = "_late"));
    case 'r':
        return impact_health_remove(health, "late");
    case 'n':
        return impact_health_set(health,
                                 IMPACT_HEALTH_OPTIONS(.secret = "another", .budget_ms = 500));
    case 'u':
        atomic_store(&holds, !atomic_load(&holds));
        return IMPACT_OK;
    default:
        return write(gate[1], &word, 1) == 1 ? IMPACT_OK : IMPACT_ESYSTEM;
    }
}

int main(int argc, char **argv)
{
    char line[16];
    impact_health *health = NULL;
    if (pipe(gate) != 0 ||
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = argc > 1 ? argv[1] : NULL,
                                                          .budget_ms = 500)) ||
        add_checks(health) || impact_health_listen(health, "127.0.0.1:0"))
        return EXIT_FAILURE;
    (void)printf("health http://127.0.0.1:%u\n", (unsigned)impact_health_port(health));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) && line[0] != 'c') {
        if (obey(health, line[0]))
            return EXIT_FAILURE;
        (void)printf("done\n");
        (void)fflush(stdout);
    }
    (void)close(gate[1]); /* what waits there ends */
    return (int)impact_health_close(health, 1000);
}
