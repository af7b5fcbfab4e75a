/* Providers from the code's options and the OTEL_* environment. */
#include <impact/propagation.h>
#include <impact/trace.h>

#include "config/exporters.h"
#include "config/resource.h"
#include "config/settings.h"
#include "config/unsupported.h"
#include "process/diagnostics.h"
#include "trace/default.h"

/* Those of the code are its own until a provider takes them; those of the environment are ours. */
static impact_status open_exporters(impact__exporter_list *list, impact_trace_options *options)
{
    if (options->exporters || options->is_disabled)
        return IMPACT_OK;
    const impact_status status =
        impact__exporter_list_open(list, options->default_exporters, options->allocator);
    options->exporters = list->exporters;
    options->exporter_count = list->count;
    return status;
}

/* `options` have their resource. */
static impact_status open_with_exporters(impact_tracer_provider **provider,
                                         impact_trace_options *options)
{
    impact__exporter_list list = {.count = 0};
    impact_status status = open_exporters(&list, options);
    if (status)
        return status;
    status = impact_tracer_provider_open(provider, options);
    if (status)
        impact__exporter_list_close(&list);
    return status;
}

impact_status impact_tracer_provider_open_from_environment(impact_tracer_provider **provider,
                                                           const impact_trace_options *options)
{
    if (!provider)
        return IMPACT_EINVAL;
    impact_trace_options settings;
    impact__resource resource;
    (void)impact__diagnostics_open(); /* the provider looks at the answer */
    impact__unsupported_report();
    impact_status status = impact__settings_read(&settings, options);
    if (status)
        return status;
    const size_t given = settings.attributes ? settings.attribute_count : 0;
    status = impact__resource_open(&resource, settings.attributes, given, settings.allocator);
    if (status)
        return status;
    settings.attributes = resource.attributes;
    settings.attribute_count = resource.count;
    status = open_with_exporters(provider, &settings);
    impact__resource_close(&resource);
    impact__diagnostics_say();
    return status;
}

impact_status impact_trace_init(const impact_trace_options *options)
{
    impact_tracer_provider *provider = NULL;
    impact_status status = impact__default_reserve();
    if (status)
        return status;
    status = impact_propagation_set_from_environment();
    if (!status)
        status = impact_tracer_provider_open_from_environment(&provider, options);
    impact__default_settle(provider);
    return status;
}
