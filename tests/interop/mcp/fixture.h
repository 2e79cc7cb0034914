/*  The server that the protocol's conformance suite is run against; for tests only. */
#ifndef BATON_TEST_FIXTURE_H
#define BATON_TEST_FIXTURE_H

#include "peer.h"

mcp_offer_t fixture_offer (void);

/*  Goes on with a call in 50 ms, unless it is forgotten before. */
void fixture_later (mcp_call_t *call, void (*step) (mcp_call_t *call, unsigned number), unsigned number);
void fixture_forget (const mcp_call_t *call);

/*  Tells all clients that there are other "tools", or "prompts". */
void fixture_list_changed (const char *what);

#endif
