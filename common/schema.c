#include "schema.h"

#include <string.h>

/* ---- enums ---- */

#define ENUM_BEGIN(type) static const char *const type##_words[] = {"",
#define ENUM_WORD(type, name) #name,
#define ENUM_END(type)                                                                                                 \
    }                                                                                                                  \
    ;                                                                                                                  \
    const enum_type_t type##_names = {#type, type##_count, type##_words};
#include "enums.def"

/* ---- fields ----
 *
 *  Each block becomes a function with the table inside, so that every row can say offsetof (self_t, field).
 */

#define NEED_required true
#define NEED_optional false

#define ROW(field, kind, need, limit, names, type, help)                                                               \
    {#field, kind, need, offsetof (self_t, field), limit, names, type, help, 0},
#define SESSION(field, need, access, help)                                                                             \
    {#field, FIELD_NAME, NEED_##need, offsetof (self_t, field), LIMIT_ID, NULL, NULL, help, access_##access},
#define SESSIONS(field, need, limit, access, help)                                                                     \
    {#field, FIELD_TEXTS, NEED_##need, offsetof (self_t, field), limit, NULL, NULL, help, access_##access},
#define TEXT(name, need, limit, help) ROW (name, FIELD_TEXT, NEED_##need, limit, NULL, NULL, help)
#define LINE(name, need, limit, help) ROW (name, FIELD_LINE, NEED_##need, limit, NULL, NULL, help)
#define NAME(name, need, limit, help) ROW (name, FIELD_NAME, NEED_##need, limit, NULL, NULL, help)
#define UINT(name, need, limit, help) ROW (name, FIELD_UINT, NEED_##need, limit, NULL, NULL, help)
#define FLAG(name, help) ROW (name, FIELD_FLAG, false, 0, NULL, NULL, help)
#define BYTES(name, need, limit, help) ROW (name, FIELD_BYTES, NEED_##need, limit, NULL, NULL, help)
#define VALUE(name, need, limit, help) ROW (name, FIELD_VALUE, NEED_##need, limit, NULL, NULL, help)
#define ENUM(name, type, need, help) ROW (name, FIELD_ENUM, NEED_##need, 0, &type##_names, NULL, help)
#define INNER(name, type, help) ROW (name, FIELD_INNER, false, 0, NULL, &RECORD_##type, help)
#define LIST(name, type, need, limit, help) ROW (name, FIELD_LIST, NEED_##need, limit, NULL, &RECORD_##type, help)
#define TEXTS(name, need, limit, help) ROW (name, FIELD_TEXTS, NEED_##need, limit, NULL, NULL, help)
#define PAIRS(name, need, limit, help) ROW (name, FIELD_PAIRS, NEED_##need, limit, NULL, NULL, help)

#define TABLE_BEGIN(function, struct_type)                                                                             \
    static const field_t *function (void)                                                                              \
    {                                                                                                                  \
        typedef struct_type self_t;                                                                                    \
        static const field_t rows[] = {
#define TABLE_END                                                                                                      \
    {                                                                                                                  \
        NULL, FIELD_FLAG, false, sizeof (self_t), 0, NULL, NULL, NULL, 0                                               \
    }                                                                                                                  \
    }                                                                                                                  \
    ;                                                                                                                  \
    return rows;                                                                                                       \
    }

#define RECORD(name) TABLE_BEGIN (name##_fields, name##_t)
#define END(name) TABLE_END const record_type_t RECORD_##name = {#name, sizeof (name##_t), name##_fields};
#include "records.def"
#undef RECORD
#undef END

#define EVENT(name, class, help) TABLE_BEGIN (name##_event_fields, name##_event_t)
#define END(name) TABLE_END
#include "events.def"
#undef END

#define METHOD(id, name, target, access, effect, inside, verb, path, reply, help)                                      \
    TABLE_BEGIN (id##_request_fields, id##_request_t)
#define END(id) TABLE_END
#include "methods.def"
#undef END

#undef TEXT
#undef LINE
#undef NAME
#undef UINT
#undef FLAG
#undef BYTES
#undef VALUE
#undef ENUM
#undef INNER
#undef LIST
#undef TEXTS
#undef SESSION
#undef SESSIONS
#undef PAIRS

/* ---- rows ---- */

#define TEXT(...)
#define LINE(...)
#define NAME(...)
#define UINT(...)
#define FLAG(...)
#define BYTES(...)
#define VALUE(...)
#define ENUM(...)
#define INNER(...)
#define LIST(...)
#define TEXTS(...)
#define SESSION(...)
#define SESSIONS(...)
#define PAIRS(...)
#define END(...)

const event_row_t EVENTS[EVENT_COUNT] = {
#define EVENT(name, class, help)                                                                                       \
    [EVENT_##name] = {#name, event_class_##class, {#name, sizeof (name##_event_t), name##_event_fields}, help},
#include "events.def"
};

#define EFFECT_read false
#define EFFECT_change true

const method_row_t METHODS[METHOD_COUNT] = {
#define METHOD(id, name, target, access, effect, inside, verb, path, reply, help)                                      \
    [METHOD_##id] = {name,                                                                                             \
                     TARGET_##target,                                                                                  \
                     ACCESS_##access,                                                                                  \
                     EFFECT_##effect,                                                                                  \
                     INSIDE_##inside,                                                                                  \
                     #verb,                                                                                            \
                     path,                                                                                             \
                     {name, sizeof (id##_request_t), id##_request_fields},                                             \
                     &RECORD_##reply,                                                                                  \
                     help},
#include "methods.def"
};

access_e method_access (const method_row_t *row)
{
    static const access_e NEEDED[] = {
        [ACCESS_known] = access_view, [ACCESS_read] = access_view,       [ACCESS_operate] = access_edit,
        [ACCESS_view] = access_view,  [ACCESS_comment] = access_comment, [ACCESS_decide] = access_decide,
        [ACCESS_edit] = access_edit,  [ACCESS_own] = access_own,
    };
    const field_t *session = record_field (&row->type, "session");
    return session && session->access == access_none ? NEEDED[row->access] : access_none;
}

event_kind_t event_kind_find (const char *name)
{
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        if (strcmp (EVENTS[kind].name, name) == 0)
            return (event_kind_t) kind;
    return EVENT_none;
}

method_id_t method_find (const char *name)
{
    for (int id = 1; id < METHOD_COUNT; id++)
        if (strcmp (METHODS[id].name, name) == 0)
            return (method_id_t) id;
    return METHOD_none;
}
