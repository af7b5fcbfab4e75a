/* Replies of Redis: what is read lies in what came, and more of it changes no whole reply. */
#include "checks/resp.h"

#include "base/text.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text bytes = impact_text_from((const char *)data, size);
    const impact__resp_reply reply = impact__resp_read(bytes);
    must_lie_in(reply.text, data, size);
    must(reply.size <= size);
    must(reply.kind != impact__resp_partial || size < impact__resp_line_limit);
    if (reply.kind != impact__resp_text && reply.kind != impact__resp_error)
        return 0;
    must(reply.size == reply.text.size + 3 && reply.text.data == bytes.data + 1);
    const impact__resp_reply again = impact__resp_read(impact_text_from(bytes.data, reply.size));
    must(again.kind == reply.kind && again.size == reply.size);
    must(impact__resp_read(impact_text_from(bytes.data, reply.size - 1)).kind ==
         impact__resp_partial);
    return 0;
}
