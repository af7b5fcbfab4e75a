/* A memory barrier on all threads of the process at once. */
#include "base/barrier.h"

#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "base/clock.h"
#include "base/thread.h"

#if defined(__linux__)

/* <linux/membarrier.h>, which not every C library comes with. */
enum { command_expedited = 1 << 3, command_register_expedited = 1 << 4 };

static bool call(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

bool impact__barrier_open(void)
{
    return call(command_register_expedited);
}

static bool barrier(void)
{
    return call(command_expedited) || (impact__barrier_open() && call(command_expedited));
}

#else

bool impact__barrier_open(void)
{
    return false;
}

static bool barrier(void)
{
    return false;
}

#endif

bool impact__barrier_on_all(void)
{
    if (barrier())
        return true;
    impact__thread_pause(10 * IMPACT__NS_PER_MS);
    return false;
}
