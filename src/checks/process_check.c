/* The check that a process lives: by its command, by the number in a file, or by both, which
 * notices a number that another process has now. */
#include <impact/checks.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "checks/packed.h"
#include "checks/process_state.h"
#include "checks/provided.h"
#include "checks/small_file.h"

enum { pid_limit = 1 << 22 }; /* Linux' PID_MAX_LIMIT */

typedef struct process_check {
    uint32_t least;
    const char *command; /* both in the same piece of memory as the struct; NULL: not asked for */
    const char *pid_file;
} process_check;

/* ---- one process ---- */

/* It lives, and is of the command where there is one. */
static bool counts(const process_check *check, impact__buffer *file, unsigned pid)
{
    char path[32];
    impact__process_state state;
    (void)snprintf(path, sizeof path, "/proc/%u/stat", pid); /* it fits */
    return impact__file_read(file, path) &&
           impact__process_state_read(&state, impact__buffer_text(file)) && state.is_alive &&
           (!check->command || impact__process_is_of(&state, impact_text_of(check->command)));
}

static bool is_pid(uint64_t *pid, impact_text text)
{
    return impact__text_parse_uint(pid, text, pid_limit) && *pid > 0;
}

static bool look_at_file(impact_health_run *run, const process_check *check, impact__buffer *file)
{
    uint64_t pid = 0;
    if (!impact__file_read(file, check->pid_file) ||
        !is_pid(&pid, impact__text_strip(impact__buffer_text(file)))) {
        impact_health_explain(run, "the file of its number cannot be read");
        return false;
    }
    const bool is_there = counts(check, file, (unsigned)pid);
    impact_health_explain(run, "process %u is %s", (unsigned)pid, is_there ? "there" : "gone");
    return is_there;
}

/* ---- all of them ---- */

static uint32_t count_in(impact_health_run *run, const process_check *check, impact__buffer *file,
                         DIR *processes)
{
    uint32_t count = 0;
    uint64_t pid = 0;
    const struct dirent *entry;
    while (count < check->least && impact_health_remaining_ms(run) &&
           (entry = readdir(processes)) != NULL)
        count += is_pid(&pid, impact_text_of(entry->d_name)) && counts(check, file, (unsigned)pid);
    return count;
}

static bool look_at_all(impact_health_run *run, const process_check *check, impact__buffer *file)
{
    DIR *processes = opendir("/proc");
    if (!processes) {
        impact_health_explain(run, "the system does not tell");
        return false;
    }
    const uint32_t count = count_in(run, check, file, processes);
    (void)closedir(processes); /* it was open */
    impact_health_observe(run, count, "processes");
    impact_health_explain(run, "%u of %u are there", count, check->least);
    return count >= check->least;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const process_check *check = userdata;
    impact__buffer file = IMPACT__BUFFER(NULL);
    const bool holds =
        check->pid_file ? look_at_file(run, check, &file) : look_at_all(run, check, &file);
    impact__buffer_close(&file);
    return holds ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* ---- registering ---- */

static process_check *make_check(const impact_check_process_options *options)
{
    const size_t size =
        impact__packed_size(options->command) + impact__packed_size(options->pid_file);
    process_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    char *texts = (char *)(check + 1);
    check->least = options->least ? options->least : 1;
    check->command = impact__pack(&texts, options->command);
    check->pid_file = impact__pack(&texts, options->pid_file);
    return check;
}

impact_status impact_health_add_process(impact_health *health,
                                        const impact_check_process_options *options)
{
    impact_check_process_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const bool has_command = known.command && *known.command;
    const bool has_file = known.pid_file && *known.pid_file;
    if ((!has_command && !has_file) || (known.command && !has_command) ||
        (known.pid_file && !has_file) || (has_file && known.least > 1))
        return IMPACT_EINVAL;
    return impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "system"),
                                run_check, make_check(&known));
}
