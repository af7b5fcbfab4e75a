/* The selector: read from text, and resolved against a registry. */
#include "health/selector.h"

#include <assert.h>

#include "base/text.h"
#include "base/thread.h"

/* ---- read ---- */

static bool has_control_character(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

static impact_status add_name(impact__selector *selector, impact_text name, bool is_excluded)
{
    assert(name.size > 0 && selector->count <= IMPACT__SELECTOR_NAME_LIMIT);
    if (name.size > IMPACT__NAME_MOST || selector->count == IMPACT__SELECTOR_NAME_LIMIT)
        return IMPACT_ELIMIT;
    if (has_control_character(name) || impact__utf8_valid_prefix(name) != name.size)
        return IMPACT_EINVAL;
    selector->names[selector->count].name = name;
    selector->names[selector->count].is_excluded = is_excluded;
    selector->count++;
    return IMPACT_OK;
}

static impact_status add_names(impact__selector *selector, impact_text list, bool is_excluded)
{
    impact_text name;
    while (impact__text_split(&name, &list, ',')) {
        name = impact__text_trim(name);
        const impact_status status = name.size ? add_name(selector, name, is_excluded) : IMPACT_OK;
        if (status)
            return status;
    }
    return IMPACT_OK;
}

void impact__selector_clear(impact__selector *selector)
{
    selector->within = impact_text_from(NULL, 0);
    selector->count = 0; /* the names themselves are large, and written before they are read */
    selector->unknown_count = 0;
    selector->empty_count = 0;
}

impact_status impact__selector_include(impact__selector *selector, impact_text list)
{
    return add_names(selector, list, false);
}

impact_status impact__selector_exclude(impact__selector *selector, impact_text list)
{
    return add_names(selector, list, true);
}

/* ---- groups ---- */

static bool is_member(const impact__check *check, impact_text group)
{
    return !check->is_removed && (impact__text_equal_string(group, IMPACT__ALL_GROUP) ||
                                  impact__groups_have(check->definition.groups, group));
}

static bool has_members(const impact_health *health, impact_text group)
{
    for (const impact__check *check = health->checks; check; check = check->next)
        if (is_member(check, group))
            return true;
    return false;
}

/* Who is ready has something to be ready with: without a check nothing says so. */
static bool needs_members(const impact_health *health, impact_text group)
{
    return !health->empty_groups_hold && (impact__text_equal_string(group, IMPACT__READY_GROUP) ||
                                          impact__text_equal_string(group, IMPACT__STARTUP_GROUP));
}

static bool is_there_always(impact_text group)
{
    static const char *const groups[] = {IMPACT__DEFAULT_GROUP, IMPACT__LIVE_GROUP,
                                         IMPACT__READY_GROUP, IMPACT__STARTUP_GROUP,
                                         IMPACT__ALL_GROUP};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (impact__text_equal_string(group, groups[i]))
            return true;
    return false;
}

/* ---- resolved ---- */

static bool is_named_before(const impact__selector *selector, size_t index)
{
    assert(index < selector->count);
    for (size_t i = 0; i < index; i++)
        if (impact__text_equal(selector->names[i].name, selector->names[index].name))
            return true;
    return false;
}

/* The check of this name that may be asked for, or NULL. */
static impact__check *find(const impact__selector *selector, const impact_health *health,
                           impact_text name)
{
    impact__check *check = impact__health_find(health, name);
    const bool is_within = !selector->within.size || (check && is_member(check, selector->within));
    return is_within ? check : NULL;
}

static bool is_known(const impact__selector *selector, const impact_health *health,
                     impact_text name)
{
    if (!impact__is_group_name(name))
        return find(selector, health, name) != NULL;
    return !selector->within.size && (is_there_always(name) || has_members(health, name));
}

static bool is_empty(const impact_health *health, impact_text name)
{
    return needs_members(health, name) && !has_members(health, name);
}

static void mark_names(impact__selector *selector, const impact_health *health)
{
    selector->unknown_count = 0;
    selector->empty_count = 0;
    for (size_t i = 0; i < selector->count; i++) {
        const impact_text name = selector->names[i].name;
        const bool is_first = !is_named_before(selector, i);
        selector->names[i].is_unknown = is_first && !is_known(selector, health, name);
        selector->names[i].is_empty =
            is_first && !selector->names[i].is_excluded && is_empty(health, name);
        selector->unknown_count += selector->names[i].is_unknown;
        selector->empty_count += selector->names[i].is_empty;
    }
}

/* Each once. Without a selection it is left out: whoever names it later finds it taken. */
static void take(impact_health *health, impact__check *check, impact_text group,
                 impact__selection *selection)
{
    assert(check->selected <= health->selections);
    if (check->selected == health->selections)
        return;
    check->selected = health->selections;
    if (selection)
        selection->checks[selection->count++] = (impact__selected){
            .check = check, .is_for_live = impact__text_equal_string(group, IMPACT__LIVE_GROUP)};
}

/* The checks that a name stands for. */
static void take_name(const impact__selector *selector, impact_health *health, impact_text name,
                      impact__selection *selection)
{
    if (!impact__is_group_name(name)) {
        impact__check *check = find(selector, health, name);
        if (check)
            take(health, check, selector->within, selection);
        return;
    }
    for (impact__check *check = health->checks; check; check = check->next)
        if (is_member(check, name))
            take(health, check, name, selection);
}

impact_status impact__selector_take(impact__selector *selector, impact_health *health,
                                    impact__selection *selection)
{
    assert(impact__lock_is_held(&health->engine.lock));
    assert(selection->count == 0);
    mark_names(selector, health);
    if (selector->unknown_count && !health->ignores_unknown_checks)
        return IMPACT_ENOENT;
    health->selections++;
    for (size_t i = 0; i < selector->count; i++)
        if (selector->names[i].is_excluded)
            take_name(selector, health, selector->names[i].name, NULL);
    for (size_t i = 0; i < selector->count; i++)
        if (!selector->names[i].is_excluded)
            take_name(selector, health, selector->names[i].name, selection);
    return IMPACT_OK;
}
