/* The name of the file that this process runs. */
#include "process/executable.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

void impact__executable_name(char *name)
{
    char path[PATH_MAX];
    name[0] = '\0';
    const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0)
        return;
    const char *slash = memrchr(path, '/', (size_t)size);
    const char *begin = slash ? slash + 1 : path;
    const size_t name_size = (size_t)(path + size - begin);
    if (name_size > impact__executable_name_limit)
        return;
    memcpy(name, begin, name_size);
    name[name_size] = '\0';
}
