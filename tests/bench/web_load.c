#include "web_load.h"

#include <unistd.h>

typedef struct {
    web_t webs[WEB_CLIENTS];
    int watch;
    web_next_t next;
    const void *context;
    uint64_t random;
} load_t;

static void send_next (load_t *self, const web_t *web)
{
    char text[2048];
    web_send (web, text, self->next (self->context, &self->random, text, sizeof text));
}

static size_t run (load_t *self, uint64_t duration_us)
{
    uint64_t now = clock_us (), end = now + duration_us;
    size_t done = 0, waiting = WEB_CLIENTS;
    for (size_t i = 0; i < WEB_CLIENTS; i++)
        send_next (self, &self->webs[i]);
    while (waiting > 0) {
        struct epoll_event ready[WEB_READY_MOST];
        size_t count = web_await (self->watch, ready);
        now = clock_us ();
        for (size_t i = 0; i < count; i++) {
            web_t *web = &self->webs[ready[i].data.u32];
            if (!web_take (web))
                continue;
            done += now < end;
            if (now < end)
                send_next (self, web);
            else
                waiting--;
        }
    }
    return done;
}

double web_load_rate (const web_door_t *door, web_next_t next, const void *context, uint64_t duration_us)
{
    static load_t load;
    load.next = next;
    load.context = context;
    load.random = clock_us () | 1;
    for (size_t i = 0; i < WEB_CLIENTS; i++)
        web_open (&load.webs[i], door);
    load.watch = web_watch (load.webs, WEB_CLIENTS);
    run (&load, duration_us / 4);
    uint64_t started = clock_us ();
    size_t done = run (&load, duration_us);
    double seconds = (double) (clock_us () - started) / 1e6;
    close (load.watch);
    for (size_t i = 0; i < WEB_CLIENTS; i++)
        web_close (&load.webs[i]);
    return (double) done / seconds;
}
