/* The growing buffer. */
#include "base/buffer.h"

#include <stdint.h>

#include "support/check.h"
#include "support/faults.h"

static bool holds(const impact__buffer *buffer, const char *text)
{
    return buffer->size == strlen(text) && memcmp(buffer->data, text, buffer->size) == 0;
}

TEST(pieces_stand_one_after_the_other)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__buffer_append(&buffer, "ab", 2);
    impact__buffer_append_char(&buffer, 'c');
    impact__buffer_append_string(&buffer, "de");
    impact__buffer_append_text(&buffer, impact_text_from("fgh", 2));
    impact__buffer_printf(&buffer, "%d%s", 12, "!");
    CHECK(holds(&buffer, "abcdefg12!"));
    CHECK_EQUAL(impact__buffer_text(&buffer).size, 10);
    CHECK(!buffer.has_failed);
    impact__buffer_close(&buffer);
}

TEST(nothing_appended_is_nothing_and_no_failure)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__buffer_append(&buffer, NULL, 0);
    impact__buffer_append_string(&buffer, NULL);
    impact__buffer_append_text(&buffer, impact_text_of(NULL));
    impact__buffer_printf(&buffer, "%s", "");
    CHECK_EQUAL(buffer.size, 0);
    CHECK(!buffer.has_failed);
    CHECK_EQUAL(impact__buffer_text(&buffer).size, 0);
    impact__buffer_close(&buffer);
    impact__buffer_close(NULL);
}

TEST(what_was_written_survives_growth)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    for (int i = 0; i < 100000; i++)
        impact__buffer_append_char(&buffer, (char)('a' + i % 26));
    REQUIRE(buffer.size == 100000 && buffer.capacity >= buffer.size);
    int wrong = 0;
    for (int i = 0; i < 100000; i++)
        wrong += buffer.data[i] != (char)('a' + i % 26);
    CHECK_EQUAL(wrong, 0);
    impact__buffer_close(&buffer);
    CHECK(!buffer.data && !buffer.capacity);
}

TEST(a_size_beyond_all_memory_is_a_failure_and_not_an_overflow)
{
    faults f;
    faults_open(&f);
    impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
    impact__buffer_append_char(&buffer, 'x');
    CHECK(!impact__buffer_reserve(&buffer, SIZE_MAX));
    CHECK(buffer.has_failed);
    impact__buffer_clear(&buffer);
    CHECK(!buffer.has_failed);
    CHECK(!impact__buffer_reserve(&buffer, SIZE_MAX));
    CHECK_EQUAL(atomic_load(&f.count), 1);
    impact__buffer_close(&buffer);
    faults_close(&f);
}

TEST(a_text_that_cannot_be_printed_is_a_failure)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__buffer_printf(&buffer, "%ls", L"\xE4"); /* which the C locale has no byte for */
    CHECK(buffer.has_failed);
    impact__buffer_close(&buffer);
}

TEST(after_a_failure_nothing_more_is_written_until_it_is_cleared)
{
    faults f;
    faults_open(&f);
    impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
    impact__buffer_append_string(&buffer, "begin");
    atomic_store(&f.fail_at, 2);
    for (int i = 0; i < 300; i++)
        impact__buffer_append_char(&buffer, '.');
    CHECK(buffer.has_failed);
    CHECK_EQUAL(buffer.size, 256);
    impact__buffer_clear(&buffer);
    impact__buffer_append_string(&buffer, "again");
    CHECK(holds(&buffer, "again") && !buffer.has_failed);
    impact__buffer_close(&buffer);
    faults_close(&f);
}

TEST(lost_memory_is_remembered)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
        for (int i = 0; i < 200; i++)
            impact__buffer_printf(&buffer, "%s", "ten bytes.");
        CHECK_EQUAL(buffer.has_failed, atomic_load(&f.injected));
        CHECK(buffer.has_failed || buffer.size == 2000);
        impact__buffer_close(&buffer);
    }
}

TEST(a_number_is_written_in_all_its_digits)
{
    static const struct {
        uint64_t number;
        const char *digits;
    } rows[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {4318, "4318"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        impact__buffer buffer = IMPACT__BUFFER(NULL);
        impact__buffer_append_uint(&buffer, rows[i].number);
        impact__buffer_append_char(&buffer, 0);
        CHECK_STRING(buffer.data, rows[i].digits);
        impact__buffer_close(&buffer);
    }
}
