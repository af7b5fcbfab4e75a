/* The form of a server's address. */
#include "health/address.h"

#include "support/check.h"

static bool is_address(const char *address)
{
    return impact__is_address(impact_text_of(address));
}

TEST(an_address_is_a_host_and_a_port)
{
    CHECK(is_address("127.0.0.1:8081"));
    CHECK(is_address("localhost:0"));
    CHECK(is_address("[::1]:65535"));
    CHECK(is_address("[fe80::1%eth0]:80"));
    CHECK(is_address(":8081"));
}

TEST(an_address_is_a_unix_socket)
{
    CHECK(is_address("unix:/run/orders health.sock"));
    CHECK(is_address("unix:@orders"));
    CHECK(!is_address("unix:"));
    CHECK(!is_address("unix:/"));
    CHECK(!is_address("unix:orders.sock"));
    CHECK(!impact__is_address(impact_text_from("unix:/a\0b", 9)));
    char address[5 + 108 + 1] = "unix:/";
    memset(address + 6, 'a', 107);
    CHECK(!is_address(address));
    address[5 + 107] = '\0';
    CHECK(is_address(address));
}

TEST(anything_else_is_no_address)
{
    CHECK(!is_address(NULL));
    CHECK(!is_address(""));
    CHECK(!is_address("localhost"));
    CHECK(!is_address("localhost:"));
    CHECK(!is_address("localhost:65536"));
    CHECK(!is_address("localhost:-1"));
    CHECK(!is_address("localhost: 80"));
    CHECK(!is_address("::1:80"));
    CHECK(!is_address("[]:80"));
    CHECK(!is_address("[::1:80"));
    CHECK(!is_address("a b:80"));
    CHECK(!is_address("a\nb:80"));
    CHECK(!impact__is_address(impact_text_from("a\0b:80", 6)));
}

TEST(a_host_has_at_most_253_bytes)
{
    char address[253 + 5] = "";
    memset(address, 'a', 254);
    memcpy(address + 253, ":80", 4);
    CHECK(is_address(address));
    memcpy(address + 253, "a:8", 4);
    CHECK(!is_address(address));
}
