#include "watcher_internal.h"

#include "log.h"

#include <errno.h>
#include <sys/inotify.h>

#define SETTLE 10        /*  ms of quiet after which a change is looked at; writers often need two steps */
#define SETTLE_MOST 100  /*  ms after which it is looked at although it is not quiet */
#define LOOK_AGAIN 60000 /*  ms after which it is looked at anyhow: not every file system tells of changes */
#define BLIND 2000       /*  the same, when the kernel has no room to tell */
#define RETRY 1000
#define TURN_MOST 50 /*  ms of looking before commands are listened to again */
#define REST 10      /*  times what it took, when one look takes longer than that */

struct watcher {
    zloop_t *loop;
    zactor_t *actor;
    watcher_fn *fn;
    void *arg;
};

/* ---- looking ---- */

static void look_at_by (thread_t *self, watch_t *watch, int64_t when)
{
    watch->due = when > watch->rest ? when : watch->rest;
    if (watch->due < self->next)
        self->next = watch->due;
}

static void touch (thread_t *self, watch_t *watch, int64_t now)
{
    if (watch->moved == 0)
        watch->moved = now;
    int64_t most = watch->moved + SETTLE_MOST;
    look_at_by (self, watch, now + SETTLE < most ? now + SETTLE : most);
}

/*  Somebody may be in the middle of it: what is looked at for another reason than that a writer has ended. */
static bool is_being_written (const watch_t *watch, const look_t *fresh, int64_t now)
{
    int64_t age = zclock_time () - fresh->written / 1000000;
    return age >= 0 && age < SETTLE && (watch->moved == 0 || now < watch->moved + SETTLE_MOST);
}

static void tell (thread_t *self, watch_t *watch, const look_t *fresh)
{
    trigger_changed_request_t change = {.session = watch->session->watched.session,
                                        .name = watch->trigger.name,
                                        .since = watch->trigger.since,
                                        .seen = (char *) fresh->digest,
                                        .commit = (char *) fresh->commit};
    baton_bytes_t bytes = {0};
    if ((watch->complete && look_compare (&watch->look, fresh, &change.paths) != BATON_OK) ||
        record_encode (&METHODS[METHOD_trigger_changed].type, &change, &bytes) != BATON_OK)
        log_error ("no memory to tell that trigger %s has something to fire for", watch->trigger.name);
    else {
        watch->told = true;
        zsock_send (self->pipe, "8b", watch->session->watched.lease.epoch, bytes.data, bytes.size);
    }
    bytes_clear (&bytes);
    texts_clear (&change.paths);
}

static void say_blind (thread_t *self, const look_t *look)
{
    if (!look->blind || self->said_blind)
        return;
    self->said_blind = true;
    log_warning ("the kernel watches no more folders for this node: some are looked at every %d ms instead; raise"
                 " fs.inotify.max_user_watches (see sysctl (8))",
                 BLIND);
}

/*  Of a look that is not complete only the spots are of use: what was known before stays, to compare with. */
static void take_over (thread_t *self, watch_t *watch, look_t *fresh, bool complete)
{
    folders_keep (self, watch, fresh);
    if (!complete)
        folders_swap (&watch->look, fresh);
    else {
        look_t before = watch->look;
        watch->look = *fresh;
        *fresh = before;
        watch->complete = true;
    }
    look_clear (fresh);
}

static void look_at (thread_t *self, watch_t *watch, int64_t now)
{
    const looked_t *session = watch->session;
    look_t fresh = {.commit = ""};
    baton_error_t error = {0};
    look_for_t what = {
        self->notify, session->root, &watch->trigger, session->watched.bindings.items, session->watched.bindings.count,
        &watch->look};
    baton_status status = look (&what, &fresh, &error);
    int64_t took = zclock_mono () - now;
    watch->rest = took > TURN_MOST ? now + took + REST * took : 0;
    bool told = watch->told; /*  then what was told stays, to say by what the next change differs from it */
    bool news = status == BATON_OK && !told && !text_equal (fresh.digest, watch->trigger.seen);
    say_blind (self, &fresh);
    if (status == BATON_resource_exhausted && !watch->refused)
        log_warning ("session %s: %s", session->watched.session, error.message);
    else if (status != BATON_OK)
        log_debug ("trigger %s of %s can't look: %s", watch->trigger.name, session->watched.session, error.message);
    watch->refused = status == BATON_resource_exhausted;
    if (news && is_being_written (watch, &fresh, now)) {
        touch (self, watch, now);
        take_over (self, watch, &fresh, false);
        return;
    }
    watch->moved = 0;
    if (news)
        tell (self, watch, &fresh);
    look_at_by (self, watch, now + (fresh.blind ? BLIND : LOOK_AGAIN));
    take_over (self, watch, &fresh, status == BATON_OK && !told);
}

