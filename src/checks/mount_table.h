/* Which file system a path lies on, by the kernel's table alone: whoever touches a path on a dead
 * network mount is stuck for good. */
#ifndef IMPACT_CHECKS_MOUNT_TABLE_H
#define IMPACT_CHECKS_MOUNT_TABLE_H

#include <stdbool.h>

#include <impact/text.h>

/* The type of the file system at `path` by a table in the form of /proc/self/mountinfo (proc(5)),
 * borrowed from it. Empty: the table does not tell. Symbolic links are not followed, which would
 * touch the path. */
impact_text impact__mount_type(impact_text table, impact_text path);

/* It lies with another machine or another process, which may be gone. */
bool impact__mount_is_remote(impact_text type);

#endif
