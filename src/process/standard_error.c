/* What reaches standard error.
 *
 * DESIGN: a program may close its standard error, and the next thing that it opens has that number.
 * What we write unasked must not land in it. A log and a terminal are not told from a database or a
 * connection by their kind alone; but what can be read as well, or is a socket, is standard error
 * only if the process began with it.
 */
#include "process/standard_error.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nonblocking.h"

enum { message_size = 512 };

/* ---- levels ---- */

/* Numbers, and nothing beside them: relaxed. */
static atomic_int level_of_code;                             /* 0: not set */
static atomic_int default_level = (int)IMPACT_SEVERITY_INFO; /* sdk-environment-variables */

void impact_diagnostics_set_level(impact_severity least)
{
    atomic_store_explicit(&level_of_code, (int)least, memory_order_relaxed);
}

void impact__standard_error_set_default(impact_severity least)
{
    atomic_store_explicit(&default_level, (int)least, memory_order_relaxed);
}

bool impact__standard_error_hears(impact_severity severity)
{
    const int of_code = atomic_load_explicit(&level_of_code, memory_order_relaxed);
    const int otherwise = atomic_load_explicit(&default_level, memory_order_relaxed);
    return (int)severity >= (of_code ? of_code : otherwise);
}

/* ---- writing ---- */

/* What standard error had no room for. Relaxed: a number, and nothing beside it. */
static _Atomic uint64_t unsaid;

static bool write_line(const char *message, uint64_t suppressed)
{
    char line[message_size + 64];
    const int length = (int)(message ? strnlen(message, message_size) : 0);
    const int size =
        suppressed ? snprintf(line, sizeof line, "impact: %.*s (%llu more suppressed)\n", length,
                              message, (unsigned long long)suppressed)
                   : snprintf(line, sizeof line, "impact: %.*s\n", length, message ? message : "");
    return size > 0 && (size_t)size < sizeof line &&
           impact__write_without_waiting(STDERR_FILENO, line, (size_t)size) == size;
}

void impact_diagnostics_to_stderr(impact_severity severity, const char *message,
                                  uint64_t suppressed, void *userdata)
{
    (void)userdata; /* there is only one standard error */
    if (!impact__standard_error_hears(severity))
        return;
    const uint64_t before = atomic_exchange_explicit(&unsaid, 0, memory_order_relaxed);
    if (!write_line(message, suppressed + before)) /* it may be next time */
        atomic_fetch_add_explicit(&unsaid, suppressed + before + 1, memory_order_relaxed);
}

/* ---- whose it is ---- */

static struct stat first_facts;
static bool has_first_facts;

/* Before main, and before any thread. */
__attribute__((constructor)) static void look(void)
{
    has_first_facts = fstat(STDERR_FILENO, &first_facts) == 0;
}

static bool is_the_first(const struct stat *facts)
{
    return has_first_facts && facts->st_dev == first_facts.st_dev &&
           facts->st_ino == first_facts.st_ino;
}

static bool is_standard_error(void)
{
    struct stat facts;
    const int flags = fcntl(STDERR_FILENO, F_GETFL);
    if (flags < 0 || fstat(STDERR_FILENO, &facts))
        return false;
    const bool is_file = S_ISREG(facts.st_mode) || S_ISBLK(facts.st_mode);
    const bool is_doubtful =
        S_ISSOCK(facts.st_mode) || (is_file && (flags & O_ACCMODE) != O_WRONLY);
    return !is_doubtful || is_the_first(&facts);
}

void impact__standard_error_say(impact_severity severity, const char *message, uint64_t suppressed)
{
    if (is_standard_error())
        impact_diagnostics_to_stderr(severity, message, suppressed, NULL);
}
