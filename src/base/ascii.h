/* ASCII, whatever the locale. */
#ifndef IMPACT_BASE_ASCII_H
#define IMPACT_BASE_ASCII_H

#include <stdbool.h>
#include <string.h>

static inline bool impact__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool impact__is_lower_case(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool impact__is_letter(char c)
{
    return impact__is_lower_case((char)(c | 0x20));
}

static inline bool impact__is_alphanumeric(char c)
{
    return impact__is_letter(c) || impact__is_digit(c);
}

/* A letter, a digit, or one of `others`. */
static inline bool impact__is_alphanumeric_or(char c, const char *others)
{
    return impact__is_alphanumeric(c) || (c && strchr(others, c));
}

static inline char impact__to_lower_case(char c)
{
    return impact__is_letter(c) ? (char)(c | 0x20) : c;
}

static inline char impact__to_upper_case(char c)
{
    return impact__is_letter(c) ? (char)(c & ~0x20) : c;
}

/* 0 to 15 for a hex digit of either case; -1 for all else. */
static inline int impact__hex_value(char c)
{
    if (impact__is_digit(c))
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
