/* Moments, formatted. */
#include "base/utc.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

enum { ns_per_us = 1000, us_per_second = 1000000 };

bool impact__utc_format(char to[IMPACT__UTC_SIZE], uint64_t unix_ns)
{
    const uint64_t unix_us = unix_ns / ns_per_us + (unix_ns % ns_per_us >= ns_per_us / 2);
    const time_t seconds = (time_t)(unix_us / us_per_second);
    struct tm parts;
    if (unix_ns == 0 || !gmtime_r(&seconds, &parts))
        return false;
    const int size = snprintf(to, IMPACT__UTC_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ",
                              parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                              parts.tm_min, parts.tm_sec, (unsigned)(unix_us % us_per_second));
    return size == IMPACT__UTC_SIZE - 1;
}
