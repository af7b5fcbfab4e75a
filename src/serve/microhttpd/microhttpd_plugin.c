/* The descriptor of the plugin "microhttpd": the server that impact_health_listen asks for. */
#include <impact/plugin.h>

#include "serve/microhttpd/server.h"

extern IMPACT_API const impact_plugin impact_plugin_microhttpd;

const impact_plugin impact_plugin_microhttpd = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "microhttpd",
    .server_open = impact__server_open,
    .server_close = impact__server_close,
};
