/* How much of its memory a process may still have: its control groups', then the machine's. */
#ifndef IMPACT_CHECKS_MEMORY_USE_H
#define IMPACT_CHECKS_MEMORY_USE_H

#include <stdbool.h>
#include <stdint.h>

/* The tightest of all that bound it. */
typedef struct impact__memory_use {
    double percent;
    uint64_t limit; /* bytes */
    bool is_of_cgroup;
} impact__memory_use;

/* Below `root`, "" for this machine, lie proc/self/cgroup, proc/meminfo and sys/fs/cgroup. False:
 * nothing can be read. */
bool impact__memory_use_read(impact__memory_use *use, const char *root);

#endif
