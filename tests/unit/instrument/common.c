#include "instrument/common/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "instrument/common/encode_path.h"
#include "instrument/common/http_semconv.h"
#include "support/check.h"

/* ---- table ---- */

TEST(a_table_finds_what_was_added_and_not_what_was_removed)
{
    enum { count = 5000 };
    static impact__table_entry entries[count];
    static char keys[count];
    CHECK(impact__table_is_ready());
    CHECK(impact__table_find(&keys[0]) == NULL);
    for (int i = 0; i < count; i++)
        impact__table_add(&entries[i], &keys[i]);
    for (int i = 0; i < count; i++)
        CHECK(impact__table_find(&keys[i]) == &entries[i]);
    for (int i = 0; i < count; i += 2)
        CHECK(impact__table_remove(&keys[i]) == &entries[i]);
    for (int i = 0; i < count; i++)
        CHECK(impact__table_find(&keys[i]) == (i % 2 ? &entries[i] : NULL));
    CHECK(impact__table_remove(&keys[0]) == NULL);
}

static bool is_odd(const impact__table_entry *entry, const void *first_key)
{
    return ((const char *)entry->key - (const char *)first_key) % 2 == 1;
}

TEST(a_table_finds_all_that_match_one_after_the_other)
{
    enum { count = 500 };
    static impact__table_entry entries[count];
    static char keys[count];
    CHECK(impact__table_find_if(is_odd, keys) == NULL);
    for (int i = 0; i < count; i++)
        impact__table_add(&entries[i], &keys[i]);
    int found = 0;
    for (impact__table_entry *entry; (entry = impact__table_find_if(is_odd, keys)); found++) {
        CHECK(is_odd(entry, keys));
        CHECK(impact__table_remove(entry->key) == entry);
    }
    CHECK_EQUAL(found, count / 2);
    for (int i = 0; i < count; i += 2)
        CHECK(impact__table_remove(&keys[i]) == &entries[i]);
}

typedef struct party {
    pthread_barrier_t *barrier;
    atomic_bool *stops;
    char key[64];
} party;

static void *add_and_remove(void *argument)
{
    party *p = argument;
    (void)pthread_barrier_wait(p->barrier);
    for (int round = 0; round < 2000 || !atomic_load(p->stops); round++) {
        impact__table_entry entries[64];
        for (int i = 0; i < 64; i++)
            impact__table_add(&entries[i], &p->key[i]);
        for (int i = 0; i < 64; i++)
            CHECK(impact__table_remove(&p->key[i]) == &entries[i]);
    }
    return NULL;
}

/* Adds, finds and removes in the child; a lock that stayed behind ends it by alarm. */
static int use_in_child(void)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        char keys[256];
        impact__table_entry entries[256];
        bool holds = true;
        for (int i = 0; i < 256; i++)
            impact__table_add(&entries[i], &keys[i]);
        for (int i = 0; i < 256; i++)
            holds = holds && impact__table_find(&keys[i]) == &entries[i];
        _exit(holds ? 0 : 1);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    return status;
}

TEST(a_child_can_use_the_table_while_its_parents_threads_did)
{
    enum { threads = 4, forks = 50 };
    static party parties[threads];
    pthread_t ids[threads];
    pthread_barrier_t barrier;
    atomic_bool stops = false;
    (void)pthread_barrier_init(&barrier, NULL, threads + 1);
    for (int i = 0; i < threads; i++) {
        parties[i].barrier = &barrier;
        parties[i].stops = &stops;
        CHECK_EQUAL(pthread_create(&ids[i], NULL, add_and_remove, &parties[i]), 0);
    }
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < forks; i++)
        CHECK_EQUAL(use_in_child(), 0);
    atomic_store(&stops, true);
    for (int i = 0; i < threads; i++)
        (void)pthread_join(ids[i], NULL);
    (void)pthread_barrier_destroy(&barrier);
}

/* ---- HTTP ---- */

