#include "load.h"

#include "event.h"
#include "id.h"
#include "schema.h"
#include "value.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_SIZE 64
#define KEYS 16
#define FIRST_ID 0x10000u /*  from here on an id takes five bytes */
#define READY_MOST 64
#define SILENCE_MOST 10000 /*  ms */

/*  A request as it stands in memory, and where in it the changing parts are. */
typedef struct {
    void *socket;
    baton_bytes_t header, body;
    uint8_t *id, *key;                       /*  in header */
    uint8_t *session, *memory_key, *content; /*  in body */
    uint32_t last_id;
    uint64_t sent_us;
    bool waits;
} client_t;

struct load {
    void *zmq;
    const sessions_t *sessions;
    size_t count;
    client_t *clients;
    int watch;
    uint64_t state;
};

/* ---- sessions ---- */

static void create_one (baton_client_t *client, size_t number, char *ret_id)
{
    char title[64];
    snprintf (title, sizeof title, "benchmark %zu", number);
    session_create_request_t request = {.title = title, .agent = (char *) "bench"};
    baton_bytes_t body = {0}, reply = {0};
    baton_error_t error = {0};
    changed_t changed = {0};
    demand_ok (record_encode (&METHODS[METHOD_session_create].type, &request, &body), &error, "a request");
    demand_ok (baton_call (client, "session.create", body.data, body.size, NULL, &reply.data, &reply.size, &error),
               &error, "session.create");
    demand_ok (record_decode (&RECORD_changed, reply.data, reply.size, &changed, &error), &error, "its answer");
    snprintf (ret_id, 32, "%s", changed.session);
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&body);
    bytes_clear (&reply);
}

void sessions_create (sessions_t *self, const baton_context_t *context, size_t count)
{
    baton_client_t *client = NULL;
    baton_error_t error = {0};
    demand_ok (baton_client_new (context, &client, &error), &error, "a client");
    self->ids = calloc (count, sizeof *self->ids);
    demand (self->ids, "out of memory");
    for (self->count = 0; self->count < count; self->count++)
        create_one (client, self->count, self->ids[self->count]);
    baton_client_destroy (&client);
}

void sessions_clear (sessions_t *self)
{
    free (self->ids);
    *self = (sessions_t){0};
}

/* ---- requests ---- */

#define KEY_MARK "KKKKKKKKKKKKKKKKKKKK"     /*  ID_SIZE - 1 */
#define SESSION_MARK "SSSSSSSSSSSSSSSSSSSS" /*  the same */

static uint8_t *find (const baton_bytes_t *bytes, const void *mark, size_t size)
{
    uint8_t *found = memmem (bytes->data, bytes->size, mark, size);
    demand (found, "the request is not as it should be");
    return found;
}

static void encode_request (client_t *self)
{
    static const uint8_t ID_MARK[] = {0xce, 0x00, 0x01, 0x00, 0x00};
    char content[VALUE_SIZE + 1];
    memset (content, 'V', VALUE_SIZE);
    content[VALUE_SIZE] = '\0';
    request_header_t header = {
        .id = FIRST_ID, .method = (char *) "memory.set", .key = (char *) KEY_MARK, .timeout = 10000};
    memory_set_request_t request = {.session = (char *) SESSION_MARK, .key = (char *) "key-M"};
    demand_ok (value_from_text (content, &request.value), &(baton_error_t){0}, "a value");
    demand_ok (record_encode (&RECORD_request_header, &header, &self->header), &(baton_error_t){0}, "a header");
    demand_ok (record_encode (&METHODS[METHOD_memory_set].type, &request, &self->body), &(baton_error_t){0}, "a body");
    bytes_clear (&request.value);
    self->id = find (&self->header, ID_MARK, sizeof ID_MARK) + 1;
    self->key = find (&self->header, KEY_MARK, ID_SIZE - 1);
    self->session = find (&self->body, SESSION_MARK, ID_SIZE - 1);
    self->memory_key = find (&self->body, "key-M", 5) + 4;
    self->content = find (&self->body, content, VALUE_SIZE);
    self->last_id = FIRST_ID;
}

