/* Which file system a path lies on. */
#include "checks/mount_table.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum { mount_point_field = 4, octal_digits = 3 };

/* ---- a line ---- */

typedef struct mount_line {
    impact_text point; /* with octal escapes: blanks, tabs, line ends and backslashes */
    impact_text type;
} mount_line;

/* "36 35 98:0 /root /point options [tags ...] - type source options". */
static bool read_line(mount_line *mount, impact_text line)
{
    impact_text field;
    *mount = (mount_line){0};
    for (size_t i = 0; impact__text_split(&field, &line, ' '); i++) {
        if (i == mount_point_field)
            mount->point = field;
        if (i > mount_point_field && impact__text_equal_string(field, "-"))
            return impact__text_split(&mount->type, &line, ' ') && mount->type.size;
    }
    return false;
}

static bool is_octal(impact_text text, size_t at)
{
    if (text.size - at <= octal_digits || text.data[at] != '\\')
        return false;
    for (size_t i = at + 1; i <= at + octal_digits; i++)
        if (text.data[i] < '0' || text.data[i] > '7')
            return false;
    return true;
}

/* The byte at `at`, which is moved on behind it. */
static char next_byte(impact_text text, size_t *at)
{
    if (!is_octal(text, *at))
        return text.data[(*at)++];
    const char *digit = text.data + *at + 1;
    *at += 1 + octal_digits;
    return (char)(((digit[0] & 3) << 6) | ((digit[1] & 7) << 3) | (digit[2] & 7));
}

/* How much of the path the mount point covers; 0: the path is not below it. */
static size_t covered(impact_text point, impact_text path)
{
    size_t depth = 0;
    for (size_t at = 0; at < point.size; depth++) {
        const char byte = next_byte(point, &at);
        if (depth == path.size || path.data[depth] != byte)
            return 0;
    }
    if (depth == 1) /* "/" */
        return 1;
    return depth == path.size || path.data[depth] == '/' ? depth : 0;
}

/* ---- the table ---- */

/* The deepest mount point counts, and of several at one place the last. */
impact_text impact__mount_type(impact_text table, impact_text path)
{
    impact_text type = {0};
    impact_text line;
    size_t deepest = 0;
    while (impact__text_split(&line, &table, '\n')) {
        mount_line mount;
        const size_t depth = read_line(&mount, line) ? covered(mount.point, path) : 0;
        if (depth && depth >= deepest) {
            deepest = depth;
            type = mount.type;
        }
    }
    return type;
}

/* "fuse" alone and with a point: a program serves it. fuseblk has a device, as the others have. */
bool impact__mount_is_remote(impact_text type)
{
    static const char *const types[] = {"9p",       "afs",   "autofs", "beegfs",  "ceph",
                                        "cifs",     "coda",  "fuse",   "gfs2",    "gpfs",
                                        "lustre",   "ncpfs", "nfs",    "nfs4",    "ocfs2",
                                        "orangefs", "smb3",  "smbfs",  "virtiofs"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (impact__text_equal_string(type, types[i]))
            return true;
    return type.size > strlen("fuse.") && memcmp(type.data, "fuse.", strlen("fuse.")) == 0;
}
