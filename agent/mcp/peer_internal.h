/*  What peer.c, call.c and listen.c share; nobody else includes it. */
#ifndef BATON_MCP_PEER_INTERNAL_H
#define BATON_MCP_PEER_INTERNAL_H

#include "peer.h"

#define MCP_META "io.modelcontextprotocol/"
#define MCP_LEVEL_NONE (-1)

struct mcp_peer {
    mcp_setting_t setting;
    void *data;
    char revision[16];    /*  of the handshake */
    json_t *capabilities; /*  of the handshake */
    int level;            /*  of the handshake's log messages */
    json_int_t last_request;
    json_t *watched;    /*  URI -> how many want to know */
    json_t *subscribed; /*  URI -> true, as the handshake's revision subscribes */
    mcp_call_t *calls;
    size_t call_count;
};

struct mcp_call {
    mcp_call_t *next;
    mcp_peer_t *peer;
    void *exchange;
    void *data;
    json_t *id;
    char *method;
    json_t *params;
    const json_t *meta; /*  of the params; NULL for none */
    bool stateless;
    bool listening;    /*  it is a subscription, and has no end of its own */
    int level;         /*  of log messages that it wants */
    double progress;   /*  told last; -1: nothing yet */
    json_t *inputs;    /*  key -> answer */
    json_t *state;     /*  of the call, opened */
    json_t *questions; /*  with a handshake: the id that a question was sent under -> its key and method */
};

/* ---- call.c ---- */

/*  Makes a call part of its peer; NULL for lack of memory. */
mcp_call_t *call_new (mcp_peer_t *peer, const mcp_message_t *message, void *exchange, bool stateless);

/*  Takes it out of its peer and frees it, without a word to anybody. */
void call_destroy (mcp_call_t *self);

/*  Ends it with an answer of that HTTP status. */
void call_refuse (mcp_call_t *self, int status, int code, const char *text, json_t *data);

/*  Tells the offer and the transport that it is over, and destroys it. */
void call_drop (mcp_call_t *self);

/*  Takes inputResponses and requestState from its params. False: it is refused, and gone. */
bool call_open (mcp_call_t *self);

/*  The client's response to a question that was sent as a request. */
void call_take_answer (mcp_peer_t *peer, const mcp_message_t *response);

/*  Its number among the levels of RFC 5424, debug first; MCP_LEVEL_NONE when it is none. */
int level_of (const char *word);

/* ---- listen.c ---- */

void listen_begin (mcp_call_t *call);
void listen_end (mcp_call_t *call);
void listen_subscribe (mcp_call_t *call, bool on);
void listen_forget (mcp_peer_t *peer);

/* ---- state.c ---- */

/*  What a call has to know, as text that only we can have made and that is of use to that call alone, for ten minutes.
 *  `now` in seconds. NULL for lack of memory, or when it is too large. Freed with free (). */
char *state_seal (const mcp_seal_t *seal, const mcp_call_t *call, const json_t *state, int64_t now);

/*  The other way; NULL when it is none of ours, of another call or another client, or too old. */
json_t *state_open (const mcp_seal_t *seal, const mcp_call_t *call, const char *text, int64_t now);

#endif
