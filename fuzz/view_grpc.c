/* Any bytes as a connection of OTLP/gRPC, whose calls are worked on a step at a time: it answers or
 * ends, and the equation holds. */
#include "grpc_session.h"

#include "must.h"

/* RFC 9113 3.4: the preface, and an empty SETTINGS frame. Its last byte is the string's own. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

static bool drain(view_grpc_session *session)
{
    size_t sent = 0;
    for (impact_text out; (out = view_grpc_session_send(session)).size;)
        must((sent += out.size) < (16 << 20));
    return !view_grpc_session_is_over(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    view_store store;
    const view_store_options options = {.span_limit = 8, .size_limit = 16 << 10};
    must(!view_store_open(&store, &options));
    view_grpc grpc = {.store = &store};
    view_grpc_session *session = view_grpc_session_open(&grpc);
    must(session != NULL);
    must(view_grpc_session_receive(session, impact_text_from(preface, sizeof preface)));
    if (drain(session) &&
        view_grpc_session_receive(session, impact_text_from((const char *)data, size)))
        while (drain(session) && grpc.work.first)
            view_work_run(&grpc.work);
    view_grpc_session_close(session);
    must(!grpc.work.first);
    must(grpc.bodies_size == 0);
    must(store.received == store.span_count + store.evicted + store.repeated + store.refused);
    view_store_close(&store);
    return 0;
}
