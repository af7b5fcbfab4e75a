/* Exporters by name: those of the library, then the plugins. */
#include <impact/exporter.h>

#include <string.h>
#include <unistd.h>

#include <impact/plugin.h>

#include "base/alloc.h"
#include "base/environment.h"

typedef impact_status open_on_descriptor_fn(impact_exporter **exporter, int descriptor,
                                            const impact_allocator *allocator);

static const struct builtin {
    const char *name;
    open_on_descriptor_fn *open;
} builtins[] = {
    {"console", impact_exporter_console_open},
    {"otlp/stdout", impact_exporter_otlp_lines_open},
    {"tree", impact_exporter_tree_open},
};

static impact_status open_file(impact_exporter **exporter, const impact_allocator *allocator)
{
    uint32_t rotate_size = 0;
    const impact_text path = impact__environment_text("OTEL_C_OTLP_FILE");
    char *copy = path.size ? impact__copy(allocator, path.data, path.size) : NULL;
    (void)impact__environment_number(&rotate_size, "OTEL_C_OTLP_FILE_SIZE"); /* 0: never */
    if (path.size && !copy)
        return IMPACT_ENOMEM;
    if (!path.size) /* "an argument is not valid" would not say which */
        impact__environment_refuse("OTEL_C_OTLP_FILE", path,
                                   "the exporter otlp_file writes to the file that it names");
    const impact_status status = impact_exporter_otlp_file_open(
        exporter, IMPACT_OTLP_FILE_OPTIONS(.path = copy, .rotate_size = rotate_size), allocator);
    impact__free(allocator, copy);
    return status;
}

/* The plugin that speaks HTTP has it, too. */
static impact_status open_zipkin(impact_exporter **exporter, const impact_allocator *allocator)
{
    const impact_plugin *plugin = NULL;
    const impact_status status = impact_plugin_load(&plugin, "otlp");
    if (status)
        return status;
    if (!plugin->zipkin_open)
        return IMPACT_ENOENT;
    return plugin->zipkin_open(exporter, allocator ? allocator : impact_allocator_default());
}

static impact_status open_plugin(impact_exporter **exporter, const char *name,
                                 const impact_allocator *allocator)
{
    const impact_plugin *plugin = NULL;
    const impact_status status = impact_plugin_load(&plugin, name);
    /* A name that cannot be a plugin's is one that there is no exporter of. */
    if (status)
        return status == IMPACT_EINVAL ? IMPACT_ENOENT : status;
    if (!plugin->exporter_open)
        return IMPACT_ENOENT;
    return plugin->exporter_open(exporter, allocator ? allocator : impact_allocator_default());
}

impact_status impact_exporter_open(impact_exporter **exporter, const char *name,
                                   const impact_allocator *allocator)
{
    if (!exporter || !name)
        return IMPACT_EINVAL;
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(name, builtins[i].name) == 0)
            return builtins[i].open(exporter, STDOUT_FILENO, allocator);
    if (strcmp(name, "otlp_file") == 0)
        return open_file(exporter, allocator);
    if (strcmp(name, "zipkin") == 0)
        return open_zipkin(exporter, allocator);
    return open_plugin(exporter, name, allocator);
}

impact_status impact_exporter_otlp_open(impact_exporter **exporter,
                                        const impact_otlp_options *options,
                                        const impact_allocator *allocator)
{
    const impact_plugin *plugin = NULL;
    if (!exporter)
        return IMPACT_EINVAL;
    const impact_status status = impact_plugin_load(&plugin, "otlp");
    if (status)
        return status;
    if (!plugin->otlp_open)
        return IMPACT_EPLUGIN;
    return plugin->otlp_open(exporter, options, allocator ? allocator : impact_allocator_default());
}

void impact_exporter_close(impact_exporter *exporter)
{
    if (exporter && exporter->close)
        exporter->close(exporter);
}
