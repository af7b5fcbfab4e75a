/* Whom a probe asks.
 *
 * What is read here ends up in a request's head: no byte that could end a line comes through.
 */
#include "probe_target.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/ascii.h"
#include "base/authority.h"
#include "base/text.h"

enum {
    http_port = 80, /* RFC 9110 4.2.1 */
    socket_limit = sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
};

static const char default_path[] = "/health/";

/* ---- pieces ---- */

/* Cut `start` off the front of `text`. */
static bool cut(impact_text *text, const char *start)
{
    const size_t size = strlen(start);
    const impact_text front = impact_text_from(text->data, text->size < size ? text->size : size);
    if (!impact__text_equal_ignoring_case(front, impact_text_of(start)))
        return false;
    *text = impact_text_from(text->data + size, text->size - size);
    return true;
}

/* Visible ASCII only: blanks and line ends would end what they stand in. */
static bool is_visible(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return true;
}

static bool is_host(impact_text host, bool is_bracketed)
{
    for (size_t i = 0; i < host.size; i++)
        if (!impact__is_alphanumeric_or(host.data[i], is_bracketed ? ":.%-_" : ".-_"))
            return false;
    return host.size <= probe_host_limit;
}

static void keep(char *to, impact_text text)
{
    if (text.size)
        memcpy(to, text.data, text.size);
    to[text.size] = '\0';
}

/* ---- the forms ---- */

/* `default_port` -1: it is no URL's. Then there has to be a port, and a host without a name is this
 * machine. */
static const char *read_authority(probe_target *to, impact_text text, int32_t default_port)
{
    const impact__authority read = impact__authority_of(text);
    const bool has_no_port = read.is_whole && read.port < 0;
    const int32_t port = has_no_port ? default_port : read.port;
    if (!read.is_whole || port < 1)
        return "there is no port in it, or none that can be";
    const bool may_be_empty = !read.is_bracketed && default_port < 0;
    if (!is_host(read.host, read.is_bracketed) || (!read.host.size && !may_be_empty))
        return "the host is none";
    keep(to->host, read.host.size ? read.host : impact_text_of("127.0.0.1"));
    to->is_bracketed = read.is_bracketed;
    to->port = (uint16_t)port;
    return NULL;
}

static const char *read_url(probe_target *to, impact_text text)
{
    size_t size = 0;
    while (size < text.size && !strchr("/?#", text.data[size]))
        size++;
    const char *problem = read_authority(to, impact_text_from(text.data, size), http_port);
    if (problem || size == text.size)
        return problem;
    char path[probe_path_limit + 1];
    const bool is_rooted = text.data[size] == '/';
    const int written = snprintf(path, sizeof path, "%s%.*s", is_rooted ? "" : "/",
                                 (int)(text.size - size), text.data + size);
    if (written < 0 || (size_t)written >= sizeof path)
        return "the path is too long";
    return probe_target_set_path(to, path);
}

static const char *read_socket(probe_target *to, impact_text text)
{
    if (text.size < 2 || text.size > socket_limit || text.size > probe_host_limit)
        return "the path of the socket is empty or too long";
    if (text.data[0] != '/' && text.data[0] != '@')
        return "the path of a socket begins with a slash, or an at sign";
    keep(to->host, text);
    to->is_unix = true;
    return NULL;
}

static const char *read_any(probe_target *to, impact_text text)
{
    uint64_t port = 0;
    if (cut(&text, "http://"))
        return read_url(to, text);
    if (cut(&text, "https://"))
        return "TLS is not spoken: ask the process itself";
    if (cut(&text, "unix:") || text.data[0] == '/')
        return read_socket(to, text);
    if (!impact__text_parse_uint(&port, text, UINT16_MAX))
        return read_authority(to, text, -1);
    if (!port)
        return "there is no port 0";
    keep(to->host, impact_text_of("127.0.0.1"));
    to->port = (uint16_t)port;
    return NULL;
}

const char *probe_target_parse(probe_target *to, const char *text)
{
    probe_target read = {.port = 0};
    const impact_text whole = impact_text_of(text);
    if (!whole.size)
        return "it is empty";
    if (!is_visible(whole))
        return "there are blanks or other bytes in it that have to be percent-encoded";
    keep(read.path, impact_text_of(default_path));
    const char *problem = read_any(&read, whole);
    if (!problem)
        *to = read;
    return problem;
}

/* ---- the path ---- */

const char *probe_target_set_path(probe_target *to, const char *path)
{
    impact_text text = impact_text_of(path);
    const char *fragment = text.size ? memchr(text.data, '#', text.size) : NULL;
    if (fragment) /* it is not sent (RFC 9110 7.1) */
        text.size = (size_t)(fragment - text.data);
    if (text.size > probe_path_limit)
        return "the path is too long";
    if (!text.size || text.data[0] != '/')
        return "a path begins with a slash";
    if (!is_visible(text))
        return "there are blanks or other bytes in it that have to be percent-encoded";
    keep(to->path, text);
    return NULL;
}

/* What may stand in a value as it is (RFC 3986 2.3), and the comma. */
static bool is_plain(char c)
{
    return impact__is_alphanumeric_or(c, "-._~,");
}

bool probe_target_add(probe_target *to, const char *name, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";
    char added[probe_path_limit + 4];
    const int start =
        snprintf(added, sizeof added, "%c%s=", strchr(to->path, '?') ? '&' : '?', name);
    size_t size = start > 0 ? (size_t)start : 0;
    for (; *value && size < probe_path_limit; value++) {
        const unsigned char byte = (unsigned char)*value;
        if (is_plain(*value)) {
            added[size++] = *value;
            continue;
        }
        added[size++] = '%';
        added[size++] = digits[byte >> 4];
        added[size++] = digits[byte & 15];
    }
    const size_t before = strlen(to->path);
    if (*value || before + size > probe_path_limit)
        return false;
    memcpy(to->path + before, added, size);
    to->path[before + size] = '\0';
    return true;
}
