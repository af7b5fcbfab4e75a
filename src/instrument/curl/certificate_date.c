/* The dates of certificates as libcurl tells them. */
#include "certificate_date.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { text_limit = 40, months = 12 };

typedef struct date {
    int year;
    int month; /* from 1 on */
    int day;
    int hour;
    int minute;
    int second;
} date;

/* Whatever the locale. 0: it is none. */
static int month_of(const char *name)
{
    static const char names[months][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int i = 0; i < months; i++)
        if (strcmp(names[i], name) == 0)
            return i + 1;
    return 0;
}

static bool read_words(date *d, const char *text)
{
    char name[4];
    int end = 0;
    const int count = sscanf(text, "%3[A-Za-z] %2d %2d:%2d:%2d %4d GMT%n", name, &d->day, &d->hour,
                             &d->minute, &d->second, &d->year, &end);
    if (count != 6 || !end || text[end])
        return false;
    d->month = month_of(name);
    return true;
}

static bool read_numbers(date *d, const char *text)
{
    int end = 0;
    const int count = sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d GMT%n", &d->year, &d->month, &d->day,
                             &d->hour, &d->minute, &d->second, &end);
    return count == 6 && end && !text[end];
}

static bool is_within(int value, int least, int most)
{
    return value >= least && value <= most;
}

static bool is_date(const date *d)
{
    return is_within(d->year, 1900, 9999) && is_within(d->month, 1, months) &&
           is_within(d->day, 1, 31) && is_within(d->hour, 0, 23) && is_within(d->minute, 0, 59) &&
           is_within(d->second, 0, 60);
}

/* Days since 1970 in the Gregorian calendar, the year beginning with March so that the day that
 * comes every four years is its last. */
static int64_t days_of(const date *d)
{
    const int64_t year = d->year - (d->month <= 2 ? 1 : 0);
    const int64_t day_of_year = (153 * (int64_t)((d->month + 9) % months) + 2) / 5 + d->day - 1;
    return 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

bool impact__certificate_date_read(int64_t *unix_s, impact_text text)
{
    char terminated[text_limit];
    date d = {0};
    assert(unix_s);
    if (!text.size || text.size >= sizeof terminated || memchr(text.data, 0, text.size))
        return false;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = 0;
    if ((!read_words(&d, terminated) && !read_numbers(&d, terminated)) || !is_date(&d))
        return false;
    *unix_s = ((days_of(&d) * 24 + d.hour) * 60 + d.minute) * 60 + d.second;
    return true;
}
