/* The spans that are kept, in a file. */
#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/protobuf.h"
#include "ingest.h"

enum { owner_only = 0600 }; /* spans may have secrets in them */

static const char suffix[] = ".new";

static bool tell(view_keep *keep, const char *why)
{
    if (!keep->told.descriptor)
        view_outlet_open(&keep->told, STDERR_FILENO, keep->store->allocator);
    impact__buffer_printf(&keep->told.bytes, "impact view: %s: %s\n", keep->name, why);
    view_outlet_send(&keep->told);
    return false;
}

/* ---- writing ---- */

static bool write_all(int descriptor, impact_text text)
{
    while (text.size) {
        const ssize_t written = write(descriptor, text.data, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = impact_text_from(text.data + written, text.size - (size_t)written);
    }
    return true;
}

/* Half a request would make the next ones unreadable: it is taken back. */
static void give_up(view_keep *keep)
{
    (void)tell(keep, strerror(errno));
    (void)!ftruncate(keep->descriptor, (off_t)keep->size); /* the next run cuts it off as well */
    (void)close(keep->descriptor);
    keep->descriptor = -1;
}

static bool write_traces(const view_keep *keep, int descriptor, uint64_t *size)
{
    impact__buffer request = IMPACT__BUFFER(keep->store->allocator);
    bool is_written = true;
    for (const view_trace *t = keep->store->first; t && is_written; t = t->later) {
        impact__buffer_clear(&request);
        view_append_request(&request, t);
        *size += request.size;
        is_written = !request.has_failed && write_all(descriptor, impact__buffer_text(&request));
    }
    impact__buffer_close(&request);
    return is_written;
}

/* Another one in its place, of what the store has. Without one it goes on to grow. */
static void write_anew(view_keep *keep)
{
    char name[PATH_MAX];
    uint64_t size = 0;
    const int length = snprintf(name, sizeof name, "%s%s", keep->name, suffix);
    if (length < 0 || (size_t)length >= sizeof name)
        return;
    const int made = open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, owner_only);
    if (made < 0)
        return;
    if (flock(made, LOCK_EX | LOCK_NB) || !write_traces(keep, made, &size) || fsync(made) ||
        rename(name, keep->name)) {
        (void)unlink(name); /* nobody has seen it */
        (void)close(made);
        return;
    }
    (void)close(keep->descriptor); /* its bytes are in the new one */
    keep->descriptor = made;
    keep->size = size;
}

static void append(void *userdata, impact_text request)
{
    view_keep *keep = userdata;
    if (keep->descriptor < 0 || !request.size)
        return;
    if (!write_all(keep->descriptor, request)) {
        give_up(keep);
        return;
    }
    keep->size += request.size;
    if (keep->size > keep->limit)
        write_anew(keep);
}

/* ---- reading ---- */

/* The size of the requests that are whole. One that is not well-formed inside is passed over. */
static size_t take_requests(view_store *store, impact_text text)
{
    impact_text rest = text;
    impact__field field;
    size_t taken = 0;
    while (impact__read_field(&field, &rest)) {
        view_ingested ingested;
        const size_t end = text.size - rest.size;
        (void)view_ingest(store, impact_text_from(text.data + taken, end - taken), &ingested);
        taken = end;
    }
    return taken;
}

/* False: there is something in it that is none of ours. */
static bool take_file(view_keep *keep, size_t size)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, keep->descriptor, 0);
    if (bytes == MAP_FAILED)
        return tell(keep, strerror(errno));
    keep->size = take_requests(keep->store, impact_text_from(bytes, size));
    (void)munmap(bytes, size); /* it is there */
    if (!keep->store->received)
        return tell(keep, "there are no traces of OTLP in it");
    return !ftruncate(keep->descriptor, (off_t)keep->size) || tell(keep, strerror(errno));
}

static bool read_file(view_keep *keep)
{
    struct stat file;
    if (flock(keep->descriptor, LOCK_EX | LOCK_NB))
        return tell(keep, errno == EWOULDBLOCK ? "another program has it" : strerror(errno));
    if (fstat(keep->descriptor, &file))
        return tell(keep, strerror(errno));
    if (!S_ISREG(file.st_mode))
        return tell(keep, "it is no file");
    return !file.st_size || take_file(keep, (size_t)file.st_size);
}

/* ---- a file's life ---- */

bool view_keep_open(view_keep *keep, view_store *store, const char *name)
{
    *keep = (view_keep){.store = store, .name = name, .limit = 2 * (uint64_t)store->size_limit};
    keep->descriptor = open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, owner_only);
    if (keep->descriptor < 0 ? !tell(keep, strerror(errno)) : !read_file(keep)) {
        view_keep_close(keep);
        return false;
    }
    store->accepted = append;
    store->accepted_userdata = keep;
    return true;
}

void view_keep_close(view_keep *keep)
{
    view_outlet_close(&keep->told);
    if (keep->descriptor < 0)
        return;
    keep->store->accepted = NULL;
    (void)fsync(keep->descriptor); /* of a disk that is full it was told */
    (void)close(keep->descriptor);
    keep->descriptor = -1;
}
