/* What a plugin shows: one descriptor, in a shared object that is found by name or linked directly.
 *
 * Plugin <name> is the file libimpact-<name>.so.0 and exports the symbol impact_plugin_<name>. It
 * is looked for in the directories of IMPACT_PLUGIN_PATH (ignored in privileged processes), then
 * beside the library, then on the loader's path. Entry points are this to Python.
 */
#ifndef IMPACT_PLUGIN_H
#define IMPACT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include <impact/exporter.h>
#include <impact/health.h>
#include <impact/http2.h>
#include <impact/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMPACT_PLUGIN_ABI 3u

typedef struct impact_plugin {
    size_t size;
    uint32_t abi;     /* IMPACT_PLUGIN_ABI; a plugin with another number is refused */
    const char *name; /* borrowed, static */

    /* Open the exporter of this name from the environment; NULL: it is no exporter. */
    impact_status (*exporter_open)(impact_exporter **exporter, const impact_allocator *allocator);

    /* Open an OTLP exporter from `options` (may be NULL) and the environment; NULL: it is none. */
    impact_status (*otlp_open)(impact_exporter **exporter, const impact_otlp_options *options,
                               const impact_allocator *allocator);

    /* Open a Zipkin exporter from the environment; NULL: it is none. */
    impact_status (*zipkin_open)(impact_exporter **exporter, const impact_allocator *allocator);

    /* Register a provided check of this kind, "http" for impact_health_add_http; `options` are of
     * its struct. IMPACT_ENOENT: it has no such kind. NULL: it has no checks. */
    impact_status (*check_add)(impact_health *health, const char *kind, const void *options);

    const impact_http2 *http2; /* borrowed, static; NULL: it does not speak it */
    const impact_tls *tls;     /* likewise */
} impact_plugin;

/* Find, load and check a plugin. IMPACT_ENOENT: no such file; IMPACT_EPLUGIN: it is none, or of
 * another ABI. It stays loaded for the life of the process. Borrowed. */
IMPACT_API IMPACT_CHECKED impact_status impact_plugin_load(const impact_plugin **plugin,
                                                           const char *name);

#ifdef __cplusplus
}
#endif

#endif
