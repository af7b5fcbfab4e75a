/* A service that is ready, for a load balancer to ask: it prints the port of its health, and drains
 * at a line. */
#include <stdio.h>
#include <stdlib.h>

#include <impact/health.h>

int main(void)
{
    char line[16];
    impact_health *health = NULL;
    if (impact_health_open(&health, NULL) ||
        impact_health_add(
            health, IMPACT_CHECK(.name = "true", .run = impact_check_true, .groups = "_ready")) ||
        impact_health_listen(health, "127.0.0.1:0"))
        return EXIT_FAILURE;
    (void)printf("health http://127.0.0.1:%u\n", (unsigned)impact_health_port(health));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        if (impact_health_set_phase(health, line[0] == 'd' ? IMPACT_HEALTH_DRAINING
                                                           : IMPACT_HEALTH_SERVING))
            return EXIT_FAILURE;
    return (int)impact_health_close(health, 1000);
}
