/*  Connections to a server of HTTP, as cheap as they can be: what is measured is the server. */
#ifndef BATON_BENCH_WEB_H
#define BATON_BENCH_WEB_H

#include "daemon.h"

#include <sys/epoll.h>

/*  Where it is served, and a token for it; "": none. */
typedef struct {
    char host[64], token[128]; /*  host: ADDRESS:PORT */
} web_door_t;

/*  That of a broker, with a token of its admin. */
void web_door_find (web_door_t *self, const baton_context_t *context);

typedef struct {
    int fd;
    size_t size; /*  of what has come of the next answer */
    char received[8192];
} web_t;

void web_open (web_t *self, const web_door_t *door);
void web_close (web_t *self);

/*  Writes a request into text and returns its size; body NULL: none; more: further headers, each with its CR LF. */
size_t web_request (const web_door_t *door, const char *verb, const char *target, const char *more, const char *body,
                    char *text, size_t room);
void web_send (const web_t *self, const char *text, size_t size);

/*  Reads what has come, without waiting. When that is a whole answer, which has to be 200, returns its body, which is
 *  valid until the next call; else NULL. */
const char *web_take (web_t *self);

/*  Sends a request and waits for the answer's body. */
const char *web_ask (web_t *self, const web_door_t *door, const char *verb, const char *target, const char *body);

/*  The whole number after "NAME": in a body. */
unsigned long long web_number (const char *body, const char *name);

/*  An epoll of them, to be closed: data.u32 is the number of each. Waits until some have something. */
#define WEB_READY_MOST 64
int web_watch (const web_t *webs, size_t count);
size_t web_await (int watch, struct epoll_event ret_ready[WEB_READY_MOST]);

#endif
