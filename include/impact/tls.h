/* TLS for checks: what the library and the plugin that has it (impact_plugin_curl) ask of each
 * other. For plugins; programs need nothing of this. */
#ifndef IMPACT_TLS_H
#define IMPACT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whom to talk to. All copied; NULL: as libcurl has it, and no certificate of one's own. */
typedef struct impact_tls_target {
    size_t size;
    const char *host;
    uint16_t port;
    const char *ca_file; /* who is trusted */
    const char *certificate_file;
    const char *key_file;
    bool accepts_untrusted; /* a certificate that nobody trusts, or of another name */
} impact_tls_target;

#define IMPACT_TLS_FAILED (-1)

/* A connection, for the time of a talk. */
typedef struct impact_tls_stream {
    size_t size;
    void *connection;

    /* How many bytes went, or came; 0: none, without waiting; IMPACT_TLS_FAILED, which was
     * explained to the run. */
    ptrdiff_t (*send)(void *connection, const void *data, size_t size);
    ptrdiff_t (*receive)(void *connection, void *data, size_t limit);

    /* Wait until something may come, or go. False: it took too long. */
    bool (*wait)(void *connection, bool for_input, uint32_t limit_ms);
} impact_tls_stream;

typedef bool (*impact_tls_talk_fn)(const impact_tls_stream *stream, void *userdata);

typedef struct impact_tls_client impact_tls_client;

typedef struct impact_tls {
    size_t size;
    impact_status (*open)(impact_tls_client **client, const impact_tls_target *target);

    /* In a run of a check, one at a time: connect, within its time, and talk. Returns what the talk
     * did; false: there was none, which was explained to the run. */
    bool (*talk)(impact_tls_client *client, impact_health_run *run, impact_tls_talk_fn talk,
                 void *userdata);

    /* NULL is accepted. */
    void (*close)(impact_tls_client *client);
} impact_tls;

#ifdef __cplusplus
}
#endif

#endif
