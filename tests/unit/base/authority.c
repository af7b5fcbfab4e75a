/* An authority: host and port, with and without brackets, whole and not. */
#include "base/authority.h"

#include "support/check.h"

static void check(const char *text, const char *host, int port, bool is_bracketed, bool is_whole)
{
    const impact__authority a = impact__authority_of(impact_text_of(text));
    const size_t size = strlen(host);
    if (a.host.size != size || (size && memcmp(a.host.data, host, size) != 0))
        check_failed(__FILE__, __LINE__, "the host of %s is %.*s", text, (int)a.host.size,
                     a.host.data);
    if (a.port != port || a.is_bracketed != is_bracketed || a.is_whole != is_whole)
        check_failed(__FILE__, __LINE__, "%s is read as port %d, %d, %d", text, (int)a.port,
                     a.is_bracketed, a.is_whole);
}

TEST(an_authority_is_a_host_and_perhaps_a_port)
{
    check("example.com", "example.com", -1, false, true);
    check("example.com:8080", "example.com", 8080, false, true);
    check("example.com:0", "example.com", 0, false, true);
    check("example.com:65535", "example.com", 65535, false, true);
    check(":80", "", 80, false, true);
    check("[::1]:80", "::1", 80, true, true);
    check("[::1]", "::1", -1, true, true);
    check("", "", -1, false, true);
}

TEST(what_is_behind_the_host_must_be_a_port)
{
    check("a:", "a", -1, false, false);
    check("a:65536", "a", -1, false, false);
    check("a:123456", "a", -1, false, false);
    check("a:8x", "a", -1, false, false);
    check("a:-1", "a", -1, false, false);
    check("a: 1", "a", -1, false, false);
    check("::1:80", "", -1, false, false);
    check("[::1]80", "::1", -1, true, false);
    check("[::1]]:80", "::1", -1, true, false);
}

TEST(brackets_must_be_closed)
{
    check("[::1", "::1", -1, true, false);
    check("[::1:80", "::1:80", -1, true, false);
    check("[]:80", "", 80, true, true);
    check("[", "", -1, true, false);
}

TEST(no_text_is_no_host)
{
    const impact__authority a = impact__authority_of(impact_text_from(NULL, 0));
    CHECK(a.host.size == 0 && a.port == -1 && a.is_whole);
}
