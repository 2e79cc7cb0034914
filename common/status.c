#include <baton/status.h>

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *hint;
    bool retry;
} reason_row_t;

static const reason_row_t REASONS[BATON_REASON_COUNT] = {
#define REASON(name, retry, hint) [BATON_REASON_##name] = {#name, hint, retry},
#include <baton/status.def>
};

const char *baton_status_name (baton_status status)
{
    switch (status) {
#define STATUS(name, number)                                                                                           \
    case BATON_##name:                                                                                                 \
        return #name;
#include <baton/status.def>
    }
    return "internal";
}

const char *baton_reason_name (baton_reason reason)
{
    return (unsigned) reason < BATON_REASON_COUNT ? REASONS[reason].name : "bug";
}

baton_status baton_status_from_name (const char *name)
{
#define STATUS(code, number)                                                                                           \
    if (strcmp (name, #code) == 0)                                                                                     \
        return BATON_##code;
#include <baton/status.def>
    return BATON_internal;
}

baton_reason baton_reason_from_name (const char *name)
{
    for (int reason = 0; reason < BATON_REASON_COUNT; reason++)
        if (strcmp (name, REASONS[reason].name) == 0)
            return (baton_reason) reason;
    return BATON_REASON_none;
}

const char *baton_reason_hint (baton_reason reason)
{
    return (unsigned) reason < BATON_REASON_COUNT ? REASONS[reason].hint : "";
}

bool baton_reason_retry (baton_reason reason)
{
    return (unsigned) reason < BATON_REASON_COUNT && REASONS[reason].retry;
}

static void fill (baton_error_t *error, baton_status status, baton_reason reason, const char *field, const char *format,
                  va_list arguments)
{
    if (!error)
        return;
    error->status = status;
    error->reason = reason;
    snprintf (error->field, sizeof error->field, "%s", field);
    vsnprintf (error->message, sizeof error->message, format, arguments);
    text_line (error->field, sizeof error->field - 1); /*  what came from outside may be no text, or was cut */
    text_line (error->message, sizeof error->message - 1);
}

baton_status baton_fail (baton_error_t *error, baton_status status, baton_reason reason, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fill (error, status, reason, "", format, arguments);
    va_end (arguments);
    return status;
}

baton_status baton_fail_field (baton_error_t *error, baton_status status, baton_reason reason, const char *field,
                               const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fill (error, status, reason, field, format, arguments);
    va_end (arguments);
    return status;
}

baton_status baton_fail_memory (baton_error_t *error)
{
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_out_of_memory, "out of memory");
}
