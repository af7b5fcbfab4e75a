/* Bodies of answers: what is read lies in them, and what is shown is harmless to a terminal. */
#include "probe_checks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_be_harmless(impact_text text)
{
    char shown[64];
    const size_t size = probe_text_show(shown, sizeof shown, text);
    must(size < sizeof shown && !shown[size]);
    must(impact__utf8_valid_prefix(impact_text_from(shown, size)) == size);
    for (size_t i = 0; i < size; i++)
        must((unsigned char)shown[i] >= ' ' && shown[i] != 0x7f);
    must(!strstr(shown, "\xc2\x9b"));
}

static void visit(void *whole_text, const probe_check *check)
{
    const impact_text *whole = whole_text;
    must(check->name.data >= whole->data &&
         check->name.data + check->name.size <= whole->data + whole->size);
    must(!check->output.size ||
         check->output.data + check->output.size <= whole->data + whole->size);
    must_be_harmless(check->name);
    must_be_harmless(check->output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_text text = impact_text_from((const char *)data, size);
    impact_health_status status;
    (void)probe_checks_read(&status, text, visit, &text);
    must(status <= IMPACT_HEALTH_UNKNOWN);
    must_be_harmless(text);
    return 0;
}
