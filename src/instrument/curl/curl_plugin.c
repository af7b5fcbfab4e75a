/* The checks by their names, for who loads the library by its own (<impact/plugin.h>). */
#include <impact/plugin.h>

#include <string.h>

#include <impact/curl_checks.h>

#include "tls_stream.h"

static impact_status add_check(impact_health *health, const char *kind, const void *options)
{
    if (strcmp(kind, "http") == 0)
        return impact_health_add_http(health, options);
    if (strcmp(kind, "tls") == 0)
        return impact_health_add_tls(health, options);
    return IMPACT_ENOENT;
}

IMPACT_API extern const impact_plugin impact_plugin_curl;
const impact_plugin impact_plugin_curl = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "curl",
    .check_add = add_check,
    .tls = &impact__curl_tls,
};
