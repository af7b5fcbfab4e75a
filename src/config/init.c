/* Providers from the code's options and the OTEL_* environment. */
#include <impact/trace.h>

#include "config/exporters.h"
#include "config/resource.h"
#include "config/settings.h"
#include "trace/default.h"
#include "trace/provider.h"

/* Those of the code are its own until a provider takes them; those of the environment are ours. */
static impact_status open_exporters(impact__exporter_list *list, impact__settings *settings)
{
    impact_trace_options *options = &settings->options;
    if (options->exporters || settings->is_disabled)
        return IMPACT_OK;
    const impact_status status =
        impact__exporter_list_open(list, options->default_exporters, options->allocator);
    options->exporters = list->exporters;
    options->exporter_count = list->count;
    return status;
}

/* `options` have their resource. */
static impact_status open_with_exporters(impact_tracer_provider **provider,
                                         impact__settings *settings)
{
    impact__exporter_list list = {.count = 0};
    impact_tracer_provider *made = NULL;
    impact_status status = open_exporters(&list, settings);
    if (status)
        return status;
    status = impact_tracer_provider_open(&made, &settings->options);
    if (status) {
        impact__exporter_list_close(&list);
        return status;
    }
    impact__settings_apply_none(&made->limits, settings);
    if (settings->is_disabled)
        impact__provider_disable(made);
    *provider = made;
    return IMPACT_OK;
}

impact_status impact_tracer_provider_open_from_environment(impact_tracer_provider **provider,
                                                           const impact_trace_options *options)
{
    if (!provider)
        return IMPACT_EINVAL;
    impact__settings settings;
    impact__resource resource;
    impact_status status = impact__settings_read(&settings, options);
    if (status)
        return status;
    impact_trace_options *whole = &settings.options;
    const size_t given = whole->attributes ? whole->attribute_count : 0;
    status = impact__resource_open(&resource, whole->attributes, given, whole->allocator);
    if (status)
        return status;
    whole->attributes = resource.attributes;
    whole->attribute_count = resource.count;
    status = open_with_exporters(provider, &settings);
    impact__resource_close(&resource);
    return status;
}

/* Close a provider that did not become the default, and leave the code's exporters to the code. */
static void close_unused(impact_tracer_provider *provider, const impact_trace_options *options)
{
    if (options && options->size > offsetof(impact_trace_options, exporters) && options->exporters)
        provider->exporter_count = 0;
    impact_tracer_provider_close(provider);
}

impact_status impact_trace_init(const impact_trace_options *options)
{
    impact_tracer_provider *provider = NULL;
    if (impact__tracer_provider_of(NULL))
        return IMPACT_EEXIST; /* before exporters are opened for nothing */
    impact_status status = impact_tracer_provider_open_from_environment(&provider, options);
    if (status)
        return status;
    status = impact__trace_set_default(provider);
    if (status)
        close_unused(provider, options);
    return status;
}