static void send_next (load_t *self, client_t *client)
{
    uint32_t id = ++client->last_id;
    for (int i = 0; i < 4; i++)
        client->id[i] = (uint8_t) (id >> (24 - 8 * i));
    chance_text (&self->state, client->key, ID_SIZE - 1);
    memcpy (client->session, self->sessions->ids[chance (&self->state) % self->sessions->count], ID_SIZE - 1);
    *client->memory_key = (uint8_t) ('a' + chance (&self->state) % KEYS);
    chance_text (&self->state, client->content, VALUE_SIZE);
    const piece_t pieces[] = {{WIRE_REQUEST, WIRE_SIGNATURE_SIZE},
                              {client->header.data, client->header.size},
                              {client->body.data, client->body.size}};
    client->sent_us = clock_us ();
    client->waits = true;
    socket_send (client->socket, pieces, 3);
}

/*  Takes an answer, which has to be ok; false when there is none. */
static bool take_answer (client_t *client)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    bool more = true;
    size_t count = 0;
    for (; more && zmq_msg_recv (&frame, client->socket, ZMQ_DONTWAIT) >= 0; count++) {
        more = zmq_msg_more (&frame);
        demand (count != 1 || memmem (zmq_msg_data (&frame), zmq_msg_size (&frame), "\xa2ok", 3),
                "the broker refuses a change");
    }
    zmq_msg_close (&frame);
    return count > 0;
}

/* ---- load ---- */

load_t *load_new (const baton_context_t *context, const sessions_t *sessions, size_t clients)
{
    load_t *self = calloc (1, sizeof *self);
    void **sockets = calloc (clients, sizeof *sockets);
    demand (self && sockets, "out of memory");
    *self = (load_t){.zmq = zmq_ctx_new (), .sessions = sessions, .count = clients, .state = clock_us () | 1};
    self->clients = calloc (clients, sizeof *self->clients);
    demand (self->zmq && self->clients, "out of memory");
    for (size_t i = 0; i < clients; i++) {
        sockets[i] = self->clients[i].socket = socket_connect (self->zmq, ZMQ_DEALER, context);
        encode_request (&self->clients[i]);
    }
    self->watch = watch_new (sockets, clients);
    free (sockets);
    return self;
}

void load_destroy (load_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->count; i++) {
        zmq_close ((*self)->clients[i].socket);
        bytes_clear (&(*self)->clients[i].header);
        bytes_clear (&(*self)->clients[i].body);
    }
    zmq_ctx_term ((*self)->zmq);
    close ((*self)->watch);
    free ((*self)->clients);
    free (*self);
    *self = NULL;
}

size_t load_run (load_t *self, uint64_t duration_us, const atomic_bool *stop, uint64_t *times, size_t most)
{
    size_t done = 0, waiting = self->count;
    uint64_t now = clock_us (), end = now + duration_us;
    for (size_t i = 0; i < self->count; i++)
        send_next (self, &self->clients[i]);
    while (waiting > 0) {
        uint32_t ready[READY_MOST];
        size_t count = watch_ready (self->watch, SILENCE_MOST, ready, READY_MOST);
        demand (count > 0, "the broker does not answer");
        for (size_t i = 0; i < count; i++) {
            client_t *client = &self->clients[ready[i]];
            while (take_answer (client)) {
                now = clock_us ();
                if (times && done < most)
                    times[done] = now - client->sent_us;
                done += now < end;
                client->waits = now < end && !(stop && *stop);
                if (client->waits)
                    send_next (self, client);
                else
                    waiting--;
            }
        }
    }
    return done;
}

/* ---- sizes ---- */

size_t load_row_size (void)
{
    memory_set_event_t body = {.key = (char *) "key-M"};
    event_t event = {.kind = EVENT_memory_set,
                     .seq = 1000000,
                     .n = 100,
                     .at = 1700000000000u,
                     .session = (char *) SESSION_MARK,
                     .actor = (char *) "admin",
                     .body = &body};
    changed_t changed = {
        .session = (char *) SESSION_MARK, .n = 100, .state = lifecycle_suspended, .cause = cause_created, .epoch = 0};
    char content[VALUE_SIZE + 1] = {0};
    memset (content, 'V', VALUE_SIZE);
    baton_bytes_t event_bytes = {0}, reply = {0};
    baton_error_t error = {0};
    demand_ok (value_from_text (content, &body.value), &error, "a value");
    demand_ok (event_encode (&event, &event_bytes), &error, "an event");
    demand_ok (record_encode (&RECORD_changed, &changed, &reply), &error, "an answer");
    size_t size = event_bytes.size + reply.size + strlen ("admin") + (ID_SIZE - 1) + (DIGEST_SIZE - 1) + 8;
    bytes_clear (&body.value);
    bytes_clear (&event_bytes);
    bytes_clear (&reply);
    return size;
}
