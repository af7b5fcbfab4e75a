/* A provider's resource: an opentelemetry.proto.resource.v1.Resource, encoded once.
 *
 * What is the process's own in it (service.instance.id where nobody gave one; process.pid, when it
 * is the one of the process that opened the provider) stands last, so that a forked child can write
 * its own in their place.
 */
#ifndef IMPACT_SIGNAL_ENCODED_RESOURCE_H
#define IMPACT_SIGNAL_ENCODED_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/trace.h>

enum { impact__resource_limit = 1000 }; /* attributes that may be given */

typedef struct impact__encoded_resource {
    char *bytes; /* owned */
    size_t size;
    size_t own_offset; /* where what is the process's own begins: these two, in this order */
    bool has_instance;
    bool has_pid;
} impact__encoded_resource;

/* What every resource has (service.name, service.instance.id, telemetry.sdk.*), then the options'
 * attributes, then their service name: what comes later wins. */
impact_status impact__encoded_resource_open(impact__encoded_resource *resource,
                                            const impact_trace_options *options);
void impact__encoded_resource_close(impact__encoded_resource *resource,
                                    const impact_allocator *allocator);

/* In a forked child: write its service.instance.id and process.pid. Safe in a signal handler. */
void impact__encoded_resource_renew(impact__encoded_resource *resource);

#endif
