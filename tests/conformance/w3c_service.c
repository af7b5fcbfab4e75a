/* The service that the W3C's trace-context tests call: libmicrohttpd in, libcurl out.
 *
 *     w3c_service provider|none
 *
 * A POST brings [{"url": ..., "arguments": ...}, ...], and for each member the arguments are posted
 * to the URL (w3c/trace-context, test/README.md). With a provider the instrumentation alone does
 * it; without one the program takes part by impact_propagation_participate.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPACT_CURL_REPLACE
#include <impact/curl.h>
#include <impact/microhttpd.h>
#include <impact/propagation.h>
#include <impact/trace.h>

static bool has_provider;

/* ---- JSON, as much as is sent ---- */

/* Behind the value that begins at `at`: brackets outside of texts are counted. */
static const char *skip_value(const char *at)
{
    int depth = 0;
    bool is_in_text = false;
    for (; *at; at++) {
        if (is_in_text) {
            at += *at == '\\' && at[1];
            is_in_text = *at != '"';
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            return at;
        is_in_text = *at == '"';
        depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
    }
    return at;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n,:");
}

/* The raw value under `key` in the object that begins at `at`. */
static impact_text find(const char *at, const char *key)
{
    const size_t size = strlen(key);
    for (at = skip_blanks(at + 1); *at == '"'; at = skip_blanks(at)) {
        const bool is_it = strncmp(at + 1, key, size) == 0 && at[1 + size] == '"';
        const char *value = skip_blanks(strchr(at + 1, '"') + 1);
        at = skip_value(value);
        if (is_it)
            return impact_text_from(value, (size_t)(at - value));
    }
    return impact_text_of("null");
}

/* ---- calls ---- */

static size_t discard(char *data, size_t item_size, size_t count, void *userdata)
{
    (void)data;
    (void)userdata;
    return item_size * count;
}

static void post(const char *url, impact_text body)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
    (void)curl_easy_perform(easy); /* the tests see what arrives */
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
}

static void call(const char *object)
{
    char url[512] = "";
    const impact_text quoted = find(object, "url");
    if (quoted.size < 2 || quoted.size - 2 >= sizeof url)
        return;
    memcpy(url, quoted.data + 1, quoted.size - 2);
    if (has_provider) {
        post(url, find(object, "arguments"));
        return;
    }
    const impact_context *own = impact_propagation_participate(NULL);
    const impact_scope scope = impact_context_attach(own);
    post(url, find(object, "arguments"));
    (void)impact_context_detach(scope); /* the last one that was attached */
    impact_context_release(own);
}

/* ---- requests ---- */

typedef struct request {
    char *body;
    size_t size;
} request;

static enum MHD_Result reply(struct MHD_Connection *connection)
{
    static char body[] = "null";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    const enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    request *r = *req_cls;
    if (!r)
        return (*req_cls = calloc(1, sizeof *r)) ? MHD_YES : MHD_NO;
    if (*upload_data_size) {
        char *grown = realloc(r->body, r->size + *upload_data_size + 1);
        if (!grown)
            return MHD_NO;
        memcpy(grown + r->size, upload_data, *upload_data_size);
        r->body = grown;
        r->size += *upload_data_size;
        r->body[r->size] = '\0';
        *upload_data_size = 0;
        return MHD_YES;
    }
    const char *at = r->body && *r->body == '[' ? skip_blanks(r->body + 1) : "";
    for (; *at == '{'; at = skip_blanks(skip_value(at)))
        call(at);
    return reply(connection);
}

static void complete(void *cls, struct MHD_Connection *connection, void **req_cls,
                     enum MHD_RequestTerminationCode toe)
{
    (void)cls;
    (void)connection;
    (void)toe;
    request *r = *req_cls;
    if (r)
        free(r->body);
    free(r);
}

int main(int argc, char **argv)
{
    impact_microhttpd *web = NULL;
    has_provider = argc > 1 && strcmp(argv[1], "provider") == 0;
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (has_provider && impact_trace_init(NULL))
        return EXIT_FAILURE;
    if (impact_microhttpd_open(&web,
                               IMPACT_MICROHTTPD_OPTIONS(.handler = handle, .completed = complete)))
        return EXIT_FAILURE;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL,
        impact_microhttpd_handle, web, MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_NOTIFY_COMPLETED,
        impact_microhttpd_completed, web, MHD_OPTION_END);
    if (!daemon)
        return EXIT_FAILURE;
    printf("http://127.0.0.1:%u/test\n",
           MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    while (getchar() != EOF) /* until its standard input is closed */
        ;
    MHD_stop_daemon(daemon);
    impact_microhttpd_close(web);
    return impact_trace_shutdown(1000) ? EXIT_FAILURE : EXIT_SUCCESS;
}
