/* Endpoints: whatever the text is, what is made of it is one URL, and a path that a socket has. The
 * first byte says which form and whether gRPC may speak without TLS. */
#include "export/otlp/server.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    otlp__endpoint endpoint = {NULL, NULL};
    if (!size)
        return 0;
    const otlp__endpoint_form form = (otlp__endpoint_form)(data[0] % 3);
    const impact_text text = impact_text_from((const char *)data + 1, size - 1);
    const impact_status status = otlp__endpoint_open(&endpoint, NULL, text, form, data[0] >= 0x80);
    if (status) {
        if (endpoint.url || endpoint.unix_path)
            abort();
        return 0;
    }
    if (strncasecmp(endpoint.url, "http", 4) != 0 || strpbrk(endpoint.url, " \t\r\n"))
        abort();
    if (endpoint.unix_path &&
        (endpoint.unix_path[0] != '/' ||
         strlen(endpoint.unix_path) >= sizeof((struct sockaddr_un *)0)->sun_path))
        abort();
    if (form == OTLP__ENDPOINT_GRPC && !strstr(endpoint.url, "TraceService/Export"))
        abort();
    const otlp__server server = otlp__server_of(&endpoint);
    if (endpoint.unix_path ? server.port != 0 : strchr(server.address, '@') || !server.port)
        abort();
    otlp__endpoint_close(&endpoint, NULL);
    return 0;
}
