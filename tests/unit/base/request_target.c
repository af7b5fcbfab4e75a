/* Request targets: origin, absolute, authority and asterisk form, as they came and decoded. */
#include "base/request_target.h"

#include "support/check.h"

static void compare(const char *whole, const char *what, impact_text is, const char *should)
{
    if (is.size != strlen(should) || (is.size && memcmp(is.data, should, is.size) != 0))
        check_failed(__FILE__, __LINE__, "the %s of %s is %.*s", what, whole, (int)is.size,
                     is.data);
}

static void check_form(bool is_decoded, const char *text, const char *authority, const char *path,
                       const char *query)
{
    const impact__request_target t = impact__request_target_of(impact_text_of(text), is_decoded);
    compare(text, "authority", t.authority, authority);
    compare(text, "path", t.path, path);
    compare(text, "query", t.query, query);
}

static void check(const char *text, const char *authority, const char *path, const char *query)
{
    check_form(false, text, authority, path, query);
}

TEST(the_origin_form_is_a_path_and_perhaps_a_query)
{
    check("/", "", "/", "");
    check("/a/b?c=d?e", "", "/a/b", "c=d?e");
    check("/a?", "", "/a", "");
    check("//a@b/c", "", "//a@b/c", "");
    check("/http://a@b/c", "", "/http://a@b/c", "");
    check("*", "", "*", "");
}

TEST(the_absolute_form_has_an_authority_and_no_user)
{
    check("http://shop.example/orders/7", "shop.example", "/orders/7", "");
    check("http://user:hunter2@shop.example/orders/7?a=b", "shop.example", "/orders/7", "a=b");
    check("HTTPS://user:hunt@er2@[::1]:81/a", "[::1]:81", "/a", "");
    check("http://user:hunt%2Fer2@shop.example/@a", "shop.example", "/@a", "");
    check("http://shop.example", "shop.example", "/", "");
    check("http://shop.example?a=b", "shop.example", "/", "a=b");
    check("http://hunter2@/a", "", "/a", "");
    check("http://", "", "/", "");
}

TEST(what_is_of_no_form_with_a_path_shows_none)
{
    check("user:hunter2@shop.example:443", "", "", "");
    check("shop.example:443", "", "", "");
    check("orders/7", "", "", "");
    check("a/b://user:hunter2@c/d", "", "", "");
    check("://user:hunter2@c/d", "", "", "");
    check("http:/hunter2", "", "", "");
    check("http:", "", "", "");
    check("", "", "", "");
}

TEST(what_may_be_a_password_once_decoded_is_no_path)
{
    check_form(true, "http://shop.example/orders/7", "shop.example", "/orders/7", "");
    check_form(true, "http://user:hunter2@shop.example/orders/7", "shop.example", "/orders/7", "");
    check_form(true, "http://user:hunt/er2@shop.example/orders/7", "", "", "");
    check_form(true, "http://shop.example/@a", "", "", "");
    check_form(true, "/@a", "", "/@a", "");
}

TEST(what_is_decoded_has_lost_its_query_before)
{
    check_form(true, "/a?b", "", "/a?b", "");
    check_form(true, "http://shop.example/a?b", "shop.example", "/a?b", "");
}
