/* Whether the processor's counter of ticks can be a clock. */
#include "base/ticks.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/once.h"

static atomic_bool is_trusted;

#if defined(__x86_64__)

/* It falls back to another one when it finds the counter wanting, at its start or later: an anchor
 * is taken each millisecond, so that what goes wrong from then on goes no further. */
static bool is_source_of_clocks(void)
{
    char name[8] = {0};
    const int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                          O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    const ssize_t size = read(file, name, sizeof name - 1);
    (void)close(file); /* it was only read */
    return size > 0 && strcmp(name, "tsc\n") == 0;
}

/* A process may be forbidden to read it: then it gets SIGSEGV. */
static bool may_read(void)
{
    int mode = 0;
    return prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_ENABLE;
}

static void look(void)
{
    atomic_store_explicit(&is_trusted, is_source_of_clocks() && may_read(), memory_order_relaxed);
}

#else

static void look(void)
{
}

#endif

bool impact__ticks_look(void)
{
    static impact__once once;
    impact__once_do(&once, look);
    return impact__ticks_are_trusted();
}

bool impact__ticks_are_trusted(void)
{
    return atomic_load_explicit(&is_trusted, memory_order_relaxed);
}
