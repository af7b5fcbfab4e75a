/* What the kernel tells of a process. */
#include "checks/process_state.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

/* "4711 (a command) S 1 ...": the command may have parentheses and blanks of its own, so its end is
 * the last one. */
bool impact__process_state_read(impact__process_state *state, impact_text file)
{
    const char *open = file.size ? memchr(file.data, '(', file.size) : NULL;
    const char *close = file.size ? memrchr(file.data, ')', file.size) : NULL;
    if (!open || !close || close < open || close + 2 >= file.data + file.size || close[1] != ' ')
        return false;
    const char letter = close[2];
    state->command = impact_text_from(open + 1, (size_t)(close - open - 1));
    state->is_alive = letter != 'Z' && letter != 'X' && letter != 'x';
    return true;
}

bool impact__process_is_of(const impact__process_state *state, impact_text name)
{
    assert(state);
    return impact__text_equal(
        state->command,
        impact_text_from(name.data, impact__smaller(name.size, impact__command_limit)));
}
