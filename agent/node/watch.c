/*  What the triggers of sleeping sessions look at: asked of the broker, handed to the watcher; and its findings,
 * reported.
 */
#include "log.h"
#include "node_internal.h"
#include "place.h"

#include <inttypes.h>

/*  A folder that its owner named is watched also while it is not there: it may come. */
static baton_status root_of (daemon_t *self, const watched_t *watched, char ret_root[PLACE_SIZE], baton_error_t *error)
{
    bool adopted = ledger_adopted (self->db, watched->session);
    assignment_t assignment = {.session = watched->session};
    if (!watched->workspace || adopted)
        return place_workspace (self->options->state, &assignment, adopted, ret_root, error);
    snprintf (ret_root, PLACE_SIZE, "%s", watched->workspace);
    for (size_t length = strlen (ret_root); length > 1 && ret_root[length - 1] == '/';)
        ret_root[--length] = '\0';
    return BATON_OK;
}

static void set (daemon_t *self, const watched_t *watched)
{
    char root[PLACE_SIZE] = "";
    baton_error_t error;
    baton_status status = BATON_OK;
    if (!place_possible (watched->session))
        return;
    if (watched->triggers.count > 0)
        status = root_of (self, watched, root, &error);
    if (status == BATON_OK && watcher_set (self->watcher, root, watched) != BATON_OK)
        status = baton_fail_memory (&error);
    if (status != BATON_OK)
        log_error ("the files of %s can't be looked at: %s", watched->session, error.message);
}

static void take_page (daemon_t *self, const watch_page_t *page)
{
    if (page->anew)
        watcher_begin (self->watcher);
    for (size_t i = 0; i < page->watched.count; i++)
        set (self, &page->watched.items[i]);
    self->beginning = page->anew || self->beginning;
    if (self->beginning && !page->more) {
        watcher_end (self->watcher);
        self->beginning = false;
    }
    snprintf (self->generation, sizeof self->generation, "%s", page->generation);
    self->watches = page->last;
    self->stale_watches = self->stale_watches || page->more;
}

static void take_watches (void *arg, const link_answer_t *answer)
{
    daemon_t *self = arg;
    watch_page_t page = {.generation = NULL};
    baton_error_t error;
    self->asking_watches = false;
    if (answer->status != BATON_OK)
        log_warning ("the broker does not say what to look at: %s", answer->failure->message);
    else if (record_decode (&RECORD_watch_page, answer->body, answer->size, &page, &error) != BATON_OK)
        log_error ("what to look at can't be read: %s", error.message);
    else
        take_page (self, &page);
    record_clear (&RECORD_watch_page, &page);
    if (self->stale_watches)
        watch_ask (self);
}

void watch_ask (daemon_t *self)
{
    self->stale_watches = self->asking_watches;
    if (self->asking_watches || !self->registered)
        return;
    node_watches_request_t request = {.generation = self->generation, .after = self->watches};
    self->asking_watches = link_ask (self->link, METHOD_node_watches, &request, take_watches, self) == BATON_OK;
}

/*  The same finding is one report, also after a restart: what was seen last has stood since one position only. */
void watch_changed (void *arg, uint64_t epoch, const trigger_changed_request_t *change)
{
    daemon_t *self = arg;
    char once[LIMIT_NAME + 64];
    baton_error_t error;
    snprintf (once, sizeof once, "%s %" PRIu64 " %.20s", change->name, change->since, change->seen);
    if (report_change (self, change->session, epoch, METHOD_trigger_changed, change, once, &error) == BATON_OK)
        courier_send (self->courier, change->session);
    else {
        log_error ("a change for %s can't be reported yet: %s", change->session, error.message);
        watcher_again (self->watcher, change->session);
    }
}
