/*  The first half of an import: reading. On the reader's thread, the pages of a journal that came from elsewhere are
 *  checked event by event, folded, and compared with the snapshot that came with them; what the core thread then has to
 *  do is to number them and write them down.
 */
#ifndef BATON_IMPORT_H
#define BATON_IMPORT_H

#include "request.h"
#include "session.h"

/*  An event, encoded but for its last two fields: seq, which the core thread gives, and session. */
typedef struct {
    uint64_t kind; /*  event_kind_t */
    uint64_t n;
    baton_bytes_t head;
} import_event_t;

typedef struct {
    char *fresh;   /*  in: an id for the case that its own is taken */
    char *session; /*  its id here */
    bool hidden;   /*  in: who imports may not see the session that has its id here */
    bool known;    /*  an ancestor whose journal is here already: there is nothing to do */
    bool renamed;
    uint64_t base;  /*  how many events of it are here already */
    bool continued; /*  the first event to write is session_continued, of this site */
    uint64_t bytes; /*  of all its pages */
    char *title;    /*  continued: what the import before has said of them; may be NULL */
    char *workspace;
    session_t state;
    struct {
        size_t count;
        import_event_t *items;
    } events;            /*  those after base */
    baton_texts_t blobs; /*  what the events refer to, each once an event */
    baton_texts_t packs; /*  the workspace that comes along */
} import_t;

extern const record_type_t RECORD_import;

/*  A later_t: fills an import_t for a session.import request. */
baton_status import_read (store_t *store, const request_t *request, void *record, baton_error_t *error);

/*  Begins the name of a session that isn't here, in the journal of an ancestor: no id does. */
#define IMPORT_ABSENT "elsewhere."

bool import_is_absent (const char *session);

/*  The whole encoding of an event, under that seq. */
BATON_MUST_USE baton_status import_encode (const import_event_t *event, const char *session, uint64_t seq,
                                           baton_bytes_t *ret_data);

#endif
