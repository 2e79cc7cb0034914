/*  The structs and tables made from enums.def, records.def, events.def and methods.def.
 *
 *    records.def  RECORD (run)             run_t                     RECORD_run
 *    events.def   EVENT (run_started, …)   run_started_event_t       EVENT_run_started, EVENTS[]
 *    methods.def  METHOD (run_list, …)     run_list_request_t        METHOD_run_list, METHODS[]
 *    enums.def    ENUM_BEGIN (role)        role_e, role_admin, …     role_names
 */
#ifndef BATON_SCHEMA_H
#define BATON_SCHEMA_H

#include "limits.h"
#include "record.h"

/* ---- enums ---- */

#define ENUM_BEGIN(type) typedef enum { type##_none,
#define ENUM_WORD(type, name) type##_##name,
#define ENUM_END(type)                                                                                                 \
    type##_count                                                                                                       \
    }                                                                                                                  \
    type##_e;
#include "enums.def"

#define ENUM_BEGIN(type) extern const enum_type_t type##_names;
#define ENUM_WORD(type, name)
#define ENUM_END(type)
#include "enums.def"

/* ---- structs ---- */

#define TEXT(name, need, limit, help) char *name;
#define LINE(name, need, limit, help) char *name;
#define NAME(name, need, limit, help) char *name;
#define UINT(name, need, limit, help) uint64_t name;
#define FLAG(name, help) bool name;
#define BYTES(name, need, limit, help) baton_bytes_t name;
#define VALUE(name, need, limit, help) baton_bytes_t name;
#define ENUM(name, type, need, help) type##_e name;
#define INNER(name, type, help) type##_t name;
#define LIST(name, type, need, limit, help)                                                                            \
    struct {                                                                                                           \
        size_t count;                                                                                                  \
        type##_t *items;                                                                                               \
    } name;
#define TEXTS(name, need, limit, help) baton_texts_t name;
#define SESSION(name, need, access, help) char *name;
#define SESSIONS(name, need, limit, access, help) baton_texts_t name;
#define PAIRS(name, need, limit, help) baton_pairs_t name;

#define RECORD(name) typedef struct name {
#define END(name)                                                                                                      \
    }                                                                                                                  \
    name##_t;
#include "records.def"
#undef RECORD
#undef END

#define EVENT(name, class, help) typedef struct name##_event {
#define END(name)                                                                                                      \
    }                                                                                                                  \
    name##_event_t;
#include "events.def"
#undef END

#define METHOD(id, name, target, access, effect, inside, verb, path, reply, help) typedef struct id##_request {
#define END(id)                                                                                                        \
    }                                                                                                                  \
    id##_request_t;
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

/* ---- tables ---- */

/*  With the field macros as nothing, the blocks of the .def files shrink to their heads. */
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

#define RECORD(name) extern const record_type_t RECORD_##name;
#include "records.def"
#undef RECORD

typedef enum {
    EVENT_none,
#define EVENT(name, class, help) EVENT_##name,
#include "events.def"
    EVENT_COUNT
} event_kind_t;

typedef enum {
    METHOD_none,
#define METHOD(id, name, target, access, effect, inside, verb, path, reply, help) METHOD_##id,
#include "methods.def"
    METHOD_COUNT
} method_id_t;

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
#undef END

typedef struct {
    const char *name;
    event_class_e class;
    record_type_t type; /*  of the body */
    const char *help;
} event_row_t;

typedef enum { TARGET_session, TARGET_site, TARGET_broker, TARGET_node } method_target_t;
typedef enum { INSIDE_no, INSIDE_run, INSIDE_kin } method_inside_t;
typedef enum {
    ACCESS_open,
    ACCESS_known,
    ACCESS_read,
    ACCESS_operate,
    ACCESS_admin,
    ACCESS_node,
    ACCESS_internal,
    ACCESS_view,
    ACCESS_comment,
    ACCESS_decide,
    ACCESS_edit,
    ACCESS_own,
} method_access_t;

typedef struct {
    const char *name;
    method_target_t target;
    method_access_t access;
    bool change;            /*  false: reads only, and may be sent again without a thought */
    method_inside_t inside; /*  whether a run may use it for its own session; kin: and for a child of it */
    const char *verb;
    const char *path;   /*  "" when it is not offered over HTTP */
    record_type_t type; /*  of the request */
    const record_type_t *reply;
    const char *help;
} method_row_t;

/*  Indexed by event_kind_t and method_id_t; row 0 is empty. */
extern const event_row_t EVENTS[EVENT_COUNT];
extern const method_row_t METHODS[METHOD_COUNT];

/*  What a method needs for the session in its request's plain `session` field; access_none: that it is there is not
 *  for sharing to say (nodes, admins). */
access_e method_access (const method_row_t *row);

/*  EVENT_none or METHOD_none for an unknown name. Binary search would not pay: a few dozen rows. */
event_kind_t event_kind_find (const char *name);
method_id_t method_find (const char *name);

#endif
