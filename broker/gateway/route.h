/*  From the first line of an HTTP request to a method of the table and the parameters that stand in it. Pure. */
#ifndef BATON_ROUTE_H
#define BATON_ROUTE_H

#include "record_json.h"
#include "schema.h"

#define ROUTE_TARGET_MOST 8192   /*  bytes of a path with its query, as it comes */
#define ROUTE_PARAMETERS_MOST 64 /*  in a query */

typedef struct {
    method_id_t method;
    json_t *params;         /*  an object; owned */
    bool has_body;          /*  the other parameters are in a JSON body */
    uint64_t past, timeout; /*  of a GET: wait until the session is past this position, at most so many ms */
    char allowed[64];       /*  with wrong_verb: the verbs that this path has, as Allow wants them */
} route_t;

/*  The target is as it came, with its percent-encoding. unknown_path when no method has it, wrong_verb when others
 *  have; invalid_argument for what is malformed, or no parameter of the method. */
BATON_MUST_USE baton_status route_find (const char *verb, const char *target, route_t *ret_route, baton_error_t *error);
void route_clear (route_t *self);

/*  Adds the members of a JSON body to the parameters: none may be there already. NULL or nothing: no body. */
BATON_MUST_USE baton_status route_add_body (route_t *self, const char *data, size_t size, baton_error_t *error);

/*  One part of a path or a query, decoded; false for broken percent-encoding, NUL, or more than `room` bytes with the
 *  terminating NUL. plus: "+" is a space. */
bool route_decode (const char *text, size_t size, bool plus, char *ret_text, size_t room);

#endif
