/*  One use of `baton`: where its output goes, what every command may be told, and the connection, made when needed.
 *
 *  The exit code is a function of the status alone (cli_exit_code), but for commands whose answer is the exit code:
 *  they set exit_code themselves.
 */
#ifndef BATON_CLI_H
#define BATON_CLI_H

#include "schema.h"

#include <baton/baton.h>
#include <stdio.h>

typedef enum { OUTPUT_table, OUTPUT_json, OUTPUT_jsonl, OUTPUT_name } output_t;

enum {
    EXIT_ok = 0,
    EXIT_failure = 1,
    EXIT_usage = 2,
    EXIT_not_found = 3,
    EXIT_denied = 4,
    EXIT_conflict = 5,
    EXIT_unreachable = 6,
    EXIT_timed_out = 7,
    /*  breakpoint ask --wait only */
    EXIT_rejected = 10,
    EXIT_expired = 11,
    EXIT_cancelled = 12,
};

typedef struct {
    FILE *out;
    FILE *err;
    bool colour;   /*  out is a terminal that wants it */
    bool progress; /*  err is a terminal: lines that change while one waits */
    size_t width;  /*  columns of the terminal that out is; 0: it is none */
    /*  What every command may be told. Borrowed from argv. */
    output_t output;
    bool output_given;
    const char *context_name; /*  NULL: the one that baton_context_find finds */
    const char *key;
    uint64_t timeout; /*  milliseconds; 0: see cli_call, or for ever where a command waits */
    uint64_t if_n;
    uint64_t fence;
    const volatile sig_atomic_t
        *stop; /*  ends what is waited for when a signal handler has set it; NULL: nothing does */
    /*  Made by cli_connect. */
    baton_context_t context;
    baton_client_t *client;
    bool headed;   /*  a stream's columns have their headers */
    bool away;     /*  it was said that the broker is away */
    int exit_code; /*  of a command that succeeded */
    /*  For whoever reads an error. */
    char session[LIMIT_ID + 1]; /*  the id that the command is about; "" while it is not known */
    char hint[LIMIT_SHORT];     /*  what to do next, where that is known better than from the reason */
} cli_t;

/*  A whole use of the program: parses argv, does it, prints, and gives the exit code. */
int cli_main (int argc, char **argv, FILE *out, FILE *err);

/*  Finds the context and makes the client, once. */
BATON_MUST_USE baton_status cli_connect (cli_t *self, baton_error_t *error);
void cli_clear (cli_t *self);

/*  Whether we speak as a run, to its node. Only after cli_connect or cli_find_context. */
bool cli_inside (const cli_t *self);
BATON_MUST_USE baton_status cli_find_context (cli_t *self, baton_error_t *error);

/*  Calls a method. ret_reply, a zeroed record of the method's reply type, is the caller's to clear; ret_raw, the same
 *  as msgpack, may be NULL. Without a --timeout it waits ten seconds, but LIMIT_WAIT inside a run: a broker that is
 *  away is to cost a driver nothing but time. */
BATON_MUST_USE baton_status cli_call (cli_t *self, method_id_t method, const void *request, void *ret_reply,
                                      baton_bytes_t *ret_raw, baton_error_t *error);

/*  A read that is answered once the session's journal is past that position, or after `timeout` milliseconds; 0 for
 *  past answers at once. A broker that is away for a while is waited for as well. */
BATON_MUST_USE baton_status cli_read_past (cli_t *self, method_id_t method, const void *request, uint64_t past,
                                           uint64_t timeout, void *ret_reply, baton_bytes_t *ret_raw,
                                           baton_error_t *error);

/*  Says once, on a terminal, that the broker is away, and once that it is back; for commands that go on waiting. */
void cli_note_away (cli_t *self);
void cli_note_back (cli_t *self);

/*  Prints "baton: MESSAGE" and, on a second line, what to do next. */
void cli_complain (const cli_t *self, const baton_error_t *error);

int cli_exit_code (baton_status status);

/*  Sets what to do next, for the error that the command is about to give. */
void cli_hint (cli_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
