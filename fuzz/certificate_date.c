/* Dates of certificates: what is read lies in the years that a certificate can have, and stands
 * where the calendar of the C library puts it. */
#include "instrument/curl/certificate_date.h"

#include <time.h>

#include "must.h"

static const int64_t first_s = INT64_C(-2208988800); /* 1900 */
static const int64_t last_s = INT64_C(253402300800); /* 10000 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    int64_t unix_s = 0;
    if (!impact__certificate_date_read(&unix_s, text))
        return 0;
    must(unix_s >= first_s && unix_s <= last_s + 3 * 24 * 60 * 60); /* February has 31 here */
    const time_t time = (time_t)unix_s;
    struct tm parts;
    must(gmtime_r(&time, &parts) != NULL);
    must(timegm(&parts) == time);
    return 0;
}
