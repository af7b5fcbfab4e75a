/* The texts of the status codes. */
#include <impact/status.h>

#include "support/check.h"

TEST(each_status_has_a_text_of_its_own_without_a_full_stop)
{
    for (int status = 0; status >= -12; status--) {
        const char *text = impact_status_text((impact_status)status);
        REQUIRE(text && text[0]);
        CHECK(strcmp(text, "unknown status") != 0);
        CHECK(text[strlen(text) - 1] != '.');
        for (int other = 0; other > status; other--)
            CHECK(strcmp(text, impact_status_text((impact_status)other)) != 0);
    }
}

TEST(texts_belong_to_their_codes)
{
    CHECK_STRING(impact_status_text(IMPACT_OK), "success");
    CHECK_STRING(impact_status_text(IMPACT_ENOMEM), "no memory");
    CHECK_EQUAL(IMPACT_EPLUGIN, -10);
    CHECK_EQUAL(IMPACT_EPERM, -11);
    CHECK_EQUAL(IMPACT_EAGAIN, -12);
}

TEST(any_other_number_is_unknown)
{
    CHECK_STRING(impact_status_text((impact_status)1), "unknown status");
    CHECK_STRING(impact_status_text((impact_status)-13), "unknown status");
}

TEST(the_version_is_three_numbers)
{
    int major = -1;
    int minor = -1;
    int patch = -1;
    char rest = 0;
    CHECK_EQUAL(sscanf(impact_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
    CHECK_STRING(impact_version(), IMPACT_VERSION);
}
