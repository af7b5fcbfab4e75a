/* Checks of what services depend on, that need no other library. Those beside what instruments a
 * library are in <impact/curl_checks.h>, <impact/sqlite_check.h>, <impact/postgresql.h>,
 * <impact/mariadb.h>.
 *
 * Each has options and a function that registers it, as impact_health_add. All options end alike:
 * `name` (required), `groups` and `timeout_ms` are those of impact_check, and all copied; `check`
 * has what else a check may have, and what of the former is not said. Its run and userdata are not
 * looked at.
 *
 * Each gives up when the time of its run is over, and says why it does not hold. Measured values
 * have two limits, of which at least one is set: from the one on they are a warning, from the other
 * on a failure; 0 is no limit. Addresses are "host:port", "[::1]:port", or the path of a Unix
 * socket; where the protocol has a port of its own, ":port" may be left out.
 */
#ifndef IMPACT_CHECKS_H
#define IMPACT_CHECKS_H

#include <impact/health.h>
#include <impact/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- servers ---- */

typedef struct impact_check_tcp_options {
    size_t size;
    const char *address; /* copied; required */
    const char *send;    /* copied; said after connecting; NULL: nothing */
    const char *expect;  /* copied; how the answer begins; NULL: none is waited for */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_tcp_options;

#define IMPACT_CHECK_TCP(...)                                                                      \
    (&(const impact_check_tcp_options){.size = sizeof(impact_check_tcp_options), __VA_ARGS__})

/* A port takes connections. The kernel does that for a server that hangs, too: `expect` tells. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_tcp(impact_health *health, const impact_check_tcp_options *options);

typedef struct impact_check_dns_options {
    size_t size;
    const char *host;         /* copied; whose addresses are asked for; required */
    const char *server;       /* copied; an address, port 53; NULL: those of /etc/resolv.conf */
    uint32_t least_addresses; /* of version 4 and 6 together; 1 */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_dns_options;

#define IMPACT_CHECK_DNS(...)                                                                      \
    (&(const impact_check_dns_options){.size = sizeof(impact_check_dns_options), __VA_ARGS__})

/* A name has addresses: asked of a DNS server, whatever the C library would find. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_dns(impact_health *health, const impact_check_dns_options *options);

typedef struct impact_check_ntp_options {
    size_t size;
    const char *server; /* copied; an address, port 123; required */
    double warn_ms;     /* of the two clocks' difference, in either direction */
    double fail_ms;
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_ntp_options;

#define IMPACT_CHECK_NTP(...)                                                                      \
    (&(const impact_check_ntp_options){.size = sizeof(impact_check_ntp_options), __VA_ARGS__})

/* The machine's clock is right, by an NTP server that knows the time itself. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_ntp(impact_health *health, const impact_check_ntp_options *options);

/* The application lends a connection of its own, a connected socket that nobody uses meanwhile. */
typedef struct impact_check_descriptor_lender {
    int (*borrow)(void *userdata, uint32_t timeout_ms); /* -1: there is none in this time */
    /* is_usable: nothing is left unread; else it is to be closed. */
    void (*give_back)(void *userdata, int descriptor, bool is_usable);
    void *userdata; /* borrowed */
} impact_check_descriptor_lender;

typedef struct impact_check_redis_options {
    size_t size;
    const char *address;                   /* copied; port 6379; required where nothing is lent */
    const char *user;                      /* copied; NULL: none, as before Redis 6 */
    const char *password;                  /* copied; NULL: none is asked for */
    impact_check_descriptor_lender lender; /* in the place of those three; both functions or none */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
    bool uses_tls;                /* by the plugin "curl"; a server with a host */
    const char *ca_file;          /* copied; who is trusted; NULL: whom libcurl trusts */
    const char *certificate_file; /* copied; one's own; NULL: none */
    const char *key_file;         /* copied; of that; NULL: it is in the same file */
    bool accepts_untrusted;       /* a certificate that nobody trusts, or of another name */
} impact_check_redis_options;

#define IMPACT_CHECK_REDIS(...)                                                                    \
    (&(const impact_check_redis_options){.size = sizeof(impact_check_redis_options), __VA_ARGS__})

/* Redis, or a server that speaks as it does, answers PING: over a connection of each run's own, or
 * one that the application lends. With TLS also IMPACT_ENOENT and IMPACT_EPLUGIN, as
 * impact_plugin_load; likewise below. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_redis(impact_health *health, const impact_check_redis_options *options);

typedef struct impact_check_rabbitmq_options {
    size_t size;
    const char *address;      /* copied; port 5672; required */
    const char *user;         /* copied; at most 255 bytes, as the next two; NULL: "guest" */
    const char *password;     /* copied; NULL: "guest" */
    const char *virtual_host; /* copied; NULL: "/" */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
    bool uses_tls; /* port 5671; else as for Redis, as the next four */
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    bool accepts_untrusted;
} impact_check_rabbitmq_options;

