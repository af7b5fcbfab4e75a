/* A service whose own metrics are read: it ends as many spans as its argument says, to the
 * exporters of the environment, flushes, and shows the metrics until its input ends. It prints its
 * port. */
#include <stdio.h>
#include <stdlib.h>

#include <impact/diagnostics.h>
#include <impact/health.h>
#include <impact/trace.h>

int main(int argc, char **argv)
{
    unsigned count = 0;
    impact_health *health = NULL;
    if (argc != 2 || sscanf(argv[1], "%u", &count) != 1)
        return 2;
    impact_diagnostics_set_callback(NULL, NULL);
    if (impact_trace_init(IMPACT_TRACE_OPTIONS(.service_name = "metrics")) ||
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS()) ||
        impact_health_add_metrics(health, impact_trace_read_metrics, NULL) ||
        impact_health_listen(health, "127.0.0.1:0"))
        return 1;
    for (unsigned i = 0; i < count; i++)
        impact_span_end(impact_span_start(NULL, "a", NULL));
    (void)impact_trace_flush(20000); /* what came of it is in the metrics */
    printf("%u\n", (unsigned)impact_health_port(health));
    (void)fflush(stdout);
    (void)getchar();
    (void)impact_health_close(health, 1000);
    (void)impact_trace_shutdown(1000);
    return 0;
}
