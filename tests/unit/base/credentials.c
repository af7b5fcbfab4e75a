/* Credentials in texts: hidden, and what is none is left. */
#include "base/credentials.h"

#include "support/check.h"

static const char *hidden(const char *text)
{
    static char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", text);
    copy[impact__credentials_hide(copy, strlen(copy))] = 0;
    return copy;
}

TEST(user_information_of_an_address_is_hidden)
{
    CHECK_STRING(hidden("no answer from postgres://bob:s3cret@db.example:5432/orders"),
                 "no answer from postgres://***@db.example:5432/orders");
    CHECK_STRING(hidden("https://token123@api.example/"), "https://***@api.example/");
    CHECK_STRING(hidden("redis://:s3cret@cache"), "redis://***@cache");
    CHECK_STRING(hidden("bob:s3cret@tcp(db:3306)/orders"), "***@tcp(db:3306)/orders");
    CHECK_STRING(hidden("two a://b:c@d and \"e://f:g@h\"."), "two a://***@d and \"e://***@h\".");
}

TEST(a_word_with_signs_of_an_address_in_it_is_hidden_whole)
{
    CHECK_STRING(hidden("amqp://bob:p@ss:w@rd@mq/"), "amqp://***@mq/");
    CHECK_STRING(hidden("amqp://bob:p/s?s#w@mq/"), "amqp://***@mq/");
}

TEST(an_address_without_user_information_is_left)
{
    static const char *const texts[] = {
        "http://api.example:8080/users/bob@example.org",
        "http://api.example/?q=bob@example.org",
        "mail to bob@example.org bounced",
        "connect to db.example:5432: refused",
        "tcp://[::1]:5432",
        "at 12:30:01, @noon",
        "@",
        "://",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_STRING(hidden(texts[i]), texts[i]);
}

TEST(values_behind_secret_names_are_hidden)
{
    CHECK_STRING(hidden("host=db password=s3cret user=bob"), "host=db password=*** user=bob");
    CHECK_STRING(hidden("password = 's3 cret' port=1"), "password = '***' port=1");
    CHECK_STRING(hidden("PGPASSWORD=s3,c)ret"), "PGPASSWORD=***");
    CHECK_STRING(hidden("Server=a;Pwd=s3cret;Database=b"), "Server=a;Pwd=***;Database=b");
    CHECK_STRING(hidden("/q?api_key=s3cret&x=1"), "/q?api_key=***&x=1");
    CHECK_STRING(hidden("{\"password\":\"s3 cret\",\"user\":\"bob\"}"),
                 "{\"password\":\"***\",\"user\":\"bob\"}");
    CHECK_STRING(hidden("client-secret: s3cret"), "client-secret: ***");
    CHECK_STRING(hidden("auth=ab"), "auth=**");
}

TEST(what_follows_a_scheme_is_hidden)
{
    CHECK_STRING(hidden("Authorization: Bearer abc.def failed"),
                 "Authorization: Bearer *** failed");
    CHECK_STRING(hidden("authorization=basic Ym9iOnM="), "authorization=basic ***");
}

TEST(texts_that_only_speak_of_passwords_are_left)
{
    static const char *const texts[] = {
        "password authentication failed for user bob",
        "FATAL: no password supplied",
        "token expired",
        "key=users.email is taken",
        "password=",
        "password:",
        "= : password",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_STRING(hidden(texts[i]), texts[i]);
}

TEST(a_quote_that_is_not_closed_hides_all_behind_it)
{
    CHECK_STRING(hidden("password='s3 cret and more"), "password='***");
}
