#include "web.h"

#include "schema.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE_MOST 10000 /*  ms */

/* ---- the door ---- */

static void call (baton_client_t *client, const char *method, const record_type_t *type, void *ret_reply)
{
    static const uint8_t NOTHING[] = {0x80}; /*  MessagePack: an empty map */
    baton_bytes_t reply = {0};
    baton_error_t error = {0};
    demand_ok (baton_call (client, method, NOTHING, sizeof NOTHING, NULL, &reply.data, &reply.size, &error), &error,
               method);
    demand_ok (record_decode (type, reply.data, reply.size, ret_reply, &error), &error, method);
    bytes_clear (&reply);
}

void web_door_find (web_door_t *self, const baton_context_t *context)
{
    baton_client_t *client = NULL;
    baton_error_t error = {0};
    about_t about = {0};
    token_made_t made = {0};
    demand_ok (baton_client_new (context, &client, &error), &error, "a client");
    call (client, "site.about", &RECORD_about, &about);
    call (client, "token.create", &RECORD_token_made, &made);
    baton_client_destroy (&client);
    demand (about.http && strncmp (about.http, "http://", 7) == 0, "the broker serves no HTTP");
    snprintf (self->host, sizeof self->host, "%s", about.http + 7);
    snprintf (self->token, sizeof self->token, "%s", made.token);
    record_clear (&RECORD_about, &about);
    record_clear (&RECORD_token_made, &made);
}

/* ---- connections ---- */

void web_open (web_t *self, const web_door_t *door)
{
    int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    at.sin_port = htons ((uint16_t) strtoul (strrchr (door->host, ':') + 1, NULL, 10));
    self->size = 0;
    self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    demand (self->fd >= 0 && connect (self->fd, (struct sockaddr *) &at, sizeof at) == 0, "cannot connect to %s: %s",
            door->host, strerror (errno));
    setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void web_close (web_t *self)
{
    close (self->fd);
}

size_t web_request (const web_door_t *door, const char *verb, const char *target, const char *more, const char *body,
                    char *text, size_t room)
{
    char about_body[96] = "";
    if (body)
        snprintf (about_body, sizeof about_body, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                  strlen (body));
    int size = snprintf (text, room, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s%s\r\n%s", verb, target, door->host,
                         *door->token ? "Authorization: Bearer " : "", door->token, *door->token ? "\r\n" : "", more,
                         about_body, body ? body : "");
    demand (size > 0 && (size_t) size < room, "a request is too long");
    return (size_t) size;
}

void web_send (const web_t *self, const char *text, size_t size)
{
    demand (send (self->fd, text, size, MSG_NOSIGNAL) == (ssize_t) size, "cannot send: %s", strerror (errno));
}

const char *web_take (web_t *self)
{
    ssize_t part = recv (self->fd, self->received + self->size, sizeof self->received - 1 - self->size, MSG_DONTWAIT);
    demand (part > 0 || (part < 0 && errno == EAGAIN), "the server has closed a connection");
    self->size += part > 0 ? (size_t) part : 0;
    self->received[self->size] = '\0';
    char *body = strstr (self->received, "\r\n\r\n");
    if (!body)
        return NULL;
    demand (strncmp (self->received, "HTTP/1.1 200", 12) == 0, "the server refuses: %s", self->received);
    const char *length = strcasestr (self->received, "\r\nContent-Length:");
    demand (length && length < body, "an answer without a length");
    body += 4;
    if (self->size < (size_t) (body - self->received) + strtoul (length + 17, NULL, 10))
        return NULL;
    self->size = 0; /*  one request at a time: nothing follows */
    return body;
}

const char *web_ask (web_t *self, const web_door_t *door, const char *verb, const char *target, const char *body)
{
    char text[2048];
    const char *answer = NULL;
    web_send (self, text, web_request (door, verb, target, "", body, text, sizeof text));
    while (!answer) {
        struct pollfd item = {.fd = self->fd, .events = POLLIN};
        demand (poll (&item, 1, SILENCE_MOST) == 1, "the server does not answer");
        answer = web_take (self);
    }
    return answer;
}

unsigned long long web_number (const char *body, const char *name)
{
    char mark[64];
    snprintf (mark, sizeof mark, "\"%s\":", name);
    const char *found = strstr (body, mark);
    demand (found, "there is no %s in %s", name, body);
    return strtoull (found + strlen (mark), NULL, 10);
}

/* ---- many of them ---- */

int web_watch (const web_t *webs, size_t count)
{
    int watch = epoll_create1 (EPOLL_CLOEXEC);
    demand (watch >= 0, "cannot make an epoll: %s", strerror (errno));
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t) i};
        demand (epoll_ctl (watch, EPOLL_CTL_ADD, webs[i].fd, &event) == 0, "cannot watch a socket: %s",
                strerror (errno));
    }
    return watch;
}

size_t web_await (int watch, struct epoll_event ret_ready[WEB_READY_MOST])
{
    int count = epoll_wait (watch, ret_ready, WEB_READY_MOST, SILENCE_MOST);
    demand (count > 0, "the server does not answer");
    return (size_t) count;
}
