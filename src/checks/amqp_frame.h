/* Frames of AMQP 0-9-1 (2.3, 4.2), as far as opening a connection needs them. */
#ifndef IMPACT_CHECKS_AMQP_FRAME_H
#define IMPACT_CHECKS_AMQP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    impact__amqp_protocol_size = 8,
    impact__amqp_head_size = 7, /* type, channel, size of what follows */
    impact__amqp_payload_limit = 64 * 1024,
};

extern const char impact__amqp_protocol[impact__amqp_protocol_size + 1];

/* Methods of the class "connection": 1.4.2 */
typedef enum impact__amqp_method {
    impact__amqp_start = 10,
    impact__amqp_start_ok = 11,
    impact__amqp_tune = 30,
    impact__amqp_tune_ok = 31,
    impact__amqp_open = 40,
    impact__amqp_open_ok = 41,
    impact__amqp_close = 50,
    impact__amqp_close_ok = 51,
} impact__amqp_method;

/* What is behind the head, its end mark included; 0: it is no method of a connection. */
size_t impact__amqp_rest_size(const uint8_t head[impact__amqp_head_size]);

/* What the server proposes (1.4.2.5), to be taken over as it is. */
typedef struct impact__amqp_tuning {
    uint16_t channel_limit;
    uint32_t frame_limit;
    uint16_t heartbeat_s;
} impact__amqp_tuning;

/* The method of a frame's rest, of the size that its head said. False: it is none. */
bool impact__amqp_method_of(uint16_t *method, const uint8_t *rest, size_t size);

/* Of a Tune's rest. False: it is cut. */
bool impact__amqp_read_tune(impact__amqp_tuning *tuning, const uint8_t *rest, size_t size);

/* Why the server closes, of a Close's rest: its text, borrowed. Empty: it does not say. */
impact_text impact__amqp_read_close(const uint8_t *rest, size_t size);

/* Frames to send. Texts have at most 255 bytes. */
void impact__amqp_write_start_ok(impact__buffer *to, impact_text user, impact_text password);
void impact__amqp_write_tune_ok(impact__buffer *to, const impact__amqp_tuning *tuning);
void impact__amqp_write_open(impact__buffer *to, impact_text virtual_host);
void impact__amqp_write_close(impact__buffer *to);
void impact__amqp_write_close_ok(impact__buffer *to);

#endif