TEST(known_methods_are_those_of_the_conventions_and_case_counts)
{
    CHECK(impact__http_method_is_known("GET"));
    CHECK(impact__http_method_is_known("TRACE"));
    CHECK(impact__http_method_is_known("QUERY"));
    CHECK(!impact__http_method_is_known("get"));
    CHECK(!impact__http_method_is_known("GE"));
    CHECK(!impact__http_method_is_known("GETT"));
    CHECK(!impact__http_method_is_known(""));
    CHECK(!impact__http_method_is_known("GET,HEAD"));
    CHECK_STRING(impact__http_method_name("PUT"), "PUT");
    CHECK_STRING(impact__http_method_name("BREW"), "HTTP");
}

TEST(known_methods_can_be_set_by_the_environment)
{
    (void)setenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET, BREW", 1);
    CHECK(impact__http_method_is_known("GET"));
    CHECK(impact__http_method_is_known("BREW"));
    CHECK(!impact__http_method_is_known("POST"));
}

/* Lives until the next call. */
static const char *redacted(const char *query)
{
    static char text[256];
    const size_t size = impact__http_redact_query(NULL, 0, impact_text_of(query));
    CHECK_EQUAL(impact__http_redact_query(text, sizeof text - 1, impact_text_of(query)), size);
    text[size] = 0;
    return text;
}

TEST(sensitive_values_of_a_query_are_redacted)
{
    CHECK_STRING(redacted("auth=s3cret"), "auth=REDACTED");
    CHECK_STRING(redacted("a=1&sig=x&b=2&Signature="), "a=1&sig=REDACTED&b=2&Signature=REDACTED");
    CHECK_STRING(redacted("X-Amz-Security-Token=a%26b&AWSAccessKeyId=k"),
                 "X-Amz-Security-Token=REDACTED&AWSAccessKeyId=REDACTED");
    CHECK_STRING(redacted("%61ut%68=s3cret"), "%61ut%68=REDACTED");
    CHECK_STRING(redacted("auth=a=b"), "auth=REDACTED");
}

/* Semantic conventions, url.query. */
TEST(every_key_of_the_conventions_is_redacted)
{
    static const char *const keys[] = {"AWSAccessKeyId",
                                       "Signature",
                                       "sig",
                                       "X-Goog-Signature",
                                       "X-Amz-Signature",
                                       "X-Amz-Credential",
                                       "X-Amz-Security-Token",
                                       "auth"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char query[64];
        (void)snprintf(query, sizeof query, "%s=s3cret", keys[i]);
        CHECK(!check_contains(redacted(query), "s3cret"));
    }
}

/* Whatever their case is, and whatever stands between their letters. */
TEST(what_is_named_like_a_secret_is_redacted)
{
    static const char *const keys[] = {
        "token",
        "access_token",
        "id_token",
        "refresh-token",
        "X-Auth-Token",
        "csrfToken",
        "api_key",
        "apikey",
        "X-Api-Key",
        "key",
        "KEY",
        "password",
        "passwd",
        "pwd",
        "pass",
        "user[password]",
        "db.password",
        "passphrase",
        "secret",
        "client_secret",
        "SECRET",
        "session",
        "sessionid",
        "PHPSESSION",
        "sid",
        "jwt",
        "bearer",
        "authorization",
        "Auth",
        "code",
        "SIG",
        "signature",
        "X-Goog-Credential",
        "aws_access_key_id",
        "privateKey",
        "client_assertion",
        "otp",
        "pin",
        "%74oken",
        "to%6Ben%5B%5D",
        "user%5Bpassword%5D",
        "authkey",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char query[96];
        char should[96];
        (void)snprintf(query, sizeof query, "a=1&%s=s3cret&b=2", keys[i]);
        (void)snprintf(should, sizeof should, "a=1&%s=REDACTED&b=2", keys[i]);
        CHECK_STRING(redacted(query), should);
    }
}

TEST(a_key_that_is_too_long_to_be_known_is_redacted)
{
    char query[128] = "";
    memset(query, 'k', 65);
    (void)snprintf(query + 65, sizeof query - 65, "=s3cret&a=1");
    CHECK(!check_contains(redacted(query), "s3cret"));
    CHECK(check_contains(redacted(query), "=REDACTED&a=1"));
}

TEST(a_semicolon_separates_pairs_and_ends_no_secret)
{
    CHECK_STRING(redacted("a=1;token=s3cret;s3cret&b=2"), "a=1;token=REDACTED&b=2");
    CHECK_STRING(redacted("a=1;b=2;;c"), "a=1;b=2;;c");
}