static void look_at_due (thread_t *self)
{
    int64_t began = zclock_mono (), now = began;
    self->next = INT64_MAX;
    for (looked_t *session = zhashx_first (self->sessions); session; session = zhashx_next (self->sessions))
        for (watch_t *watch = zlistx_first (session->watches); watch; watch = zlistx_next (session->watches)) {
            if (watch->due <= now && now < began + TURN_MOST) {
                look_at (self, watch, now);
                now = zclock_mono ();
            }
            if (watch->due < self->next)
                self->next = watch->due;
        }
}

/* ---- what the kernel says ---- */

static void touch_all (thread_t *self, int64_t now)
{
    for (looked_t *session = zhashx_first (self->sessions); session; session = zhashx_next (self->sessions))
        for (watch_t *watch = zlistx_first (session->watches); watch; watch = zlistx_next (session->watches))
            touch (self, watch, now);
}

static void hear (thread_t *self, const struct inotify_event *event, int64_t now)
{
    if (event->mask & IN_Q_OVERFLOW) {
        touch_all (self, now); /*  some was lost, nobody knows what */
        return;
    }
    folder_t *folder = folders_find (self, event->wd);
    for (size_t i = 0; folder && i < folder->ears.count; i++)
        if (!folder->ears.items[i].name || event->len == 0 || streq (folder->ears.items[i].name, event->name))
            touch (self, folder->ears.items[i].watch, now);
}

