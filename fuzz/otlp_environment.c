/* The variables of the OTLP exporter: whatever they are, what is sent is a request to a URL. */
#include "export/otlp/otlp_environment.h"

#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line, with a name: nothing in it can begin another header. */
static void check_header(const char *line)
{
    const size_t name_size = strcspn(line, ":;");
    if (!name_size || !line[name_size])
        abort();
    for (const char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\t')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    otlp__settings settings = {.allocator = NULL};
    lines_set_all(data, size);
    const impact_status status = otlp__settings_open(&settings, NULL, NULL);
    if (status == IMPACT_EINVAL || status == IMPACT_ENOMEM)
        return 0;
    if (status || strncasecmp(settings.endpoint.url, "http", 4) != 0 ||
        strpbrk(settings.endpoint.url, " \t\r\n"))
        abort();
    if (settings.timeout_ms > INT32_MAX)
        abort();
    for (size_t i = 0; i < settings.headers.count; i++)
        check_header(settings.headers.lines[i]);
    otlp__settings_close(&settings);
    return 0;
}
