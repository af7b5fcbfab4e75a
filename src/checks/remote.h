/* A server that a check talks to in each of its runs: where it is, and whether over TLS. */
#ifndef IMPACT_CHECKS_REMOTE_H
#define IMPACT_CHECKS_REMOTE_H

#include <impact/tls.h>

#include "checks/peer.h"

/* How it is spoken to. All borrowed. */
typedef struct impact__remote_tls {
    bool is_used;
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    bool accepts_untrusted;
} impact__remote_tls;

/* Of the options of a check that may be over TLS. */
#define IMPACT__REMOTE_TLS(options)                                                                \
    (&(const impact__remote_tls){                                                                  \
        .is_used = (options).uses_tls,                                                             \
        .ca_file = (options).ca_file,                                                              \
        .certificate_file = (options).certificate_file,                                            \
        .key_file = (options).key_file,                                                            \
        .accepts_untrusted = (options).accepts_untrusted,                                          \
    })

typedef struct impact__remote {
    impact__endpoint to;
    const impact_tls *tls;     /* borrowed, static; NULL: it is not used */
    impact_tls_client *client; /* owned */
} impact__remote;

/* IMPACT_EINVAL: there is no such address, or a word about TLS where it is not used, or a path with
 * it; IMPACT_ENOENT, IMPACT_EPLUGIN: the plugin that has TLS is not there; IMPACT_ENOMEM. */
impact_status impact__remote_open(impact__remote *server, const char *address, uint16_t port,
                                  const impact__remote_tls *tls);
void impact__remote_close(impact__remote *server);

/* What `talk` returns, once connected; false: that failed, and was explained to the run. */
typedef bool (*impact__talk_fn)(impact__peer *peer, void *userdata);
bool impact__remote_talk(const impact__remote *server, impact_health_run *run, impact__talk_fn talk,
                         void *userdata);

#endif