static void take_events (thread_t *self)
{
    char buffer[65536] __attribute__ ((aligned (8)));
    ssize_t size;
    int64_t now = zclock_mono ();
    while ((size = read (self->notify, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + size;) {
            const struct inotify_event *event = (const struct inotify_event *) (void *) at;
            hear (self, event, now);
            at += sizeof *event + event->len;
        }
}

/* ---- what is to be looked at ---- */

static void watch_destroy (thread_t *self, watch_t **item)
{
    watch_t *watch = *item;
    folders_forget (self, watch, &watch->look);
    look_clear (&watch->look);
    record_clear (&RECORD_trigger, &watch->trigger);
    free (watch);
    *item = NULL;
}

static void drop_session (thread_t *self, looked_t *session)
{
    for (watch_t *watch; (watch = zlistx_detach (session->watches, NULL));)
        watch_destroy (self, &watch);
    zlistx_destroy (&session->watches);
    zhashx_delete (self->sessions, session->watched.session);
    record_clear (&RECORD_watched, &session->watched);
    free (session->root);
    free (session);
}

static bool same_target (const trigger_t *a, const trigger_t *b)
{
    return a->kind == b->kind && text_equal (a->name, b->name) && text_equal (a->file, b->file) &&
           text_equal (a->ref, b->ref) && text_equal (a->path, b->path);
}

/*  The watch of that trigger in the session as it was, taken out of it; what it knows is still good. */
static watch_t *take_watch (looked_t *session, const trigger_t *trigger)
{
    for (watch_t *watch = session ? zlistx_first (session->watches) : NULL; watch;
         watch = zlistx_next (session->watches))
        if (same_target (&watch->trigger, trigger))
            return zlistx_detach (session->watches, zlistx_cursor (session->watches));
    return NULL;
}

static watch_t *make_watch (thread_t *self, looked_t *before, looked_t *session, trigger_t *trigger)
{
    watch_t *watch = take_watch (before, trigger);
    bool moved = !watch || watch->trigger.since != trigger->since || !text_equal (before->root, session->root) ||
                 before->watched.lease.epoch != session->watched.lease.epoch;
    if (!watch)
        watch = calloc (1, sizeof *watch);
    if (!watch)
        return NULL;
    record_clear (&RECORD_trigger, &watch->trigger);
    watch->trigger = *trigger;
    *trigger = (trigger_t){.name = NULL};
    watch->session = session;
    watch->told = watch->told && !moved;
    if (moved)
        look_at_by (self, watch, zclock_mono ());
    return watch;
}

/*  Takes over what is decoded. */
static void set_session (thread_t *self, const char *root, watched_t *watched)
{
    looked_t *before = zhashx_lookup (self->sessions, watched->session);
    looked_t *session = watched->triggers.count > 0 ? calloc (1, sizeof *session) : NULL;
    if (session) {
        *session = (looked_t){.root = strdup (root), .watched = *watched, .watches = zlistx_new ()};
        *watched = (watched_t){.session = NULL};
        for (size_t i = 0; session->root && session->watches && i < session->watched.triggers.count; i++) {
            watch_t *watch = make_watch (self, before, session, &session->watched.triggers.items[i]);
            if (watch)
                zlistx_add_end (session->watches, watch);
        }
    }
    if (before)
        drop_session (self, before);
    if (session)
        zhashx_insert (self->sessions, session->watched.session, session);
}

static void set_stale (thread_t *self)
{
    for (looked_t *session = zhashx_first (self->sessions); session; session = zhashx_next (self->sessions))
        session->stale = true;
}

static void drop_stale (thread_t *self)
{
    zlistx_t *keys = zhashx_keys (self->sessions);
    for (const char *key = keys ? zlistx_first (keys) : NULL; key; key = zlistx_next (keys)) {
        looked_t *session = zhashx_lookup (self->sessions, key);
        if (session && session->stale)
            drop_session (self, session);
    }
    zlistx_destroy (&keys);
}

static void tell_again (thread_t *self, const char *id)
{
    looked_t *session = zhashx_lookup (self->sessions, id);
    for (watch_t *watch = session ? zlistx_first (session->watches) : NULL; watch;
         watch = zlistx_next (session->watches)) {
        watch->told = false;
        look_at_by (self, watch, zclock_mono () + RETRY);
    }
}

/*  False: the end. */
static bool take_command (thread_t *self)
{
    char *command = NULL, *text = NULL;
    byte *data = NULL;
    size_t size = 0;
    if (zsock_recv (self->pipe, "ssb", &command, &text, &data, &size) < 0)
        return false;
    bool goes_on = !streq (command, "$TERM");
    watched_t watched = {.session = NULL};
    if (streq (command, "SET") && record_decode (&RECORD_watched, data, size, &watched, NULL) == BATON_OK)
        set_session (self, text, &watched);
    else if (streq (command, "BEGIN"))
        set_stale (self);
    else if (streq (command, "END"))
        drop_stale (self);
    else if (streq (command, "AGAIN"))
        tell_again (self, text);
    record_clear (&RECORD_watched, &watched);
    zstr_free (&command);
    zstr_free (&text);
    free (data);
    return goes_on;
}

/* ---- the thread ---- */

static long patience (const thread_t *self)
{
    int64_t now = zclock_mono ();
    if (self->next == INT64_MAX)
        return -1;
    return self->next <= now ? 0 : (long) (self->next - now);
}

static void run (zsock_t *pipe, void *arg)
{
    (void) arg;
    thread_t self = {pipe, inotify_init1 (IN_CLOEXEC | IN_NONBLOCK), zhashx_new (), folders_new (), INT64_MAX, false};
    self.said_blind = self.notify < 0;
    if (self.notify < 0)
        log_error ("the kernel watches no files for this node: %s; they are looked at every %d ms instead; raise"
                   " fs.inotify.max_user_instances (see sysctl (8))",
                   strerror (errno), BLIND);
    zmq_pollitem_t items[] = {{.socket = zsock_resolve (pipe), .events = ZMQ_POLLIN},
                              {.fd = self.notify, .events = ZMQ_POLLIN}};
    zsock_signal (pipe, 0);
    for (;;) {
        if (zmq_poll (items, self.notify < 0 ? 1 : 2, patience (&self)) < 0 && errno != EINTR)
            break;
        if (items[1].revents)
            take_events (&self);
        if (items[0].revents && !take_command (&self))
            break;
        if (self.next <= zclock_mono ())
            look_at_due (&self);
    }
    for (looked_t *session; (session = zhashx_first (self.sessions));)
        drop_session (&self, session);
    zhashx_destroy (&self.sessions);
    zhashx_destroy (&self.folders);
    if (self.notify >= 0)
        close (self.notify);
}

/* ---- for the node's loop ---- */

static int take_change (zloop_t *loop, zsock_t *pipe, void *arg)
{
    (void) loop;
    watcher_t *self = arg;
    uint64_t epoch = 0;
    byte *data = NULL;
    size_t size = 0;
    trigger_changed_request_t change = {.session = NULL};
    if (zsock_recv (pipe, "8b", &epoch, &data, &size) == 0 &&
        record_decode (&METHODS[METHOD_trigger_changed].type, data, size, &change, NULL) == BATON_OK)
        self->fn (self->arg, epoch, &change);
    record_clear (&METHODS[METHOD_trigger_changed].type, &change);
    free (data);
    return 0;
}

baton_status watcher_new (zloop_t *loop, watcher_fn *fn, void *arg, watcher_t **ret_watcher, baton_error_t *error)
{
    watcher_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    *self = (watcher_t){loop, zactor_new (run, NULL), fn, arg};
    if (!self->actor) {
        free (self);
        return baton_fail_memory (error);
    }
    zloop_reader (loop, zactor_sock (self->actor), take_change, self);
    *ret_watcher = self;
    return BATON_OK;
}

void watcher_destroy (watcher_t **self_p)
{
    watcher_t *self = *self_p;
    if (!self)
        return;
    zloop_reader_end (self->loop, zactor_sock (self->actor));
    zactor_destroy (&self->actor);
    free (self);
    *self_p = NULL;
}

baton_status watcher_set (watcher_t *self, const char *root, const watched_t *watched)
{
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_watched, watched, &bytes) != BATON_OK)
        return BATON_resource_exhausted;
    int sent = zsock_send (self->actor, "ssb", "SET", root, bytes.data, bytes.size);
    bytes_clear (&bytes);
    return sent == 0 ? BATON_OK : BATON_resource_exhausted;
}

static void command (watcher_t *self, const char *name, const char *text)
{
    zsock_send (self->actor, "ssb", name, text, "", (size_t) 0);
}

void watcher_begin (watcher_t *self)
{
    command (self, "BEGIN", "");
}

void watcher_end (watcher_t *self)
{
    command (self, "END", "");
}

void watcher_again (watcher_t *self, const char *session)
{
    command (self, "AGAIN", session);
}
