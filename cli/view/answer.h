/* The answer to a request: OTLP on its one path, the page, and what the page asks for. */
#ifndef IMPACT_CLI_VIEW_ANSWER_H
#define IMPACT_CLI_VIEW_ANSWER_H

#include "base/buffer.h"
#include "store.h"

enum {
    view_body_limit = 64 << 20, /* of a request, compressed or not (protocol/otlp has none) */
};

/* Borrowed for the call. `header` gives the value of a header, whatever the case of its name; empty
 * when it is absent. */
typedef struct view_request {
    impact_text method;
    impact_text path;
    impact_text query;
    impact_text (*header)(void *carrier, const char *name);
    void *carrier;
    impact_text body;
    bool is_too_large; /* the body was, and is not here */
} view_request;

typedef struct view_response {
    int status;
    const char *type;
    const char *policy;  /* Content-Security-Policy; NULL: none */
    const char *allow;   /* of 405; NULL: none */
    impact__buffer body; /* closed by the caller */
} view_response;

/* Whether it is to be received (receive.h), which may take long. */
bool view_is_export(const view_request *request);

/* When memory was short for a response: says so in its place. */
void view_settle(view_response *response);

/* The answer to anything. `is_local`: the port is bound to this machine only, so who asks for the
 * page by another name than its own was led here by a foreign site (DNS rebinding), and is refused.
 */
void view_answer(view_response *response, view_store *store, const view_request *request,
                 bool is_local);

#endif
