/* The check that a file was written not too long ago: a backup's mark, another program's beat. */
#include <impact/checks.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "checks/limits.h"
#include "checks/provided.h"

typedef struct file_age_check {
    impact__limits limits;
    char path[];
} file_age_check;

/* In seconds. One that was written later than now, before the clock was set back, is new. */
static double age_of(const struct stat *file)
{
    const double written = (double)file->st_mtim.tv_sec + (double)file->st_mtim.tv_nsec / 1e9;
    const double age = (double)impact__clock_unix_ns() / 1e9 - written;
    return age > 0 ? age : 0;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const file_age_check *check = userdata;
    struct stat file;
    if (stat(check->path, &file)) {
        impact_health_explain(run, "%s", strerror(errno));
        return IMPACT_HEALTH_FAIL;
    }
    const double age = age_of(&file);
    impact_health_observe(run, age, "s");
    impact_health_explain(run, "it was written %.0f s ago", age);
    return impact__limits_judge(check->limits, age);
}

static file_age_check *make_check(const char *path, impact__limits limits)
{
    const size_t size = strlen(path) + 1;
    file_age_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    check->limits = limits;
    memcpy(check->path, path, size);
    return check;
}

impact_status impact_health_add_file_age(impact_health *health,
                                         const impact_check_file_age_options *options)
{
    impact_check_file_age_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_seconds, known.fail_seconds};
    if (!known.path || !*known.path || !impact__limits_are_set(limits))
        return IMPACT_EINVAL;
    return impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "system"),
                                run_check, make_check(known.path, limits));
}
