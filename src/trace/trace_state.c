/* Trace state: read, checked, cut and changed as a list of members (W3C Trace Context level 2,
 * 3.3). */
#include "trace/trace_state.h"

#include <assert.h>
#include <stddef.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    member_limit = 32,      /* 3.3.1.1 */
    side_limit = 256,       /* characters of a key (3.3.1.3.1), and of a value (3.3.1.3.2) */
    large_member_size = 128 /* those above it go first: 3.3.1.5 */
};

typedef struct member_list {
    impact_text members[member_limit]; /* borrowed */
    size_t count;
} member_list;

/* ---- members ---- */

static bool is_key_start(char c)
{
    return impact__is_lower_case(c) || impact__is_digit(c);
}

static bool is_key_character(char c)
{
    return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

/* 3.3.1.3.1, level 2: a lower-case letter or digit, then up to 255 key characters. */
static bool is_key(impact_text key)
{
    if (!key.data || key.size == 0 || key.size > side_limit || !is_key_start(key.data[0]))
        return false;
    for (size_t i = 1; i < key.size; i++)
        if (!is_key_character(key.data[i]))
            return false;
    return true;
}

/* 3.3.1.3.2: up to 256 printable characters but comma and equals sign, not ending in a blank. */
static bool is_value(impact_text value)
{
    if (!value.data || value.size == 0 || value.size > side_limit ||
        value.data[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.data[i];
        if (c < 0x20 || c > 0x7E || c == '=' || c == ',')
            return false;
    }
    return true;
}

static bool split_member(impact_text *key, impact_text *value, impact_text member)
{
    impact_text rest = member;
    if (!impact__text_split(key, &rest, '=') || !rest.data)
        return false;
    *value = rest;
    return true;
}

static impact_text key_of(impact_text member)
{
    impact_text key = {NULL, 0};
    impact_text value;
    (void)split_member(&key, &value, member); /* it is one of a list, and so well-formed */
    return key;
}

static bool is_member(impact_text member)
{
    impact_text key;
    impact_text value;
    return split_member(&key, &value, member) && is_key(key) && is_value(value);
}

/* ---- lists ---- */

/* 3.3.1: one ill-formed member makes the whole header void; 3.3.1.2: empty ones are none. */
static bool read_list(member_list *list, impact_text state)
{
    impact_text rest = state;
    impact_text member;
    list->count = 0;
    while (impact__text_split(&member, &rest, ',')) {
        member = impact__text_trim(member);
        if (!member.size)
            continue;
        if (list->count == member_limit || !is_member(member))
            return false;
        list->members[list->count++] = member;
    }
    return true;
}

static void remove_at(member_list *list, size_t index)
{
    assert(index < list->count);
    list->count--;
    memmove(&list->members[index], &list->members[index + 1],
            (list->count - index) * sizeof list->members[0]);
}

/* The index of the first member with that key; list->count when there is none. */
static size_t find(const member_list *list, impact_text key)
{
    size_t i = 0;
    while (i < list->count && !impact__text_equal(key_of(list->members[i]), key))
        i++;
    return i;
}

/* A stranger's list may have one key several times. */
static void remove_key(member_list *list, impact_text key)
{
    for (size_t i = find(list, key); i < list->count; i = find(list, key))
        remove_at(list, i);
}

static size_t joined_size(const member_list *list)
{
    size_t size = list->count ? list->count - 1 : 0; /* commas */
    for (size_t i = 0; i < list->count; i++)
        size += list->members[i].size;
    return size;
}

/* 3.3.1.5: whole members, large ones first, then from the end. */
static void cut(member_list *list, size_t room)
{
    assert(list->count > 0 || room > 0);
    for (size_t i = list->count; i > 0 && joined_size(list) > room; i--)
        if (list->members[i - 1].size > large_member_size)
            remove_at(list, i - 1);
    while (joined_size(list) > room)
        list->count--;
}

static size_t join(char *to, const member_list *list)
{
    size_t size = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            to[size++] = ',';
        memcpy(to + size, list->members[i].data, list->members[i].size);
        size += list->members[i].size;
    }
    return size;
}

/* ---- what leaves ---- */

bool impact__trace_state_is_valid(impact_text state)
{
    member_list list;
    return read_list(&list, state) && list.count > 0;
}

impact_text impact__trace_state_to_send(char room[impact__trace_state_limit], impact_text state)
{
    member_list list;
    if (!state.size || !read_list(&list, state))
        return impact_text_from(NULL, 0);
    cut(&list, impact__trace_state_limit);
    return impact_text_from(room, join(room, &list));
}

/* ---- the public value ---- */

/* A member, if there is one, before a list that is cut to the room that is left. The list may lie
 * in `to`. */
static void put(impact_trace_state *to, impact_text member, member_list *list)
{
    impact_trace_state made = {.text = ""};
    size_t size = member.size;
    if (member.size)
        memcpy(made.text, member.data, member.size);
    if (member.size && list->count == member_limit)
        list->count--;
    const size_t taken = size ? size + 1 : 0; /* with the comma */
    cut(list, taken < impact__trace_state_limit ? impact__trace_state_limit - taken : 0);
    if (size && list->count)
        made.text[size++] = ',';
    (void)join(made.text + size, list); /* the rest is zero, and so terminated */
    *to = made;
}

bool impact_trace_state_parse(impact_trace_state *state, impact_text text)
{
    member_list list;
    if (!state || !read_list(&list, text))
        return false;
    put(state, impact_text_from(NULL, 0), &list);
    return true;
}

bool impact_trace_state_get(impact_text *value, impact_text state, impact_text key)
{
    member_list list;
    impact_text found_key;
    if (!value || !read_list(&list, state))
        return false;
    const size_t i = find(&list, key);
    return i < list.count && split_member(&found_key, value, list.members[i]);
}

/* The member is well-formed, and was there or was not, as it should. */
static impact_status set(impact_trace_state *to, impact_text state, impact_text key,
                         impact_text value, bool should_be_there)
{
    member_list list;
    char member[2 * side_limit + 1];
    if (!to || !is_key(key) || !is_value(value) || !read_list(&list, state))
        return IMPACT_EINVAL;
    const bool is_there = find(&list, key) < list.count;
    if (is_there != should_be_there)
        return is_there ? IMPACT_EEXIST : IMPACT_ENOENT;
    const size_t size = key.size + 1 + value.size;
    if (size > impact__trace_state_limit)
        return IMPACT_ELIMIT;
    memcpy(member, key.data, key.size);
    member[key.size] = '=';
    memcpy(member + key.size + 1, value.data, value.size);
    remove_key(&list, key);
    put(to, impact_text_from(member, size), &list);
    return IMPACT_OK;
}

impact_status impact_trace_state_add(impact_trace_state *to, impact_text state, impact_text key,
                                     impact_text value)
{
    return set(to, state, key, value, false);
}

impact_status impact_trace_state_update(impact_trace_state *to, impact_text state, impact_text key,
                                        impact_text value)
{
    return set(to, state, key, value, true);
}

impact_status impact_trace_state_delete(impact_trace_state *to, impact_text state, impact_text key)
{
    member_list list;
    if (!to || !is_key(key) || !read_list(&list, state))
        return IMPACT_EINVAL;
    if (find(&list, key) == list.count)
        return IMPACT_ENOENT;
    remove_key(&list, key);
    put(to, impact_text_from(NULL, 0), &list);
    return IMPACT_OK;
}
