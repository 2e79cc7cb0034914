#include "putter.h"

#include "id.h"

#include <pthread.h>
#include <stdlib.h>

#define WAYS 3

typedef struct {
    cli_t cli; /*  the thread's while it runs */
    const char *upload;
    char digest[DIGEST_SIZE];
    baton_bytes_t content;
    pthread_t thread;
    bool under_way;
    baton_status status;
    baton_error_t error;
} way_t;

struct putter {
    way_t ways[WAYS];
    size_t next; /*  the one that has been under way for longest */
};

baton_status putter_new (cli_t *cli, const char *upload, putter_t **ret_putter, baton_error_t *error)
{
    baton_status status = cli_connect (cli, error);
    putter_t *self = status == BATON_OK ? calloc (1, sizeof *self) : NULL;
    if (!self)
        return status == BATON_OK ? baton_fail_memory (error) : status;
    for (size_t i = 0; i < WAYS; i++) {
        self->ways[i].cli = *cli;
        self->ways[i].cli.client = NULL;
        self->ways[i].cli.key = NULL;
        self->ways[i].upload = upload;
        self->ways[i].cli.progress = cli->progress && i == 0; /*  that the broker is away is said once */
    }
    *ret_putter = self;
    return BATON_OK;
}

static baton_status wait_for (way_t *way, baton_error_t *error)
{
    if (!way->under_way)
        return BATON_OK;
    pthread_join (way->thread, NULL);
    way->under_way = false;
    bytes_clear (&way->content);
    if (way->status != BATON_OK)
        *error = way->error;
    return way->status;
}

void putter_destroy (putter_t **self)
{
    baton_error_t ignored = {0};
    if (!*self)
        return;
    for (size_t i = 0; i < WAYS; i++) {
        if (wait_for (&(*self)->ways[i], &ignored) != BATON_OK)
            ignored = (baton_error_t){0};
        cli_clear (&(*self)->ways[i].cli);
    }
    free (*self);
    *self = NULL;
}

static void *send_content (void *argument)
{
    way_t *way = argument;
    blob_put_request_t request = {.digest = way->digest, .content = way->content, .upload = (char *) way->upload};
    nothing_t nothing = {};
    way->status = cli_call (&way->cli, METHOD_blob_put, &request, &nothing, NULL, &way->error);
    return NULL;
}

baton_status putter_put (putter_t *self, const char *digest, const baton_bytes_t *content, baton_error_t *error)
{
    way_t *way = &self->ways[self->next];
    baton_status status = wait_for (way, error);
    if (status != BATON_OK)
        return status;
    if (bytes_set (&way->content, content->data, content->size) != BATON_OK)
        return baton_fail_memory (error);
    snprintf (way->digest, sizeof way->digest, "%s", digest);
    way->under_way = pthread_create (&way->thread, NULL, send_content, way) == 0;
    self->next = (self->next + 1) % WAYS;
    if (way->under_way)
        return BATON_OK;
    send_content (way);
    bytes_clear (&way->content);
    if (way->status != BATON_OK)
        *error = way->error;
    return way->status;
}

baton_status putter_finish (putter_t *self, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < WAYS && status == BATON_OK; i++)
        status = wait_for (&self->ways[(self->next + i) % WAYS], error);
    return status;
}
