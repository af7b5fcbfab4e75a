/* Plugins: shared objects with one descriptor symbol, found by name.
 *
 * DESIGN: a name becomes a file name and a symbol name, so it is held to small letters, digits
 * and underscores. The first directory that has the file decides; a file that is there and is no
 * plugin is an error, not a reason to look further. What was loaded is never unloaded: threads may
 * be inside it.
 */
#include <impact/plugin.h>

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "process/diagnostics.h"
#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"

enum { name_limit = 32 };

static bool is_plugin_name(const char *name)
{
    const size_t size = name ? strnlen(name, name_limit + 1) : 0;
    if (size == 0 || size > name_limit)
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

/* A descriptor of an earlier version, as this one knows it. */
typedef struct completed {
    impact_plugin plugin;
    const impact_plugin *of;
    struct completed *next;
} completed;

/* They stay, as the plugins do, and never change: no lock is needed. */
static _Atomic(completed *) all_completed;

/* The same one each time; of two threads that ask first, each may get another. NULL: no memory. */
static const impact_plugin *complete(const impact_plugin *of, const impact_plugin *known)
{
    completed *first = atomic_load(&all_completed); /* with the exchange below */
    for (const completed *found = first; found; found = found->next)
        if (found->of == of)
            return &found->plugin;
    completed *made = impact__alloc(NULL, sizeof *made);
    if (!made)
        return NULL;
    *made = (completed){.plugin = *known, .of = of, .next = first};
    while (!atomic_compare_exchange_weak(&all_completed, &made->next, made))
        continue;
    return &made->plugin;
}

/* The descriptor of a loaded object; NULL when it has none that fits. */
static const impact_plugin *descriptor_of(void *object, const char *name)
{
    char symbol[sizeof "impact_plugin_" + name_limit];
    (void)snprintf(symbol, sizeof symbol, "impact_plugin_%s", name); /* it fits */
    const impact_plugin *plugin = dlsym(object, symbol);
    impact_plugin known;
    if (!plugin || !impact__struct_read(&known, sizeof known, plugin) ||
        known.abi != IMPACT_PLUGIN_ABI)
        return NULL;
    return plugin->size >= sizeof known ? plugin : complete(plugin, &known);
}

static impact_status refuse(const char *name, const char *reason)
{
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "plugin", name,
                              "plugin %s cannot be loaded: %s", name,
                              reason ? reason : "no reason is given");
    return IMPACT_EPLUGIN;
}

static void *open_object(const char *file)
{
    return dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

static impact_status accept_object(const impact_plugin **plugin, void *object, const char *file,
                                   const char *name)
{
    const impact_plugin *found = descriptor_of(object, name);
    if (!found) {
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "plugin", name,
                                  "%s is not a plugin of this version", file);
        return IMPACT_EPLUGIN;
    }
    *plugin = found;
    return IMPACT_OK;
}

static impact_status load_file(const impact_plugin **plugin, const char *file, const char *name)
{
    assert(file && name);
    void *object = open_object(file);
    return object ? accept_object(plugin, object, file, name) : refuse(name, dlerror());
}

/* IMPACT_ENOENT when the directory does not hold the file. */
static impact_status load_from(const impact_plugin **plugin, impact_text directory,
                               const char *name)
{
    char file[PATH_MAX];
    if (directory.size == 0 || directory.size >= sizeof file)
        return IMPACT_ENOENT;
    const int size = snprintf(file, sizeof file, "%.*s/libimpact-%s.so.0", (int)directory.size,
                              directory.data, name);
    if (size < 0 || (size_t)size >= sizeof file || access(file, F_OK) != 0)
        return IMPACT_ENOENT;
    return load_file(plugin, file, name);
}

static impact_status load_from_path(const impact_plugin **plugin, const char *name)
{
    const bool is_privileged = getauxval(AT_SECURE) != 0;
    impact_text rest = impact_text_of(is_privileged ? NULL : getenv("IMPACT_PLUGIN_PATH"));
    impact_text directory;
    while (impact__text_split(&directory, &rest, ':')) {
        const impact_status status = load_from(plugin, directory, name);
        if (status != IMPACT_ENOENT)
            return status;
    }
    return IMPACT_ENOENT;
}

/* A relative path is the loader's, from a directory that may have been left since: not to be
 * followed. */
static impact_status load_from_beside_the_library(const impact_plugin **plugin, const char *name)
{
    static const char here = 0; /* any object of the library tells which file it is in */
    Dl_info self;
    if (!dladdr(&here, &self) || !self.dli_fname || self.dli_fname[0] != '/')
        return IMPACT_ENOENT;
    const char *slash = strrchr(self.dli_fname, '/');
    const impact_text directory =
        impact_text_from(self.dli_fname, (size_t)(slash - self.dli_fname));
    return load_from(plugin, directory, name);
}

/* The loader has no code for "not found", only a text, in the user's language. With glibc it names
 * the file without a directory then, and with one when the file is there and is bad; with musl
 * always without, but with the system's reason. It names another file when one that it needs is
 * missing. */
static bool tells_of_absence(const char *reason, const char *file)
{
    const char *found = reason ? strstr(reason, file) : NULL;
    const bool is_ours = found && (found == reason || found[-1] != '/');
    return is_ours && strstr(found, strerror(ENOENT));
}

static impact_status load_by_loader(const impact_plugin **plugin, const char *name)
{
    char file[sizeof "libimpact-.so.0" + name_limit];
    (void)snprintf(file, sizeof file, "libimpact-%s.so.0", name); /* it fits */
    void *object = open_object(file);
    if (object)
        return accept_object(plugin, object, file, name);
    const char *reason = dlerror();
    return tells_of_absence(reason, file) ? IMPACT_ENOENT : refuse(name, reason);
}

impact_status impact_plugin_load(const impact_plugin **plugin, const char *name)
{
    if (!plugin || !is_plugin_name(name))
        return IMPACT_EINVAL;
    const impact_plugin *found = NULL;
    (void)impact__diagnostics_open(); /* only a fork at the wrong moment would hurt */
    impact_status status = load_from_path(&found, name);
    if (status == IMPACT_ENOENT)
        status = load_from_beside_the_library(&found, name);
    if (status == IMPACT_ENOENT)
        status = load_by_loader(&found, name);
    if (status == IMPACT_OK)
        *plugin = found;
    return status;
}
