/* first_health: health checks on a port of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <impact/health.h>

/* Runs on a thread of impact's, at most once at a time, when somebody asks. */
static impact_health_status check_spool(impact_health_run *run, void *folder)
{
    if (access(folder, W_OK) == 0)
        return IMPACT_HEALTH_PASS;
    impact_health_explain(run, "%s cannot be written to", (const char *)folder);
    return IMPACT_HEALTH_FAIL;
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:8081";
    static char spool[] = "/var/tmp";
    impact_health *health;
    if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = getenv("HEALTH_URL_SECRET"))))
        return 1;
    if (impact_health_add(health, IMPACT_CHECK(.name = "spool", .run = check_spool,
                                               .userdata = spool, .timeout_ms = 500)))
        return 1;
    if (impact_health_listen(health, address))
        return 1;
    printf("http://127.0.0.1:%u/health/\n", impact_health_port(health));
    fflush(stdout);
    pause(); /* here your service does what it is for */
    impact_health_close(health, 1000);
    return 0;
}
