/* The names of checks and groups. */
#include "health/name.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

static bool is_name_byte(char c)
{
    return impact__is_alphanumeric_or(c, ".-:/_");
}

static bool is_made_of_name_bytes(impact_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_name_byte(name.data[i]))
            return false;
    return true;
}

/* A list can hold it: no comma and no control character. */
static bool may_stand_in_a_list(impact_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7F || name.data[i] == ',')
            return false;
    return impact__text_trim(name).size == name.size;
}

bool impact__is_check_name(impact_text name)
{
    return name.size >= 1 && name.size <= IMPACT__NAME_MOST && name.data[0] != '_' &&
           may_stand_in_a_list(name) && impact__utf8_valid_prefix(name) == name.size;
}

bool impact__is_group_name(impact_text name)
{
    return name.size >= 2 && name.size <= IMPACT__NAME_MOST && name.data[0] == '_' &&
           is_made_of_name_bytes(name);
}

bool impact__groups_format(char *to, impact_text list)
{
    assert(to);
    size_t size = 0;
    impact_text group;
    while (impact__text_split(&group, &list, ',')) {
        group = impact__text_trim(group);
        if (!group.size)
            continue;
        if (!impact__is_group_name(group))
            return false;
        if (!size)
            to[size++] = ',';
        memcpy(to + size, group.data, group.size);
        size += group.size;
        to[size++] = ',';
    }
    to[size] = 0;
    return true;
}

bool impact__groups_have(const char *groups, impact_text name)
{
    char wanted[IMPACT__NAME_MOST + 2];
    if (!impact__is_group_name(name))
        return false;
    wanted[0] = ',';
    memcpy(wanted + 1, name.data, name.size);
    wanted[name.size + 1] = ',';
    return memmem(groups, strlen(groups), wanted, name.size + 2) != NULL;
}
