/*  What an operation ended with.
 *
 *  A baton_status is 0 (BATON_OK) or one of the codes of status.def. A function that can fail returns one and,
 *  where a caller can use the details, fills a baton_error_t. An error is a plain value: it owns nothing.
 */
#ifndef BATON_STATUS_H
#define BATON_STATUS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
#define STATUS(name, number) BATON_##name = (number),
#include <baton/status.def>
} baton_status;

typedef enum {
#define REASON(name, retry, hint) BATON_REASON_##name,
#include <baton/status.def>
    BATON_REASON_COUNT
} baton_reason;

#define BATON_OK BATON_ok

/*  Sizes include the terminating NUL. */
#define BATON_ERROR_FIELD_SIZE 64
#define BATON_ERROR_MESSAGE_SIZE 384

typedef struct {
    baton_status status;
    baton_reason reason;
    char field[BATON_ERROR_FIELD_SIZE];     /*  the offending field, or "" */
    char message[BATON_ERROR_MESSAGE_SIZE]; /*  one sentence: what happened, to what */
} baton_error_t;

#define BATON_MUST_USE __attribute__ ((warn_unused_result))

/*  The wire name of a status or a reason; never NULL ("internal", "bug" for values out of range). */
const char *baton_status_name (baton_status status);
const char *baton_reason_name (baton_reason reason);

/*  The inverse. An unknown name, also from a newer peer, is BATON_internal or BATON_REASON_none. */
baton_status baton_status_from_name (const char *name);
baton_reason baton_reason_from_name (const char *name);

/*  What a person should do next; "" where there is nothing to say. Static text. */
const char *baton_reason_hint (baton_reason reason);

/*  Whether sending the same request again can help. */
bool baton_reason_retry (baton_reason reason);

/*  Fills error (which may be NULL) and returns status, so that `return baton_fail (…)` reads well.
 *  The field is cleared; use baton_fail_field where one is to blame. */
baton_status baton_fail (baton_error_t *error, baton_status status, baton_reason reason, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

baton_status baton_fail_field (baton_error_t *error, baton_status status, baton_reason reason, const char *field,
                               const char *format, ...) __attribute__ ((format (printf, 5, 6)));

/*  The error of a failed allocation, as a shorthand. */
baton_status baton_fail_memory (baton_error_t *error);

#endif
