/* The id of this process among all that ever run. */
#include "process/instance.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "process/fork.h"

enum { uuid_size = 16 };

static char id[impact__instance_id_size]; /* written once, and by the only thread of a child */

/* Version 4 and the variant take 6 of its 128 random bits. */
static void draw_uuid(uint8_t *uuid)
{
    impact__random random;
    impact__random_seed(&random);
    memcpy(uuid, random.state, uuid_size);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void draw(void)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t uuid[uuid_size];
    draw_uuid(uuid);
    char *to = id;
    for (int i = 0; i < uuid_size; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[uuid[i] >> 4];
        *to++ = digits[uuid[i] & 0x0f];
    }
}

static void do_nothing(void *owner)
{
    (void)owner; /* there is one id only; likewise below */
}

static void draw_in_child(void *owner)
{
    (void)owner;
    draw();
}

static void open_id(void)
{
    static impact__fork_member member = {
        .prepare = do_nothing, .in_parent = do_nothing, .in_child = draw_in_child};
    draw();
    (void)impact__fork_add(&member); /* without it a child is called as its parent at worst */
}

void impact__instance_id(char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, open_id); /* cannot fail */
    memcpy(text, id, sizeof id);
}
