/*  As many requests over HTTP as a server answers, over WEB_CLIENTS connections with one request each. */
#ifndef BATON_BENCH_WEB_LOAD_H
#define BATON_BENCH_WEB_LOAD_H

#include "web.h"

#define WEB_CLIENTS 64

/*  Writes the next request into text, and returns its size; *random is for chance (). */
typedef size_t (*web_next_t) (const void *context, uint64_t *random, char *text, size_t room);

/*  Answers a second, over that many microseconds; before that comes a quarter as much that does not count. */
double web_load_rate (const web_door_t *door, web_next_t next, const void *context, uint64_t duration_us);

#endif
