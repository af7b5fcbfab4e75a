/* Exporters: where batches of finished spans go (OpenTelemetry specification, trace/sdk "Span
 * Exporter"). Those that come with the library, and the interface to write another. */
#ifndef IMPACT_EXPORTER_H
#define IMPACT_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/http.h>
#include <impact/options.h>
#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The finished spans of one instrumentation scope. Everything in a batch is borrowed until export
 * returns. */
typedef struct impact_scope_batch {
    size_t size;
    impact_text scope;      /* opentelemetry.proto.common.v1.InstrumentationScope; may be empty */
    impact_text schema_url; /* may be empty */
    const impact_text
        *spans; /* each an opentelemetry.proto.trace.v1.Span, in the order they ended */
    size_t span_count;
} impact_scope_batch;

/* A batch: finished spans of one resource, by their scopes. */
typedef struct impact_batch {
    size_t size;
    impact_text resource;                    /* opentelemetry.proto.resource.v1.Resource */
    impact_text schema_url;                  /* of the resource; may be empty */
    const impact_scope_batch *const *scopes; /* each scope once */
    size_t scope_count;
    size_t span_count; /* over all scopes */
} impact_batch;

/* How far an export is that nobody waits for. */
typedef struct impact_export_progress {
    size_t size;
    bool is_over;
    impact_status status; /* of one that is over, as export_batch has it; likewise `rejected` */
    size_t rejected;
    int descriptor;   /* of one that is not: it can go on when that is readable; -1: none tells */
    uint32_t wait_ms; /* or after so long, at latest; UINT32_MAX: only the descriptor tells */
} impact_export_progress;

/* An exporter is a struct that its maker fills and the provider takes. What follows `size` and is
 * not set is NULL. */
typedef struct impact_exporter impact_exporter;
struct impact_exporter {
    size_t size;
    const char *name; /* borrowed, static: "otlp" */

    /* Send a batch within timeout_ms. IMPACT_OK: all were taken but `*rejected` (set to 0 by the
     * caller; at most span_count), refused for good. IMPACT_EAGAIN: none was, and the same batch
     * may be later: it stays in the queue while there is room, and is given again. Any other
     * status: none was, and the batch has failed. Called on the worker, never twice at once; after
     * a fork it may be called in the child, with nothing to clean up. */
    impact_status (*export_batch)(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected);

    /* Make a running export_batch return soon, and those to come fail at once. From any thread. May
     * be NULL. */
    void (*interrupt)(impact_exporter *exporter);

    /* Free the exporter itself. */
    void (*close)(impact_exporter *exporter);

    /* The provider shuts down, within timeout_ms: a running export_batch and those to come should
     * try once, and not wait for a backend that is away. From any thread. May be NULL. */
    void (*hasten)(impact_exporter *exporter, uint32_t timeout_ms);

    /* What metrics call it (semantic conventions, "otel.component.type"); borrowed, static. NULL:
     * its name and "_span_exporter". */
    const char *component_type;

    /* Where it sends: a host and a port, or the path of a socket, and never who asks there. Copied
     * when a provider takes it; NULL: nowhere, or it is not known. */
    const char *server_address;
    uint32_t server_port;

    /* The same as export_batch without waiting, for providers that start no thread or have several
     * batches under way; both, or none: then export_batch is called, one batch at a time, and in
     * the first case keeps the host's thread as long as it takes. Begin
     * notes a batch, which is borrowed until the export is over, within timeout_ms. Advance does
     * what can be done now, and fills `progress`, whose size is set, that is not over, with status
     * IMPACT_OK, descriptor -1 and no limit. After an interrupt it is called once more, whatever it
     * says. Never both at once, nor twice. In a forked child another one may begin. */
    void (*begin_export)(impact_exporter *exporter, const impact_batch *batch, uint32_t timeout_ms);
    void (*advance_export)(impact_exporter *exporter, impact_export_progress *progress);

    /* Another one like it, so that several batches are under way at once: where the provider's
     * concurrent_export_limit is above 1, and the two above are there. Each has one batch at a
     * time, all are driven by one thread at a time, and are called through the functions of the
     * first, which is closed last. NULL: one batch at a time. */
    impact_status (*open_another)(impact_exporter **another, impact_exporter *exporter);
};

/* Open an exporter by its name in OTEL_TRACES_EXPORTER: "console", "tree", "otlp/stdout",
 * "otlp_file" (into OTEL_C_OTLP_FILE, turned over at OTEL_C_OTLP_FILE_SIZE bytes), or that of a
 * plugin such as "otlp", found in IMPACT_PLUGIN_PATH, beside the library or on the loader's path.
 * It reads its own OTEL_EXPORTER_* environment. IMPACT_ENOENT: there is none; IMPACT_EINVAL: the
 * environment names an endpoint that is none. Owned by the caller. */
IMPACT_API IMPACT_CHECKED impact_status impact_exporter_open(impact_exporter **exporter,
                                                             const char *name,
                                                             const impact_allocator *allocator);

/* Where and how the exporter "otlp" sends. All is copied. What is not set is read from the variable
 * beside it, the one for traces before the general one. */
