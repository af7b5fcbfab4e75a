/* A provider's resource, encoded once. */
#include "signal/encoded_resource.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "process/executable.h"
#include "process/instance.h"
#include "signal/encode.h"

enum { own_count = 4 };

static const char unknown_service[] = "unknown_service";
static const char instance_key[] = "service.instance.id";

static bool is_pid(const impact_attribute *attribute)
{
    return impact__text_equal_string(attribute->key, "process.pid");
}

/* What is set last counts: is it this process's own id? */
static bool ends_with_own_pid(const impact_attribute *attributes, size_t count)
{
    for (size_t i = count; i-- > 0;)
        if (is_pid(&attributes[i]))
            return attributes[i].value.type == IMPACT_VALUE_INT &&
                   attributes[i].value.integer == getpid();
    return false;
}

static bool has_instance(const impact_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (impact__text_equal_string(attributes[i].key, instance_key))
            return true;
    return false;
}

/* ---- what is the process's own ---- */

static impact_attribute instance_attribute(const char *id)
{
    return impact_string_n(instance_key, id, impact__instance_id_size);
}

static impact_attribute pid_attribute(int64_t pid)
{
    return impact_int("process.pid", pid);
}

static size_t own_size(impact_attribute own)
{
    impact__key_value kv;
    (void)impact__key_value_of(&kv, &own, IMPACT__ANY_LENGTH); /* a key that is UTF-8 */
    return impact__key_value_field_size(IMPACT__RESOURCE_ATTRIBUTES, &kv);
}

static uint8_t *write_own(uint8_t *to, impact_attribute own)
{
    impact__key_value kv;
    (void)impact__key_value_of(&kv, &own, IMPACT__ANY_LENGTH); /* as above */
    return impact__write_key_value(to, IMPACT__RESOURCE_ATTRIBUTES, &kv);
}

/* Room for both, whatever the process: the largest number takes the most. */
static size_t own_size_most(void)
{
    char id[impact__instance_id_size];
    impact__instance_id(id);
    return own_size(instance_attribute(id)) + own_size(pid_attribute(-1));
}

void impact__encoded_resource_renew(impact__encoded_resource *resource)
{
    assert(resource->bytes && resource->own_offset <= resource->size);
    uint8_t *end = (uint8_t *)resource->bytes + resource->own_offset;
    char id[impact__instance_id_size];
    impact__instance_id(id);
    if (resource->has_instance)
        end = write_own(end, instance_attribute(id));
    if (resource->has_pid)
        end = write_own(end, pid_attribute(getpid()));
    resource->size = (size_t)(end - (uint8_t *)resource->bytes);
}

/* semantic conventions, "service.name": unknown_service:<process.executable.name>, or without. */
static void name_service(char *service)
{
    char executable[impact__executable_name_limit + 1];
    impact__executable_name(executable);
    memcpy(service, unknown_service, sizeof unknown_service);
    if (executable[0]) {
        service[sizeof unknown_service - 1] = ':';
        memcpy(service + sizeof unknown_service, executable, strlen(executable) + 1);
    }
}

/* resource/sdk "SDK-provided resource attributes": what every resource has, unless it says
 * otherwise. */
static size_t add_own(impact_attribute *to, char *service)
{
    name_service(service);
    to[0] = impact_string("telemetry.sdk.name", "impact");
    to[1] = impact_string("telemetry.sdk.language", "c"); /* no convention for C yet */
    to[2] = impact_string("telemetry.sdk.version", impact_version());
    to[3] = impact_string("service.name", service);
    return own_count;
}

static impact_status encode(impact__encoded_resource *resource, const impact_allocator *allocator,
                            impact__attribute_list *list)
{
    impact__attribute_list_measure(list, IMPACT__RESOURCE_ATTRIBUTES);
    resource->bytes = impact__alloc(allocator, list->size + own_size_most());
    if (!resource->bytes)
        return IMPACT_ENOMEM;
    (void)impact__write_attribute_list((uint8_t *)resource->bytes, IMPACT__RESOURCE_ATTRIBUTES,
                                       list);
    resource->size = list->size;
    resource->own_offset = list->size;
    impact__encoded_resource_renew(resource);
    return IMPACT_OK;
}

impact_status impact__encoded_resource_open(impact__encoded_resource *resource,
                                            const impact_trace_options *options)
{
    const size_t given = options->attributes ? options->attribute_count : 0;
    impact_attribute *all =
        impact__alloc(options->allocator, (own_count + given + 1) * sizeof *all);
    if (!all)
        return IMPACT_ENOMEM;
    char service[sizeof unknown_service + 1 + impact__executable_name_limit];
    impact__attribute_list list = {
        .attributes = all, .count_limit = UINT32_MAX, .value_length_limit = IMPACT__ANY_LENGTH};
    list.count = add_own(all, service);
    resource->has_instance = !has_instance(options->attributes, given);
    resource->has_pid = ends_with_own_pid(options->attributes, given);
    for (size_t i = 0; i < given; i++)
        if (!resource->has_pid || !is_pid(&options->attributes[i]))
            all[list.count++] = options->attributes[i];
    if (options->service_name)
        all[list.count++] = impact_string("service.name", options->service_name);
    const impact_status status = encode(resource, options->allocator, &list);
    impact__free(options->allocator, all);
    return status;
}

void impact__encoded_resource_close(impact__encoded_resource *resource,
                                    const impact_allocator *allocator)
{
    impact__free(allocator, resource->bytes);
    *resource = (impact__encoded_resource){0};
}
