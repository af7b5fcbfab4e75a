/* The check that a file system has room, for bytes and for files.
 *
 * DESIGN: statvfs waits for as long as the file system does, and nothing ends that wait. So one
 * that lies with another machine is refused unless it was asked for, and before the path is
 * touched. What hangs all the same is one thread, which the engine leaves alone.
 */
#include <impact/checks.h>

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "checks/limits.h"
#include "checks/mount_table.h"
#include "checks/provided.h"
#include "checks/small_file.h"

typedef struct disk_check {
    impact__limits limits;
    bool allows_remote;
    char path[];
} disk_check;

/* Where the table cannot be read, nothing is known of it, and it is tried. */
static bool is_remote(const char *path)
{
    impact__buffer table = IMPACT__BUFFER(NULL);
    bool is_remote = false;
    if (impact__file_read(&table, "/proc/self/mountinfo"))
        is_remote = impact__mount_is_remote(
            impact__mount_type(impact__buffer_text(&table), impact_text_of(path)));
    impact__buffer_close(&table);
    return is_remote;
}

/* As df counts: what is kept for root is neither used nor free. */
static double percent(double used, double available)
{
    return used + available > 0 ? 100 * used / (used + available) : 0;
}

static impact_health_status judge(impact_health_run *run, const disk_check *check,
                                  const struct statvfs *disk)
{
    const double space = percent((double)(disk->f_blocks - disk->f_bfree), (double)disk->f_bavail);
    const double files = percent((double)(disk->f_files - disk->f_ffree), (double)disk->f_favail);
    const double value = space > files ? space : files;
    impact_health_observe(run, value, "%");
    impact_health_explain(run, "%.1f %% of the %s in use", value,
                          space > files ? "space is" : "files are");
    return impact__limits_judge(check->limits, value);
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const disk_check *check = userdata;
    struct statvfs disk;
    if (!check->allows_remote && is_remote(check->path)) {
        impact_health_explain(run, "it is a network file system, which was not allowed");
        return IMPACT_HEALTH_FAIL;
    }
    if (statvfs(check->path, &disk)) {
        impact_health_explain(run, "%s", strerror(errno));
        return IMPACT_HEALTH_FAIL;
    }
    return judge(run, check, &disk);
}

static disk_check *make_check(const impact_check_disk_options *options, impact__limits limits)
{
    const size_t size = strlen(options->path) + 1;
    disk_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    check->limits = limits;
    check->allows_remote = options->allows_remote;
    memcpy(check->path, options->path, size);
    return check;
}

impact_status impact_health_add_disk(impact_health *health,
                                     const impact_check_disk_options *options)
{
    impact_check_disk_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_percent, known.fail_percent};
    if (!known.path || known.path[0] != '/' || !impact__limits_are_set(limits))
        return IMPACT_EINVAL;
    return impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "system"),
                                run_check, make_check(&known, limits));
}