#define IMPACT_CHECK_RABBITMQ(...)                                                                 \
    (&(const impact_check_rabbitmq_options){.size = sizeof(impact_check_rabbitmq_options),         \
                                            __VA_ARGS__})

/* RabbitMQ, or another server of AMQP 0-9-1, opens a connection and closes it in order. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_rabbitmq(impact_health *health, const impact_check_rabbitmq_options *options);

/* ---- this machine ---- */

typedef struct impact_check_disk_options {
    size_t size;
    const char *path;    /* copied; absolute; on the file system that is meant; required */
    double warn_percent; /* of its space, or of its files, in use */
    double fail_percent;
    bool allows_remote; /* network file systems, which may hang for good, too */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_disk_options;

#define IMPACT_CHECK_DISK(...)                                                                     \
    (&(const impact_check_disk_options){.size = sizeof(impact_check_disk_options), __VA_ARGS__})

/* A file system has room. Who hangs in it all the same keeps one thread. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_disk(impact_health *health, const impact_check_disk_options *options);

typedef struct impact_check_memory_options {
    size_t size;
    double warn_percent; /* in use, without caches that can be given back */
    double fail_percent;
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_memory_options;

#define IMPACT_CHECK_MEMORY(...)                                                                   \
    (&(const impact_check_memory_options){.size = sizeof(impact_check_memory_options), __VA_ARGS__})

/* Memory is left: to the control group (version 2 or 1), to each above it, and to the machine. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_memory(impact_health *health, const impact_check_memory_options *options);

typedef struct impact_check_load_options {
    size_t size;
    double warn_per_processor;
    double fail_per_processor;
    uint32_t minutes; /* of which the load is the average: 1, 5 or 15; 5 */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_load_options;

#define IMPACT_CHECK_LOAD(...)                                                                     \
    (&(const impact_check_load_options){.size = sizeof(impact_check_load_options), __VA_ARGS__})

/* No more wants to run on the machine than its processors can do. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_load(impact_health *health, const impact_check_load_options *options);

typedef struct impact_check_file_age_options {
    size_t size;
    const char *path;    /* copied; required */
    double warn_seconds; /* since it was written */
    double fail_seconds;
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_file_age_options;

#define IMPACT_CHECK_FILE_AGE(...)                                                                 \
    (&(const impact_check_file_age_options){.size = sizeof(impact_check_file_age_options),         \
                                            __VA_ARGS__})

/* A file is there, and was written not too long ago. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_file_age(impact_health *health, const impact_check_file_age_options *options);

typedef struct impact_check_process_options {
    size_t size;
    const char *command;  /* copied; as ps -o comm shows it: its first 15 bytes count */
    const char *pid_file; /* copied; holds the process's number */
    uint32_t least;       /* so many of the command, without a file; 1 */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_process_options;

#define IMPACT_CHECK_PROCESS(...)                                                                  \
    (&(const impact_check_process_options){.size = sizeof(impact_check_process_options),           \
                                           __VA_ARGS__})

/* A process lives and is no zombie: of this command, of the number in a file, or, with both, of
 * both. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_process(impact_health *health, const impact_check_process_options *options);

typedef struct impact_check_program_options {
    size_t size;
    const char *const *argv; /* copied; ends with NULL; at most 256 of 64 KiB; required. The program
                                is found by PATH where it has no slash */
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_program_options;

#define IMPACT_CHECK_PROGRAM(...)                                                                  \
    (&(const impact_check_program_options){.size = sizeof(impact_check_program_options),           \
                                           __VA_ARGS__})

/* What a program says, by the contract of Nagios plugins: exit status 0 to 3, and a line of output.
 * When its time is over it is killed, with all of its process group. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_program(impact_health *health, const impact_check_program_options *options);

/* ---- this process ---- */

/* The counters of several providers as if they were one: called on a thread of the library. */
typedef struct impact_check_stats_reader {
    void (*read)(void *userdata, impact_trace_stats *stats); /* all 0 before */
    void *userdata;                                          /* borrowed */
} impact_check_stats_reader;

typedef struct impact_check_telemetry_options {
    size_t size;
    impact_tracer_provider *provider; /* borrowed; NULL: the process's own */
    double warn_percent; /* of the spans that were settled in the last minute: lost ones */
    double fail_percent;
    const char *name;
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
    impact_check_stats_reader reader; /* in the place of `provider` */
} impact_check_telemetry_options;

#define IMPACT_CHECK_TELEMETRY(...)                                                                \
    (&(const impact_check_telemetry_options){.size = sizeof(impact_check_telemetry_options),       \
                                             __VA_ARGS__})

/* The spans of a provider arrive: few are dropped, rejected or given up. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_telemetry(impact_health *health, const impact_check_telemetry_options *options);

#ifdef __cplusplus
}
#endif

#endif
