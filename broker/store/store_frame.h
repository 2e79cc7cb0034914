/*  How events and answers lie in a BLOB: the only place that knows.
 *
 *    log row    [first_seq, [[session, n, class, envelope], …], [[actor, key, payload, at, reply], …]]
 *    page row   [[seq, n, envelope], …]     events of one session, ascending
 *
 *  both as msgpack, and every BLOB as one zstd frame with its size and checksum: what the disk has turned over is
 *  noticed, not served.
 */
#ifndef BATON_STORE_FRAME_H
#define BATON_STORE_FRAME_H

#include "store.h"

/*  The size of what a BLOB holds: half of what SQLite takes. A batch holds at most LIMIT_BATCH commands, whose events
 *  together stay far below. */
#define FRAME_MOST (512u << 20)

typedef struct frame_packer frame_packer_t;

/*  Texts in a frame have no NUL at their end. */
typedef struct {
    const char *data;
    size_t size;
} frame_text_t;

/*  These point into the frame. */
typedef struct {
    frame_text_t session;
    uint64_t seq;
    uint64_t n;
    event_class_e class;
    const uint8_t *data;
    size_t size;
} frame_event_t;

typedef struct {
    frame_text_t actor;
    frame_text_t key;
    frame_text_t payload;
    uint64_t at;
    const uint8_t *reply;
    size_t reply_size;
} frame_answer_t;

/*  Owned arrays; cleared with frame_clear. A page has no session, class or answers. */
typedef struct {
    size_t event_count;
    frame_event_t *events;
    size_t answer_count;
    frame_answer_t *answers;
} frame_t;

BATON_MUST_USE baton_status frame_log_encode (const store_batch_t *batch, uint64_t first_seq, baton_bytes_t *ret_bytes);
/*  failed_precondition/corrupt for anything that frame_log_encode can't have written. */
BATON_MUST_USE baton_status frame_log_decode (const baton_bytes_t *bytes, frame_t *ret_frame, baton_error_t *error);

BATON_MUST_USE baton_status frame_page_encode (const frame_event_t *const *events, size_t count,
                                               baton_bytes_t *ret_bytes);
BATON_MUST_USE baton_status frame_page_decode (const baton_bytes_t *bytes, frame_t *ret_frame, baton_error_t *error);

void frame_clear (frame_t *frame);

/*  Whether a text of a frame is that one. */
bool frame_text_is (frame_text_t text, const char *other);

/*  Makes zstd frames; keeps its working memory between calls. */
frame_packer_t *frame_packer_new (void);
void frame_packer_destroy (frame_packer_t **self);
/*  From STORE_LARGE on, the frame is in memory that begins with a FRAME_BLOCK, for writing it past the cache. */
#define FRAME_BLOCK 4096
BATON_MUST_USE baton_status frame_pack (frame_packer_t *self, const uint8_t *data, size_t size,
                                        baton_bytes_t *ret_packed);
BATON_MUST_USE baton_status frame_unpack (frame_packer_t *self, const uint8_t *data, size_t size,
                                          baton_bytes_t *ret_bytes, baton_error_t *error);

#endif
