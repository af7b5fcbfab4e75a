/* DNS messages. */
#include "checks/dns_message.h"

#include <string.h>

#include "support/check.h"

static impact__dns_query ask(const char *name)
{
    impact__dns_query query;
    CHECK(impact__dns_ask(&query, impact_text_of(name), impact__dns_type_a, 0x1234));
    return query;
}

TEST(a_question_is_as_rfc_1035_has_it)
{
    static const char expected[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1";
    const impact__dns_query query = ask("www.example");
    CHECK_EQUAL(query.size, sizeof expected - 1);
    CHECK(memcmp(query.bytes, expected, query.size) == 0);
    const impact__dns_query rooted = ask("www.example.");
    CHECK(rooted.size == query.size && memcmp(rooted.bytes, query.bytes, query.size) == 0);
}

TEST(what_is_no_name_is_not_asked_for)
{
    char label[65];
    char name[260];
    impact__dns_query query;
    static const char *const rows[] = {"", ".", "..", "a..b", ".a"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(!impact__dns_ask(&query, impact_text_of(rows[i]), impact__dns_type_a, 0));
    memset(label, 'a', sizeof label);
    CHECK(!impact__dns_ask(&query, impact_text_from(label, 64), impact__dns_type_a, 0));
    CHECK(impact__dns_ask(&query, impact_text_from(label, 63), impact__dns_type_a, 0));
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    CHECK(!impact__dns_ask(&query, impact_text_from(name, 254), impact__dns_type_a, 0));
    CHECK(impact__dns_ask(&query, impact_text_from(name, 253), impact__dns_type_a, 0));
}

/* An answer to "a.b" with the header's flags, as many records as are said, and these bytes. */
typedef struct built {
    uint8_t bytes[128];
    size_t size;
} built;

static built build(uint8_t flags, uint8_t code, uint8_t count, const char *records, size_t size)
{
    const impact__dns_query query = ask("a.b");
    built answer = {.size = query.size + size};
    memcpy(answer.bytes, query.bytes, query.size);
    answer.bytes[2] = flags;
    answer.bytes[3] = code;
    answer.bytes[7] = count;
    memcpy(answer.bytes + query.size, records, size);
    return answer;
}

#define ADDRESS "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1"
#define ALIAS   "\1a\1b\0\0\5\0\1\0\0\0\1\0\2\xc0\x0c"

static impact__dns_answer read_answer(const built *b)
{
    const impact__dns_query query = ask("a.b");
    impact__dns_answer answer = {.code = 99};
    CHECK(impact__dns_read(&answer, b->bytes, b->size, &query));
    return answer;
}

TEST(addresses_of_the_type_are_counted_and_aliases_passed_over)
{
    built b = build(0x81, 0, 2, ALIAS ADDRESS, sizeof ALIAS + sizeof ADDRESS - 2);
    CHECK_EQUAL(read_answer(&b).count, 1);
    b = build(0x81, 0, 2, ADDRESS ADDRESS, 2 * (sizeof ADDRESS - 1));
    CHECK_EQUAL(read_answer(&b).count, 2);
    CHECK_EQUAL(read_answer(&b).code, 0);
    CHECK(!read_answer(&b).is_cut);
}

TEST(records_that_are_cut_are_not_counted)
{
    built b = build(0x83, 0, 9, ADDRESS, sizeof ADDRESS - 1);
    CHECK_EQUAL(read_answer(&b).count, 1);
    CHECK(read_answer(&b).is_cut);
    for (size_t size = 0; size < sizeof ADDRESS - 1; size++) {
        b = build(0x81, 0, 1, ADDRESS, size);
        CHECK_EQUAL(read_answer(&b).count, 0);
    }
}

TEST(the_servers_code_is_told)
{
    const built b = build(0x81, 3, 0, "", 0);
    CHECK_EQUAL(read_answer(&b).code, 3);
    CHECK_STRING(impact__dns_code_text(3), "NXDOMAIN");
    CHECK_STRING(impact__dns_code_text(0), "NOERROR");
    CHECK_STRING(impact__dns_code_text(15), "an error");
}

static bool is_answer(const built *b)
{
    const impact__dns_query query = ask("a.b");
    impact__dns_answer answer;
    return impact__dns_read(&answer, b->bytes, b->size, &query);
}

TEST(what_answers_something_else_is_no_answer)
{
    const built right = build(0x81, 0, 1, ADDRESS, sizeof ADDRESS - 1);
    CHECK(is_answer(&right));
    built wrong = right;
    wrong.bytes[0] ^= 1; /* another question's number */
    CHECK(!is_answer(&wrong));
    wrong = right;
    wrong.bytes[2] = 1; /* a question */
    CHECK(!is_answer(&wrong));
    wrong = right;
    wrong.bytes[5] = 2; /* two questions */
    CHECK(!is_answer(&wrong));
    wrong = right;
    wrong.bytes[13] = 'x'; /* another name */
    CHECK(!is_answer(&wrong));
    wrong = right;
    wrong.bytes[13] = 'A'; /* the same name */
    CHECK(is_answer(&wrong));
    for (wrong = right; wrong.size >= right.size - (sizeof ADDRESS - 1); wrong.size--)
        CHECK(is_answer(&wrong));
    for (; wrong.size; wrong.size--)
        CHECK(!is_answer(&wrong));
}
