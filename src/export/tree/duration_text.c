/* Durations and kinds of spans, for people. */
#include "export/tree/duration_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"

/* No floating point, whose comma depends on the locale. */
void impact__duration_text(char text[impact__duration_size], uint64_t ns)
{
    static const struct unit {
        uint64_t ns;
        uint64_t most; /* below this the unit is used */
        const char *name;
    } units[] = {
        {1000, 1000 * 1000, "µs"},
        {1000 * 1000, 1000 * 1000 * 1000, "ms"},
        {IMPACT__NS_PER_SEC, 10000 * IMPACT__NS_PER_SEC, "s"},
    };
    const uint64_t ns_per_hour = 3600 * IMPACT__NS_PER_SEC;
    /* It fits, as below. */
    (void)snprintf(text, impact__duration_size, "%" PRIu64 " h", ns / ns_per_hour);
    if (ns < 1000)
        (void)snprintf(text, impact__duration_size, "%" PRIu64 " ns", ns);
    for (size_t i = sizeof units / sizeof units[0]; i-- > 0;)
        if (ns >= 1000 && ns < units[i].most)
            (void)snprintf(text, impact__duration_size, "%" PRIu64 ".%02" PRIu64 " %s",
                           ns / units[i].ns, ns % units[i].ns / (units[i].ns / 100), units[i].name);
}

const char *impact__kind_name(impact_span_kind kind)
{
    static const char *const names[] = {"", "internal", "server", "client", "producer", "consumer"};
    return names[kind];
}
