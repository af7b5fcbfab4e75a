/* The spans that are kept: the last ones, by trace, as the bytes that came.
 *
 * DESIGN: a trace is a list of spans, a span one piece of memory with its bytes in it; resources
 * and scopes are kept once, by their bytes. Traces stand in one list, by their last change, and a
 * change has a number. When there is no room, the trace that has not changed for longest leaves
 * whole. Who wants to know what is new walks the list backwards, to the first trace that is not;
 * and whatever changed before the first of the list is gone.
 *
 *     received == span_count + evicted + repeated + refused
 *
 * It has one owner: one thread.
 */
#ifndef IMPACT_CLI_VIEW_STORE_H
#define IMPACT_CLI_VIEW_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/span_view.h>

/* The bytes of a resource or a scope. */
typedef struct view_shared {
    struct view_shared *next; /* in its bucket */
    size_t user_count;
    uint64_t hash;
    impact_text service; /* of a resource: its service.name; lies in the bytes */
    impact_text bytes;   /* lie behind this */
} view_shared;

typedef struct view_trace view_trace;

typedef struct view_span {
    struct view_span *next_in_bucket;
    struct view_span *next; /* of its trace, as they came */
    view_trace *trace;
    view_shared *resource;
    view_shared *scope;
    impact_span_id id;
    impact_span_id parent_id;
    bool has_parent;
    bool has_error;
    impact_span_kind kind;
    uint64_t start_ns;
    uint64_t duration_ns; /* 0 for one that ends before it starts */
    uint64_t mark;        /* of who walks over all spans */
    impact_text bytes;    /* lie behind this */
} view_span;

struct view_trace {
    view_trace *next_in_bucket;
    view_trace *earlier; /* in the list; likewise below */
    view_trace *later;
    impact_trace_id id;
    uint64_t number;     /* counts arrivals, from 1 */
    uint64_t version;    /* the number of its last change */
    uint64_t changed_ns; /* when that was, by the monotonic clock */
    bool is_shown;       /* of who shows each trace once */
    view_span *first;
    view_span *last;
    view_span *root; /* the first that has no parent, else the first of all */
    size_t span_count;
    size_t error_count;
    size_t size; /* of all its spans */
    uint64_t start_ns;
    uint64_t end_ns;
};

typedef struct view_store_options {
    size_t span_limit; /* 0: 200,000 */
    size_t size_limit; /* bytes; 0: 256 MiB */
    const impact_allocator *allocator;
} view_store_options;

typedef struct view_store {
    const impact_allocator *allocator;
    size_t span_limit;
    size_t size_limit;
    view_trace **traces; /* buckets; likewise below */
    view_span **spans;
    view_shared **shared;
    size_t bucket_count; /* a power of 2 */
    uint64_t seed;
    uint64_t instance; /* this store, not one before it; a double has room for it */
    view_trace *first; /* the list */
    view_trace *last;
    uint64_t version; /* of the last change */
    uint64_t number;  /* of the newest trace */
    uint64_t mark;
    size_t trace_count;
    size_t span_count;
    size_t size;
    uint64_t received;
    uint64_t evicted; /* made room */
    uint64_t repeated;
    uint64_t refused; /* no valid ids, or no room, or no memory */
    void (*accepted)(void *userdata, impact_text request); /* NULL: nobody asks */
    void *accepted_userdata;
} view_store;

typedef enum view_kept {
    view_kept_it,
    view_kept_already, /* the same bytes, or many of its id */
    view_kept_not,     /* it has no valid ids */
    view_kept_no_room, /* its trace alone fills the store, or there is no memory */
} view_kept;

/* IMPACT_ENOMEM. Close it even then. */
impact_status view_store_open(view_store *store, const view_store_options *options);
void view_store_close(view_store *store);

/* Keep a resource or a scope for the spans that come with it; NULL: no memory. Release it when they
 * are added. */
view_shared *view_store_share(view_store *store, impact_text bytes, bool is_resource);
void view_store_release(view_store *store, view_shared *shared); /* accepts NULL */

/* Copy a span that is well-formed. */
view_kept view_store_add(view_store *store, impact_text span, view_shared *resource,
                         view_shared *scope);

/* NULL: it is not there. */
view_trace *view_store_find(const view_store *store, const impact_trace_id *id);
view_span *view_store_find_span(const view_store *store, const impact_trace_id *trace_id,
                                const impact_span_id *id);

#endif
