/*  What a client is told of resources that it watches, with a backend that answers what a test says. */
#include "desk.h"
#include "peer.h"
#include "record.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define URI "baton://sessions/s1"

typedef struct {
    mcp_catalogue_t *catalogue;
    mcp_desk_t *desk;
    mcp_peer_t *peer;
    mcp_seal_t seal;
    unsigned updates, reads;
    /*  The read that waits for an answer; done NULL: none. */
    mcp_done_t *done;
    void *done_arg;
    method_id_t method;
} fixture_t;

static void *start (void *arg, method_id_t method, const baton_bytes_t *body, const baton_call_t *options,
                    mcp_done_t *done, void *done_arg)
{
    fixture_t *self = arg;
    (void) body;
    (void) options;
    assert_null (self->done);
    self->done = done;
    self->done_arg = done_arg;
    self->method = method;
    self->reads++;
    return self;
}

static void stop (void *arg, void *ticket)
{
    assert_ptr_equal (arg, ticket);
    ((fixture_t *) arg)->done = NULL;
}

static void take (void *arg, void *exchange, const json_t *message, bool last, int status)
{
    fixture_t *self = arg;
    const char *method = mcp_text (message, "method");
    (void) exchange;
    (void) last;
    (void) status;
    self->updates += method && strcmp (method, "notifications/resources/updated") == 0;
}

static void receive (fixture_t *self, const char *text)
{
    mcp_peer_receive (self->peer, text, strlen (text), NULL);
}

/*  A client that watches each resource of a session: its first read is under way. */
static int setup (void **context)
{
    static const mcp_backend_t BACKEND = {start, stop};
    static const char *const PATHS[] = {"", "/context", "/decisions", "/runs/last/log"};
    fixture_t *self = calloc (1, sizeof *self);
    self->catalogue = mcp_catalogue_new (&(mcp_scope_t){0});
    self->desk = mcp_desk_new (self->catalogue, &BACKEND, self, "");
    mcp_seal_init (&self->seal);
    mcp_setting_t setting = {mcp_catalogue_offer (self->catalogue), self->desk, take, self, &self->seal, "me", false};
    self->peer = mcp_peer_new (&setting);
    receive (self, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                   "\"2025-11-25\",\"capabilities\":{}}}");
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        char text[200];
        snprintf (text, sizeof text,
                  "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"" URI
                  "%s\"}}",
                  i + 1, PATHS[i]);
        receive (self, text);
    }
    assert_int_equal (self->method, METHOD_session_show);
    assert_int_equal (self->reads, 1);
    *context = self;
    return 0;
}

static int teardown (void **context)
{
    fixture_t *self = *context;
    mcp_peer_destroy (&self->peer);
    assert_null (self->done);
    mcp_desk_destroy (&self->desk);
    mcp_catalogue_destroy (&self->catalogue);
    free (self);
    return 0;
}

static void answer (fixture_t *self, baton_status status, const record_type_t *type, const void *record)
{
    baton_bytes_t body = {0};
    baton_error_t error = {.status = status};
    mcp_done_t *done = self->done;
    assert_non_null (done);
    if (status == BATON_OK)
        assert_int_equal (record_encode (type, record, &body), BATON_OK);
    self->done = NULL;
    done (self->done_arg, status, &body, &error);
    bytes_clear (&body);
}

static void answer_session (fixture_t *self)
{
    session_t session = {.session = "s1", .n = 7, .title = "t", .state = lifecycle_running, .cause = cause_created};
    answer (self, BATON_OK, &RECORD_session, &session);
}

static void test_what_changes_is_told_by_its_event (void **context)
{
    fixture_t *self = *context;
    static const struct {
        event_kind_t kind;
        unsigned told; /*  the session is, whatever happens */
    } CASES[] = {
        {EVENT_item_appended, 2}, {EVENT_decision_recorded, 3}, {EVENT_run_started, 2}, {EVENT_session_updated, 1}};
    answer_session (self);
    assert_int_equal (self->updates, 4); /*  as whatever may have changed since the client's wish */
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        event_envelope_t event = {
            .seq = 1, .session = "s1", .n = 8 + i, .kind = (char *) EVENTS[CASES[i].kind].name, .at = 1};
        event_page_t page = {.events = {1, &event}};
        unsigned before = self->updates;
        assert_int_equal (self->method, METHOD_session_log);
        answer (self, BATON_OK, &RECORD_event_page, &page);
        assert_int_equal (self->updates - before, CASES[i].told);
    }
}

static void test_a_broker_that_is_away_is_asked_again (void **context)
{
    fixture_t *self = *context;
    answer (self, BATON_unavailable, NULL, NULL);
    answer (self, BATON_deadline_exceeded, NULL, NULL);
    answer_session (self);
    assert_int_equal (self->updates, 4);
    answer (self, BATON_unavailable, NULL, NULL);
    assert_int_equal (self->method, METHOD_session_log);
    assert_non_null (self->done);
}

static void test_what_is_refused_is_not_asked_for_ever (void **context)
{
    fixture_t *self = *context;
    while (self->done && self->reads < 100)
        answer (self, BATON_not_found, NULL, NULL);
    assert_int_equal (self->reads, 4);
    assert_int_equal (self->updates, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_what_changes_is_told_by_its_event, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_broker_that_is_away_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown (test_what_is_refused_is_not_asked_for_ever, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
