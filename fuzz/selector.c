/* Selectors: what is taken lies in the text, is no control character, and neither too much nor too
 * long. The first byte says where the second part, which is left out, begins. */
#include "health/selector.h"

#include "base/text.h"

#include "must.h"

static void check_names(const impact__selector *selector, const uint8_t *data, size_t size)
{
    must(selector->count <= IMPACT__SELECTOR_NAME_LIMIT);
    for (size_t i = 0; i < selector->count; i++) {
        const impact_text name = selector->names[i].name;
        must(name.size > 0 && name.size <= IMPACT__NAME_MOST);
        must_lie_in(name, data, size);
        must(impact__utf8_valid_prefix(name) == name.size);
        must(impact__text_trim(name).size == name.size);
        for (size_t j = 0; j < name.size; j++)
            must((unsigned char)name.data[j] >= 0x20 && name.data[j] != ',');
    }
}

static void must_be_answered(impact__selector *selector, impact_health *health)
{
    impact__selected checks[2];
    impact__selection selection = {.checks = checks};
    impact__health_lock(health);
    const impact_status status = impact__selector_take(selector, health, &selection);
    impact__health_unlock(health);
    must(status == IMPACT_OK || (status == IMPACT_ENOENT && selector->unknown_count));
    must(selection.count <= 2 && (!status || !selection.count));
    must(selection.count < 2 || checks[0].check != checks[1].check); /* each once */
}

static impact_health *open_registry(void)
{
    impact_health *health = NULL;
    must(!impact_health_open(&health, NULL) &&
         !impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true)) &&
         !impact_health_add(health, IMPACT_CHECK(.name = "b", .groups = "_live,_b")));
    return health;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static impact_health *health;
    impact__selector selector;
    if (!health)
        health = open_registry();
    if (!size)
        return 0;
    const impact_text all = impact_text_from((const char *)data + 1, size - 1);
    const size_t split = data[0] < all.size ? data[0] : all.size;
    impact__selector_clear(&selector);
    if (impact__selector_include(&selector, impact_text_from(all.data, split)) ||
        impact__selector_exclude(&selector, impact_text_from(all.data + split, all.size - split)))
        return 0;
    check_names(&selector, data, size);
    must_be_answered(&selector, health);
    if (data[0] & 1)
        selector.within = impact_text_of("_b");
    must_be_answered(&selector, health);
    return 0;
}