typedef struct impact_otlp_options {
    size_t size;
    const char *endpoint; /* the whole URL, used as it is; "unix:/path" is a socket; for gRPC its
                             host is; OTEL_EXPORTER_OTLP_ENDPOINT */
    const impact_http_header *headers; /* instead of OTEL_EXPORTER_OTLP_HEADERS */
    size_t header_count;               /* at most 64 */
    const char *certificate;        /* a PEM file that is trusted; OTEL_EXPORTER_OTLP_CERTIFICATE */
    const char *client_certificate; /* a PEM file; OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE */
    const char *client_key;         /* likewise; OTEL_EXPORTER_OTLP_CLIENT_KEY */
    uint32_t timeout_ms;            /* of an export with its retries; 10000; 0: no limit of its own;
                            OTEL_EXPORTER_OTLP_TIMEOUT */
    size_t request_limit;           /* bytes; 64 MiB; at most 1 GiB */
    size_t response_limit;          /* likewise; 4 MiB */
    const char *protocol;           /* "http/protobuf", which is the default, "http/json" or "grpc";
                                       OTEL_EXPORTER_OTLP_PROTOCOL */
    const char *compression;        /* "none", which is the default, or "gzip";
                                       OTEL_EXPORTER_OTLP_COMPRESSION */
    const char *product; /* "name/version" of who exports: before our own in User-Agent */
} impact_otlp_options;

#define IMPACT_OTLP_OPTIONS(...)                                                                   \
    (&(const impact_otlp_options){.size = sizeof(impact_otlp_options), __VA_ARGS__})

/* Open the exporter of the plugin "otlp" with `options` (may be NULL). IMPACT_EINVAL: the endpoint
 * is none, the protocol or the compression is not known, a header is none or is the transport's own
 * (as Content-Length is), a key has no certificate; otherwise as impact_exporter_open. */
IMPACT_API IMPACT_CHECKED impact_status
impact_exporter_otlp_open(impact_exporter **exporter, const impact_otlp_options *options,
                          const impact_allocator *allocator);

/* One JSON object a span on `descriptor` (borrowed), in the shape of OpenTelemetry Python's console
 * exporter. `allocator` NULL: the default; likewise below. */
IMPACT_API IMPACT_CHECKED impact_status impact_exporter_console_open(
    impact_exporter **exporter, int descriptor, const impact_allocator *allocator);

/* One line of OTLP in JSON a batch on `descriptor` (borrowed), as collectors and their kin read it
 * (protocol/file-exporter): "otlp/stdout" is this on standard output. */
IMPACT_API IMPACT_CHECKED impact_status impact_exporter_otlp_lines_open(
    impact_exporter **exporter, int descriptor, const impact_allocator *allocator);

/* Into which file the exporter "otlp_file" writes such lines. */
typedef struct impact_otlp_file_options {
    size_t size;
    const char *path;     /* copied; created with mode 0640; required */
    uint64_t rotate_size; /* bytes; one that would grow above it becomes "<path>.1"; 0: never */
    uint32_t kept_files;  /* that were turned over: ".1" is the youngest; 1; at most 100 */
} impact_otlp_file_options;

#define IMPACT_OTLP_FILE_OPTIONS(...)                                                              \
    (&(const impact_otlp_file_options){.size = sizeof(impact_otlp_file_options), __VA_ARGS__})

/* Several processes may write to one file, and others may turn it over: a line is whole or not
 * there. (In a pipe, which may be in its place, one that was cut ends before the next.) It is on
 * the disk when the exporter is closed. IMPACT_EINVAL: no path, or one that is too long, or too
 * many files; IMPACT_ESYSTEM: it cannot be opened, as a pipe that nobody reads. */
IMPACT_API IMPACT_CHECKED impact_status
impact_exporter_otlp_file_open(impact_exporter **exporter, const impact_otlp_file_options *options,
                               const impact_allocator *allocator);

/* The waterfall: each trace of a batch as a tree with durations, 80 columns, in colour only on a
 * terminal. */
IMPACT_API IMPACT_CHECKED impact_status impact_exporter_tree_open(
    impact_exporter **exporter, int descriptor, const impact_allocator *allocator);

/* Print all spans of `count` TracesData (or ExportTraceServiceRequest) messages on `descriptor` as
 * the tree exporter does: one tree a trace, over all processes that the data comes from. Waits as
 * long as the descriptor does. What is malformed is left out. */
IMPACT_API IMPACT_CHECKED impact_status impact_tree_print(int descriptor, const impact_text *data,
                                                          size_t count,
                                                          const impact_allocator *allocator);

/* Keeps what it is given, for tests: read it with the two functions below. */
IMPACT_API IMPACT_CHECKED impact_status
impact_exporter_memory_open(impact_exporter **exporter, const impact_allocator *allocator);

/* Everything exported so far as one opentelemetry.proto.trace.v1.TracesData (which is also an
 * ExportTraceServiceRequest); borrowed until the next export. Call it when the provider is at rest:
 * after a flush. */
IMPACT_API impact_text impact_exporter_memory_data(const impact_exporter *exporter);
IMPACT_API void impact_exporter_memory_clear(impact_exporter *exporter);

/* Close an exporter that no provider took. NULL is accepted. */
IMPACT_API void impact_exporter_close(impact_exporter *exporter);

#ifdef __cplusplus
}
#endif

#endif
