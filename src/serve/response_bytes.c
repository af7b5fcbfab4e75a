/* A response as it travels (RFC 9112). */
#include "serve/response_bytes.h"

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {413, "Content Too Large"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return ""; /* it may be empty (RFC 9112 4) */
}

/* RFC 9110 5.6.7, whatever the locale. */
static void append_date(impact__buffer *to, time_t now)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    if (!gmtime_r(&now, &t))
        return; /* a year that no calendar has */
    impact__buffer_printf(to, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[t.tm_wday],
                          t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min,
                          t.tm_sec);
}

void impact__response_append(impact__buffer *to, const impact_http_response *response, bool is_head,
                             bool keeps_alive, time_t now)
{
    impact__buffer_printf(to, "HTTP/1.1 %d %s\r\n", response->status, reason_of(response->status));
    append_date(to, now);
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        impact__buffer_printf(to, "%s: %s\r\n", response->headers[i].name,
                              response->headers[i].value);
    if (response->status != 204) /* RFC 9110 8.6 */
        impact__buffer_printf(to, "Content-Length: %zu\r\n", response->body.size);
    impact__buffer_append_string(to, keeps_alive ? "\r\n" : "Connection: close\r\n\r\n");
    if (!is_head)
        impact__buffer_append_text(to, response->body);
}

const char *impact__response_refusal(int status)
{
    switch (status) {
    case 413:
        return "{\"error\":\"the body is too long\"}\n";
    case 431:
        return "{\"error\":\"the request is too long\"}\n";
    default:
        return "{\"error\":\"the request cannot be understood\"}\n";
    }
}
