/* The one thing that every answer needs: to be given back. */
#include <impact/http.h>

#include "base/alloc.h"

void impact_http_response_clear(impact_http_response *response)
{
    if (!response)
        return;
    impact__free(response->allocator, response->memory);
    *response = (impact_http_response){.size = response->size};
}
