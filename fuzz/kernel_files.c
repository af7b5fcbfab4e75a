/* A path or key in the first line, and a file of the kernel behind it, read as each of those that
 * checks read from their text. */
#include "base/text.h"
#include "checks/mount_table.h"
#include "checks/process_state.h"
#include "checks/resolver_file.h"
#include "checks/small_file.h"
#include "must.h"

static void read_servers(impact_text file)
{
    impact__endpoint servers[impact__resolver_limit];
    const size_t count = impact__resolvers_read(servers, file);
    must(count >= 1 && count <= impact__resolver_limit);
    for (size_t i = 0; i < count; i++)
        must(servers[i].where[0] && strlen(servers[i].where) <= impact__host_limit);
}

static void read_number(impact_text key, impact_text file)
{
    char terminated[64];
    uint64_t value = 0;
    if (key.size >= sizeof terminated)
        return;
    memcpy(terminated, key.size ? key.data : "", key.size);
    terminated[key.size] = 0;
    (void)impact__file_number(&value, file, terminated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_text file = impact_text_from((const char *)data, size);
    impact_text line;
    impact__process_state state;
    if (!impact__text_split(&line, &file, '\n'))
        return 0;
    const impact_text type = impact__mount_type(file, line);
    must_lie_in(type, data, size);
    (void)impact__mount_is_remote(type);
    if (impact__process_state_read(&state, file))
        must_lie_in(state.command, data, size);
    read_servers(file);
    read_number(line, file);
    return 0;
}
