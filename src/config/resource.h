/* The resource of a provider: what the process is, what the environment says of it, what the code
 * says (OpenTelemetry specification, resource/sdk; semantic conventions, resource). */
#ifndef IMPACT_CONFIG_RESOURCE_H
#define IMPACT_CONFIG_RESOURCE_H

#include <stddef.h>

#include <impact/allocator.h>
#include <impact/attribute.h>

typedef struct impact__resource {
    impact_attribute *attributes; /* owned; a later one of the same key wins */
    size_t count;
    char *texts; /* owned: what the attributes borrow */
    const impact_allocator *allocator;
} impact__resource;

/* `given` are the code's attributes, borrowed until close. A NULL `allocator` is the default. */
impact_status impact__resource_open(impact__resource *resource, const impact_attribute *given,
                                    size_t given_count, const impact_allocator *allocator);
void impact__resource_close(impact__resource *resource);

#endif
