/* The name of the file that this process runs. */
#include "process/executable.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const char deleted[] = " (deleted)";

/* The kernel says so behind the path of a file that is gone (proc(5), /proc/pid/exe). One that is
 * there may be called so. */
static size_t without_deleted(const char *path, size_t size)
{
    const size_t mark = sizeof deleted - 1;
    const bool is_marked = size > mark && memcmp(path + size - mark, deleted, mark) == 0;
    return is_marked && access(path, F_OK) ? size - mark : size;
}

void impact__executable_name(char *name)
{
    char path[PATH_MAX];
    name[0] = '\0';
    const ssize_t read = readlink("/proc/self/exe", path, sizeof path - 1);
    if (read <= 0)
        return;
    path[read] = '\0';
    const size_t size = without_deleted(path, (size_t)read);
    const char *slash = memrchr(path, '/', size);
    const char *begin = slash ? slash + 1 : path;
    const size_t name_size = (size_t)(path + size - begin);
    if (name_size > impact__executable_name_limit)
        return;
    memcpy(name, begin, name_size);
    name[name_size] = '\0';
}