TEST(a_value_that_is_a_url_with_a_user_or_a_query_is_redacted)
{
    CHECK_STRING(redacted("to=https://a/b&x=1"), "to=https://a/b&x=1");
    CHECK_STRING(redacted("to=https://a:s3cret@b/c&x=1"), "to=REDACTED&x=1");
    CHECK_STRING(redacted("to=https%3A%2F%2Fa%3As3cret%40b&x=1"), "to=REDACTED&x=1");
    CHECK_STRING(redacted("to=https%3A%2F%2Fa%2F%3Ft%3Ds3cret"), "to=REDACTED");
    CHECK_STRING(redacted("to=::://a@s3cret"), "to=REDACTED");
    CHECK_STRING(redacted("to=:://a@s3cret"), "to=REDACTED");
    CHECK_STRING(redacted("mail=a@b.example&c=:/=&d=://"), "mail=a@b.example&c=:/=&d=://");
}

TEST(the_rest_of_a_query_stays_as_it_came)
{
    CHECK_STRING(redacted(""), "");
    CHECK_STRING(redacted("&&a&=&b=c&"), "&&a&=&b=c&");
    CHECK_STRING(redacted("auth&author=x&design=y&%=z&%zz=a&keyboard=b&postcode=c&spinner=d"),
                 "auth&author=x&design=y&%=z&%zz=a&keyboard=b&postcode=c&spinner=d");
}

TEST(a_redacted_query_is_cut_at_the_capacity)
{
    char text[8] = "-------";
    CHECK_EQUAL(impact__http_redact_query(text, 6, impact_text_of("auth=s3cret")), 13);
    CHECK_STRING(text, "auth=R-");
}

static void check_authority(const char *authority, const char *host, long port)
{
    impact_text found;
    long found_port;
    REQUIRE(impact__http_split_authority(impact_text_of(authority), 80, &found, &found_port));
    CHECK_EQUAL(found.size, strlen(host));
    CHECK(memcmp(found.data, host, found.size) == 0);
    CHECK_EQUAL(found_port, port);
}

TEST(an_authority_is_split_into_host_and_port)
{
    check_authority("example.com", "example.com", 80);
    check_authority("example.com:8080", "example.com", 8080);
    check_authority("[::1]:8080", "::1", 8080);
    check_authority("[::1]", "::1", 80);
    check_authority("[::1", "::1", 80);
    check_authority("a:", "a", 80);
    check_authority("a:0", "a", 80);
    check_authority("a:65536", "a", 80);
    check_authority("a:99999999", "a", 80);
    check_authority("a:8x", "a", 80);
    impact_text host;
    long port;
    CHECK(!impact__http_split_authority(impact_text_of(""), 80, &host, &port));
    CHECK(!impact__http_split_authority(impact_text_of(":80"), 80, &host, &port));
    CHECK(!impact__http_split_authority(impact_text_of("[]:80"), 80, &host, &port));
}

/* ---- paths that were decoded ---- */

static const char *encoded(const char *path, size_t size)
{
    static char to[64];
    size_t used = 0;
    const bool fits = impact__encode_path(to, size, &used, impact_text_of(path));
    to[used] = '\0';
    return fits ? to : NULL;
}

TEST(a_decoded_path_is_encoded_again)
{
    CHECK_STRING(encoded("/health/a b", 63), "/health/a%20b");
    CHECK_STRING(encoded("/100%/\xc3\xa9?#", 63), "/100%25/%C3%A9%3F%23");
    CHECK_STRING(encoded("*", 63), "*");
    CHECK_STRING(encoded("", 63), "");
}

TEST(a_path_for_which_there_is_no_room_is_not_begun)
{
    char to[8] = "x";
    size_t used = 1;
    CHECK(!impact__encode_path(to, 4, &used, impact_text_of("/a b")));
    CHECK_EQUAL(used, 1);
    CHECK(impact__encode_path(to, 4, &used, impact_text_of("/ab")));
    CHECK_EQUAL(used, 4);
    CHECK(encoded("a b", 4) == NULL);
    CHECK_STRING(encoded("a b", 5), "a%20b");
}
