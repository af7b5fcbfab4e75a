/* A health port for health_port.py to load: it prints its number, and ends when its standard input
 * does. */
#include <stdio.h>
#include <stdlib.h>

#include <impact/health.h>

int main(void)
{
    impact_health *health = NULL;
    if (impact_health_open(&health, NULL) || impact_health_listen(health, "127.0.0.1:0"))
        return EXIT_FAILURE;
    if (printf("%u\n", (unsigned)impact_health_port(health)) < 0 || fflush(stdout))
        return EXIT_FAILURE;
    while (getchar() != EOF) {
    }
    return (int)impact_health_close(health, 1000);
}
