/*  What the tests of the domain share: a session with its journal, to which one command after another is given.
 *
 *  Each command goes the whole way: decide; each event encoded, decoded again and kept; evolve. So every test also
 *  shows that what is decided can be written down and read back.
 */
#ifndef BATON_TEST_DOMAIN_STORY_H
#define BATON_TEST_DOMAIN_STORY_H

#include "session.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define STORY_ID "s1"
#define STORY_START 1000000u /*  milliseconds */

typedef struct {
    session_t state;
    uint64_t now;
    event_list_t last;    /*  events of the last command */
    event_list_t journal; /*  all of them */
    changed_t changed;    /*  answer to the last command */
    baton_error_t error;
} story_t;

/*  Who gives a command. */
typedef struct {
    const char *actor;
    role_e role;
    uint64_t run;
    uint64_t epoch;
    uint64_t if_n;
    uint64_t fence;
    const char *digest;
    access_e access; /*  absent: what the role has where a session is visible to the site */
    uint64_t team;
} who_t;

#define ADA ((who_t){.actor = "ada", .role = role_operator})
#define BOB ((who_t){.actor = "bob", .role = role_operator})
#define CYD ((who_t){.actor = "cyd", .role = role_admin})
#define BROKER ((who_t){0})
#define NODE(name, number) ((who_t){.actor = (name), .role = role_node, .epoch = (number)})
#define RUN(name, number, which) ((who_t){.actor = (name), .role = role_node, .epoch = (number), .run = (which)})

static inline void story_begin (story_t *story)
{
    *story = (story_t){.now = STORY_START};
}

static inline void story_end (story_t *story)
{
    record_clear (&RECORD_session, &story->state);
    record_clear (&RECORD_changed, &story->changed);
    event_list_clear (&story->last);
    event_list_clear (&story->journal);
}

/*  Writes an event down, reads it back, applies it and keeps it. */
static inline void story_apply (story_t *story, event_t *event, const who_t *who)
{
    baton_bytes_t bytes = {0};
    baton_error_t error = {0};
    event->seq = event->n = story->state.n + 1;
    event->at = story->now;
    event->run = who->run;
    assert_int_equal (text_set (&event->session, STORY_ID), BATON_OK);
    assert_int_equal (text_set (&event->actor, who->actor), BATON_OK);
    assert_int_equal (event_encode (event, &bytes), BATON_OK);
    event_t *kept = list_append (&story->journal, sizeof *kept);
    assert_non_null (kept);
    if (event_decode (bytes.data, bytes.size, kept, &error) != BATON_OK)
        fail_msg ("%s can't be read back: %s", EVENTS[event->kind].name, error.message);
    bytes_clear (&bytes);
    assert_int_equal (session_evolve (&story->state, kept), BATON_OK);
    assert_int_equal (story->state.n, kept->n);
}

static inline access_e story_access (const who_t *who)
{
    if (who->access || who->role == role_none || who->role == role_node)
        return who->access;
    return who->role == role_observer ? access_view : access_own;
}

static inline baton_status give (story_t *story, who_t who, method_id_t method, const void *request)
{
    command_t command = {
        .method = method,
        .request = request,
        .now = story->now,
        .actor = who.actor,
        .role = who.role,
        .access = story_access (&who),
        .team = who.team,
        .run = who.run,
        .epoch = who.epoch,
        .if_n = who.if_n,
        .fence = who.fence,
        .digest = who.digest,
        .fresh = STORY_ID,
    };
    event_list_clear (&story->last);
    record_clear (&RECORD_changed, &story->changed);
    story->error = (baton_error_t){0};
    baton_status status = session_decide (&story->state, &command, &story->last, &story->changed, &story->error);
    if (status != BATON_OK)
        assert_int_equal (story->last.count, 0);
    for (size_t i = 0; i < story->last.count; i++)
        story_apply (story, &story->last.items[i], &who);
    return status;
}

/*  GIVE (story, ADA, session_activate, .multitask_strategy = multitask_enqueue) */
#define GIVE(story, who, id, ...)                                                                                      \
    give (story, who, METHOD_##id, &(id##_request_t){.session = (char *) STORY_ID, ##__VA_ARGS__})

/*  The kinds of the last command's events, such as "run_finished session_suspended"; "" for none. */
static inline void check_events (const story_t *story, const char *kinds, const char *file, int line)
{
    char got[4096] = "";
    for (size_t i = 0; i < story->last.count; i++) {
        strcat (got, i ? " " : "");
        strcat (got, EVENTS[story->last.items[i].kind].name);
    }
    if (strcmp (got, kinds) != 0)
        fail_msg ("%s:%d: expected events \"%s\", got \"%s\"", file, line, kinds, got);
}

static inline void check_ok (const story_t *story, baton_status status, const char *kinds, const char *file, int line)
{
    if (status != BATON_OK)
        fail_msg ("%s:%d: refused: %s", file, line, story->error.message);
    check_events (story, kinds, file, line);
}

static inline void check_refused (const story_t *story, baton_status got, baton_status status, baton_reason reason,
                                  const char *file, int line)
{
    if (got != status || story->error.reason != reason || !*story->error.message)
        fail_msg ("%s:%d: expected %s/%s, got %s/%s: %s", file, line, baton_status_name (status),
                  baton_reason_name (reason), baton_status_name (got), baton_reason_name (story->error.reason),
                  story->error.message);
}

/*  DOES (story, "run_stopping", ADA, session_suspend) and
 *  FAILS (story, aborted, stale_epoch, NODE ("n1", 7), run_started, .run = 1, .attempt = 1) */
#define DOES(story, kinds, who, id, ...)                                                                               \
    check_ok (story, GIVE (story, who, id, ##__VA_ARGS__), kinds, __FILE__, __LINE__)
#define FAILS(story, status, reason, who, id, ...)                                                                     \
    check_refused (story, GIVE (story, who, id, ##__VA_ARGS__), BATON_##status, BATON_REASON_##reason, __FILE__,       \
                   __LINE__)

/*  The last event's body. */
#define LAST(story, event) ((const event##_event_t *) last_body (story, EVENT_##event))
static inline const void *last_body (const story_t *story, event_kind_t kind)
{
    for (size_t i = story->last.count; i-- > 0;)
        if (story->last.items[i].kind == kind)
            return story->last.items[i].body;
    fail_msg ("no %s among the last events", EVENTS[kind].name);
    return NULL;
}

/*  A msgpack value: one small positive number. */
#define NUMBER(number) ((baton_bytes_t){1, (uint8_t[]){(number)}})

/* ---- how far a session has come ---- */

#define CREATE(story, ...)                                                                                             \
    check_ok (story,                                                                                                   \
              give (story, ADA, METHOD_session_create,                                                                 \
                    &(session_create_request_t){.title = (char *) "A title", ##__VA_ARGS__}),                          \
              "session_created", __FILE__, __LINE__)

/*  At node n1, epoch 1, run 1. */
static inline void given_created (story_t *story)
{
    story_begin (story);
    CREATE (story);
}

static inline void given_queued (story_t *story)
{
    given_created (story);
    DOES (story, "session_activated run_queued", ADA, session_activate);
}

static inline void given_placed (story_t *story)
{
    given_queued (story);
    DOES (story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
}

static inline void given_running (story_t *story)
{
    given_placed (story);
    DOES (story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
}

#define CHECK_STATE(story, wanted_state, wanted_cause)                                                                 \
    do {                                                                                                               \
        assert_int_equal ((story)->state.state, lifecycle_##wanted_state);                                             \
        assert_int_equal ((story)->state.cause, cause_##wanted_cause);                                                 \
    } while (0)

#endif
