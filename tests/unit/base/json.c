/* JSON text; that a real parser reads it is shown in tests/integration/test_json.py. */
#include "base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "support/check.h"
#include "support/faults.h"

typedef void write_string_fn(impact__buffer *buffer, impact_text text);

static const char *written_by(write_string_fn *write, const char *data, size_t size)
{
    static char text[256];
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    write(&buffer, impact_text_from(data, size));
    (void)snprintf(text, sizeof text, "%.*s", (int)buffer.size, buffer.data);
    impact__buffer_close(&buffer);
    return text;
}

static const char *string(const char *data, size_t size)
{
    return written_by(impact__json_string, data, size);
}

static const char *number(double value)
{
    static char text[64];
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_double(&buffer, value);
    (void)snprintf(text, sizeof text, "%.*s", (int)buffer.size, buffer.data);
    impact__buffer_close(&buffer);
    return text;
}

TEST(strings_are_escaped)
{
    CHECK_STRING(string(NULL, 0), "\"\"");
    CHECK_STRING(string("plain", 5), "\"plain\"");
    CHECK_STRING(string("\"\\\n\r\t", 5), "\"\\\"\\\\\\n\\r\\t\"");
    CHECK_STRING(string("\0\x1f\x7f\b", 4), "\"\\u0000\\u001f\\u007f\\b\"");
    CHECK_STRING(string("\f\xC2\x80\xC2\x9F\xC2\xA0", 7), "\"\\f\\u0080\\u009f\xC2\xA0\"");
    CHECK_STRING(string("<b>&", 4), "\"<b>&\"");
    CHECK_STRING(string("\xC3\xA4\xF0\x9F\x98\x80", 6), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
    CHECK_STRING(string("a\xC3z\xED\xA0\x80", 6),
                 "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(strings_for_browsers_hold_no_html)
{
    CHECK_STRING(written_by(impact__json_html_string, "<b>&\n", 5),
                 "\"\\u003cb\\u003e\\u0026\\n\"");
}

TEST(doubles_stay_doubles)
{
    CHECK_STRING(number(0), "0.0");
    CHECK_STRING(number(-0.0), "-0.0");
    CHECK_STRING(number(3), "3.0");
    CHECK_STRING(number(0.1), "0.1");
    CHECK_STRING(number(-1.5), "-1.5");
    CHECK_STRING(number(1e300), "1e+300");
    CHECK_STRING(number(1.0 / 3), "0.3333333333333333");
}

TEST(what_json_cannot_say_is_null)
{
    CHECK_STRING(number((double)INFINITY), "null");
    CHECK_STRING(number((double)-INFINITY), "null");
    CHECK_STRING(number((double)NAN), "null");
}

/* RFC 8259 6: [-] int [frac] [exp], here always with a frac or an exp. */
static bool is_json_number(const char *text)
{
    static const char digits[] = "0123456789";
    text += *text == '-';
    const size_t whole = strspn(text, digits);
    bool is_real = false;
    if (!whole || (whole > 1 && *text == '0'))
        return false;
    text += whole;
    if (*text == '.') {
        const size_t fraction = strspn(text + 1, digits);
        if (!fraction)
            return false;
        text += 1 + fraction;
        is_real = true;
    }
    if (*text == 'e') {
        text += 1 + (text[1] == '+' || text[1] == '-');
        return strspn(text, digits) && !text[strspn(text, digits)];
    }
    return is_real && !*text;
}

/* Doubles of all magnitudes; the texts are read back by the C locale's reader. */
static void check_round_trips(void)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    static const double borders[] = {DBL_MIN, DBL_MAX, DBL_TRUE_MIN, DBL_EPSILON,
                                     0.1,     1.5,     1e15,         1e17};
    impact__random random = {{1, 2}};
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = impact__random_next(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i < (int)(sizeof borders / sizeof *borders))
            value = borders[i];
        const char *text = number(value);
        wrong += isfinite(value) && (!is_json_number(text) || strtod_l(text, NULL, plain) != value);
    }
    CHECK_EQUAL(wrong, 0);
    freelocale(plain);
}

TEST(doubles_read_back_the_same)
{
    check_round_trips();
}

/* The locale of that name, compiled into a folder of the test's own when the system has none. */
static bool enter_locale(const char *name, const char *source)
{
    if (setlocale(LC_ALL, name))
        return true;
    char folder[] = "/tmp/impact-locale-XXXXXX";
    char command[256];
    if (!mkdtemp(folder))
        return false;
    (void)snprintf(command, sizeof command, "localedef -i %s -f UTF-8 %s/%s >/dev/null 2>&1",
                   source, folder, name);
    const bool is_made = WEXITSTATUS(system(command)) <= 1; /* 1: with warnings */
    (void)setenv("LOCPATH", folder, 1);
    const bool is_entered = is_made && setlocale(LC_ALL, name);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 && is_entered;
}

static void check_in_locale(const char *name, const char *source, const char *point)
{
    if (!enter_locale(name, source))
        check_skip("neither the locale nor localedef and its sources are here");
    if (strcmp(localeconv()->decimal_point, point) != 0)
        check_skip("this C library knows one decimal point only"); /* musl */
    CHECK_STRING(number(1.5), "1.5");
    CHECK_STRING(number(-1.25e-300), "-1.25e-300");
    CHECK_STRING(number(1234567), "1234567.0");
    check_round_trips();
}

TEST(a_decimal_comma_does_not_reach_json)
{
    check_in_locale("de_DE.UTF-8", "de_DE", ",");
}

TEST(a_decimal_point_of_two_bytes_does_not_reach_json)
{
    check_in_locale("ps_AF.UTF-8", "ps_AF", "\xD9\xAB");
}

TEST(without_memory_the_buffer_remembers)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
        for (int i = 0; i < 100; i++) {
            impact__json_string(&buffer, impact_text_of("a\1\xFF\xC3\xA4"));
            impact__json_double(&buffer, 1.5);
        }
        CHECK_EQUAL(buffer.has_failed, atomic_load(&f.injected));
        impact__buffer_close(&buffer);
    }
}

static bool is_base64(const char *bytes, size_t size, const char *should)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_base64(&buffer, impact_text_from(bytes, size));
    const bool is_same = buffer.size == strlen(should) + 2 && buffer.data[0] == '"' &&
                         memcmp(buffer.data + 1, should, strlen(should)) == 0 &&
                         buffer.data[buffer.size - 1] == '"';
    impact__buffer_close(&buffer);
    return is_same;
}

/* The vectors of RFC 4648, section 10, and the two digits that are no letters. */
TEST(bytes_are_base64)
{
    static const char text[] = "foobar";
    static const char *const should[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t size = 0; size <= 6; size++)
        CHECK(is_base64(text, size, should[size]));
    CHECK(is_base64("\xFB\xFF\x00", 3, "+/8A"));
    CHECK(is_base64(NULL, 0, ""));
}
