/*  Taking secrets out of events and contents on their way into an archive, and keeping account of it. */
#ifndef BATON_REDACT_H
#define BATON_REDACT_H

#include "id.h"
#include "schema.h"

typedef struct redact redact_t;

BATON_MUST_USE baton_status redact_new (redact_t **ret_redact, baton_error_t *error);
void redact_destroy (redact_t **self);

/*  A content, in place: one that is text is searched, and one with the name of an environment file (.env, prod.env)
 *  goes as a whole. place says where it is, for the report; NULL: it is no news. */
BATON_MUST_USE baton_status redact_content (redact_t *self, const char *name, baton_bytes_t *content, const char *place,
                                            baton_error_t *error);

/*  From now on, events that name the digest of that content name its new one. */
BATON_MUST_USE baton_status redact_replace (redact_t *self, const char *old, const char *new, uint64_t size,
                                            baton_error_t *error);

/*  A name, in place: with a secret in it, it becomes another one, and the same one wherever it stands. */
BATON_MUST_USE baton_status redact_name (redact_t *self, char **name, const char *place, baton_error_t *error);

/*  The texts, values, names and keys of a record, in place. */
BATON_MUST_USE baton_status redact_record (redact_t *self, const record_type_t *type, void *record, const char *place,
                                           baton_error_t *error);

/*  A path or link of a workspace, printed as `place`: with a secret in it, that is overwritten in place, and noted;
 *  what it names can't go along then. ret_stays is only ever set to false. */
BATON_MUST_USE baton_status redact_path (redact_t *self, const baton_bytes_t *path, char *place, bool *ret_stays,
                                         baton_error_t *error);

/*  Notes something that was left out as a whole. */
BATON_MUST_USE baton_status redact_note (redact_t *self, const char *pattern, const char *place, baton_error_t *error);

/*  What was removed so far, moved into totals. */
void redact_report (redact_t *self, archive_totals_t *totals);

#endif
