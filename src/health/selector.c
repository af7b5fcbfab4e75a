/* The selector: read from text, and resolved against a registry. */
#include "health/selector.h"

#include <assert.h>

#include "base/text.h"
#include "base/thread.h"

static bool has_control_character(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

static impact_status add_name(impact__selector *selector, impact_text name)
{
    assert(name.size > 0 && selector->count <= IMPACT__SELECTOR_NAME_LIMIT);
    if (name.size > IMPACT__NAME_MOST || selector->count == IMPACT__SELECTOR_NAME_LIMIT)
        return IMPACT_ELIMIT;
    if (has_control_character(name) || impact__utf8_valid_prefix(name) != name.size)
        return IMPACT_EINVAL;
    selector->names[selector->count].name = name;
    selector->names[selector->count].is_unknown = false;
    selector->count++;
    return IMPACT_OK;
}

impact_status impact__selector_parse(impact__selector *selector, impact_text text)
{
    selector->count = 0;
    selector->unknown_count = 0;
    impact_text name;
    while (impact__text_split(&name, &text, ',')) {
        name = impact__text_trim(name);
        const impact_status status = name.size ? add_name(selector, name) : IMPACT_OK;
        if (status)
            return status;
    }
    return IMPACT_OK;
}

static bool is_member(const impact__check *check, impact_text group)
{
    return !check->is_removed && impact__groups_have(check->definition.groups, group);
}

static bool is_known(const impact_health *health, impact_text name)
{
    if (!impact__is_group_name(name))
        return impact__health_find(health, name) != NULL;
    if (impact__text_equal_string(name, IMPACT__DEFAULT_GROUP))
        return true;
    for (const impact__check *check = health->checks; check; check = check->next)
        if (is_member(check, name))
            return true;
    return false;
}

static bool is_named_before(const impact__selector *selector, size_t index)
{
    assert(index < selector->count);
    for (size_t i = 0; i < index; i++)
        if (impact__text_equal(selector->names[i].name, selector->names[index].name))
            return true;
    return false;
}

static void mark_unknown(impact__selector *selector, const impact_health *health)
{
    selector->unknown_count = 0;
    for (size_t i = 0; i < selector->count; i++) {
        selector->names[i].is_unknown =
            !is_known(health, selector->names[i].name) && !is_named_before(selector, i);
        selector->unknown_count += selector->names[i].is_unknown;
    }
}

static void take_once(impact_health *health, impact__check *check, impact__selection *selection)
{
    assert(check->selected <= health->selections);
    if (check->selected == health->selections)
        return;
    check->selected = health->selections;
    selection->checks[selection->count++] = check;
}

static void take_name(impact_health *health, impact_text name, impact__selection *selection)
{
    if (!impact__is_group_name(name)) {
        impact__check *check = impact__health_find(health, name);
        if (check)
            take_once(health, check, selection);
        return;
    }
    for (impact__check *check = health->checks; check; check = check->next)
        if (is_member(check, name))
            take_once(health, check, selection);
}

impact_status impact__selector_take(impact__selector *selector, impact_health *health,
                                    impact__selection *selection)
{
    assert(impact__lock_is_held(&health->engine.lock));
    assert(selection->count == 0);
    mark_unknown(selector, health);
    if (selector->unknown_count && !health->ignores_unknown_checks)
        return IMPACT_ENOENT;
    health->selections++;
    for (size_t i = 0; i < selector->count; i++)
        take_name(health, selector->names[i].name, selection);
    return IMPACT_OK;
}
