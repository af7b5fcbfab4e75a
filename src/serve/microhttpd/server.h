/* A server of our own for an impact_http_handler_fn: what the plugin's descriptor points to. */
#ifndef IMPACT_SERVE_MICROHTTPD_SERVER_H
#define IMPACT_SERVE_MICROHTTPD_SERVER_H

#include <impact/plugin.h>

impact_status impact__server_open(impact_server **server, const char *address,
                                  impact_http_handler_fn handler, void *userdata, uint16_t *port);

/* NULL is accepted. In a forked child it closes descriptors and waits for nobody. */
void impact__server_close(impact_server *server);

#endif
