#include "streams.h"

#include "subscriptions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t number;
    char credential[DIGEST_SIZE];
    char actor[LIMIT_NAME + 1];
    event_class_e class;
    event_kind_t kind; /*  EVENT_none: all */
    char session[LIMIT_ID + 1];
    uint64_t mark; /*  of the session; every bit: all sessions */
} stream_t;

/*  What a batch of events is about, at a glance: most streams wait for something else. */
typedef struct {
    bool kinds[EVENT_COUNT];
    uint64_t classes, marks; /*  a bit each */
} glance_t;

struct streams {
    door_t *door; /*  borrowed: the one that all of them come by */
    uint64_t last_number;
    size_t count;
    stream_t *items[LIMIT_STREAMS];
};

baton_status streams_new (streams_t **ret_streams)
{
    *ret_streams = calloc (1, sizeof **ret_streams);
    return *ret_streams ? BATON_OK : BATON_resource_exhausted;
}

static void remove_at (streams_t *self, size_t index)
{
    free (self->items[index]);
    self->items[index] = self->items[--self->count];
}

void streams_destroy (streams_t **self)
{
    if (!*self)
        return;
    while ((*self)->count > 0)
        remove_at (*self, (*self)->count - 1);
    free (*self);
    *self = NULL;
}

static size_t count_of (const streams_t *self, const char *actor)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->items[i]->actor, actor) == 0;
    return count;
}

static uint64_t mark_of (const char *session)
{
    unsigned sum = 0;
    for (; *session; session++)
        sum = sum * 31 + (unsigned char) *session;
    return (uint64_t) 1 << sum % 64;
}

baton_status streams_add (streams_t *self, const request_t *request, uint64_t *ret_number, baton_error_t *error)
{
    const events_subscribe_request_t *filter = request->params;
    event_kind_t kind = filter->kind ? event_kind_find (filter->kind) : EVENT_none;
    if (filter->kind && kind == EVENT_none)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "kind",
                                 "there is no kind of event %s", filter->kind);
    if (self->count == LIMIT_STREAMS || count_of (self, request->actor) >= LIMIT_STREAMS_EACH)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%s has too many streams, or the broker has", request->actor);
    stream_t *stream = calloc (1, sizeof *stream);
    if (!stream)
        return baton_fail_memory (error);
    *stream = (stream_t){.number = ++self->last_number, .class = filter->class, .kind = kind};
    memcpy (stream->credential, request->credential, sizeof stream->credential);
    snprintf (stream->actor, sizeof stream->actor, "%s", request->actor);
    snprintf (stream->session, sizeof stream->session, "%s", filter->session ? filter->session : "");
    stream->mark = *stream->session ? mark_of (stream->session) : UINT64_MAX;
    self->door = request->door;
    self->items[self->count++] = stream;
    *ret_number = stream->number;
    return BATON_OK;
}

size_t streams_count (const streams_t *self)
{
    return self->count;
}

void streams_remove (streams_t *self, uint64_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i]->number == number) {
            remove_at (self, i);
            return;
        }
}

/*  Nobody, when the token has ended. */
static viewer_t viewer_by (people_t *people, const stream_t *stream, uint64_t now)
{
    const access_token_t *token = people_token (people, stream->credential, now);
    return viewer_of (token ? people_named (people, token->who) : NULL);
}

static bool wanted (const stream_t *self, const pending_t *event)
{
    return (self->class == event_class_none || self->class == EVENTS[event->kind].class) &&
           (self->kind == EVENT_none || self->kind == event->kind) &&
           (!*self->session || strcmp (self->session, event->session) == 0);
}

static glance_t glance_at (const pending_t *events, size_t count)
{
    glance_t self = {.kinds[EVENT_none] = true, .classes = (uint64_t) 1 << event_class_none};
    for (size_t i = 0; i < count; i++) {
        self.kinds[events[i].kind] = true;
        self.classes |= (uint64_t) 1 << EVENTS[events[i].kind].class;
        self.marks |= mark_of (events[i].session);
    }
    return self;
}

static bool may_concern (const glance_t *glance, const stream_t *stream)
{
    return glance->kinds[stream->kind] && glance->classes >> stream->class & 1 && glance->marks & stream->mark;
}

/*  News are made for the first stream that they are for. Without the memory for them, a stream sees by the next
 * position that it has missed something. */
static void look_at (const streams_t *self, const stream_t *stream, const viewer_t *viewer, const pending_t *events,
                     size_t count, door_news_t **news)
{
    for (size_t i = 0; i < count; i++) {
        if (!wanted (stream, &events[i]) || !event_visible (viewer, &events[i]))
            continue;
        if (!news[i])
            news[i] = door_news_new (self->count, events[i].seq, &events[i].data);
        if (news[i])
            news[i]->numbers[news[i]->count++] = stream->number;
    }
}

void streams_publish (streams_t *self, people_t *people, const pending_t *events, size_t count, uint64_t now)
{
    door_news_t **news = self->count > 0 && count > 0 ? calloc (count, sizeof (door_news_t *)) : NULL;
    if (!news)
        return;
    glance_t glance = glance_at (events, count);
    for (size_t i = 0; i < self->count; i++) {
        if (!may_concern (&glance, self->items[i]))
            continue;
        viewer_t viewer = viewer_by (people, self->items[i], now);
        if (viewer.role != role_none)
            look_at (self, self->items[i], &viewer, events, count, news);
    }
    for (size_t i = 0; i < count; i++)
        if (news[i])
            door_tell (self->door, &news[i]);
    free (news);
}

void streams_beat (streams_t *self, people_t *people, uint64_t head, uint64_t now)
{
    door_news_t *ended = self->count > 0 ? door_news_new (self->count, head, NULL) : NULL;
    for (size_t i = 0; ended && i < self->count;)
        if (viewer_by (people, self->items[i], now).role != role_none)
            i++;
        else {
            ended->numbers[ended->count++] = self->items[i]->number;
            remove_at (self, i);
        }
    if (ended)
        door_tell (self->door, &ended);
}
