#include "local.h"
#include "value.h"

/*  Packs the map again with a session key in front. */
static baton_status add_session (const char *session, const msgpack_object_map *map, baton_bytes_t *ret_body)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    int failed = msgpack_pack_map (&packer, map->size + 1u);
    failed |= msgpack_pack_str_with_body (&packer, "session", strlen ("session"));
    failed |= msgpack_pack_str_with_body (&packer, session, strlen (session));
    for (uint32_t i = 0; i < map->size; i++) {
        failed |= msgpack_pack_object (&packer, map->ptr[i].key);
        failed |= msgpack_pack_object (&packer, map->ptr[i].val);
    }
    baton_status status = failed ? BATON_resource_exhausted : bytes_set (ret_body, buffer.data, buffer.size);
    msgpack_sbuffer_destroy (&buffer);
    return status;
}

static bool has_session (const msgpack_object_map *map)
{
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (key->type == MSGPACK_OBJECT_STR && key->via.str.size == strlen ("session") &&
            memcmp (key->via.str.ptr, "session", key->via.str.size) == 0)
            return map->ptr[i].val.type != MSGPACK_OBJECT_NIL;
    }
    return false;
}

/*  The body with the session in it; as it is when it is no map, for the decoder to refuse. */
static baton_status complete (const char *session, const uint8_t *body, size_t size, baton_bytes_t *ret_body,
                              baton_error_t *error)
{
    static const uint8_t EMPTY_MAP[] = {0x80};
    if (size == 0) {
        body = EMPTY_MAP;
        size = sizeof EMPTY_MAP;
    }
    baton_status status = value_check (body, size, error);
    if (status != BATON_OK)
        return status;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    if (msgpack_unpack_next (&unpacked, (const char *) body, size, NULL) != MSGPACK_UNPACK_SUCCESS)
        status = baton_fail_memory (error);
    else if (unpacked.data.type != MSGPACK_OBJECT_MAP || has_session (&unpacked.data.via.map))
        status = bytes_set (ret_body, body, size);
    else
        status = add_session (session, &unpacked.data.via.map, ret_body);
    msgpack_unpacked_destroy (&unpacked);
    return status == BATON_resource_exhausted ? baton_fail_memory (error) : status;
}

/*  Whose child a session is only the broker knows: it checks what a run looks at there. */
static baton_status check_session (const char *session, const method_row_t *method, const void *request,
                                   baton_error_t *error)
{
    const char *named = record_text (&method->type, request, "session");
    return text_equal (named, session) || method->inside == INSIDE_kin
               ? BATON_OK
               : baton_fail_field (error, BATON_permission_denied, BATON_REASON_not_your_session, "session",
                                   "this run belongs to session %s and can't touch %s", session, named ? named : "");
}

static baton_status admit_body (const char *session, const method_row_t *method, const uint8_t *body, size_t size,
                                baton_bytes_t *ret_body, baton_error_t *error)
{
    bool own = record_field (&method->type, "session") != NULL;
    baton_bytes_t whole = {0, NULL};
    void *request = calloc (1, method->type.size + 1);
    baton_status status = request ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK && own)
        status = complete (session, body, size, &whole, error);
    if (status == BATON_OK)
        status = record_decode (&method->type, own ? whole.data : body, own ? whole.size : size, request, error);
    if (status == BATON_OK && own)
        status = check_session (session, method, request, error);
    if (status == BATON_OK && record_encode (&method->type, request, ret_body) != BATON_OK)
        status = baton_fail_memory (error);
    if (request)
        record_clear (&method->type, request);
    free (request);
    bytes_clear (&whole);
    return status;
}

baton_status local_admit (const char *session, const char *method_name, const uint8_t *body, size_t size,
                          admitted_t *ret_admitted, baton_error_t *error)
{
    method_id_t method = method_find (method_name);
    if (method == METHOD_none || METHODS[method].access == ACCESS_internal)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_unknown_method, "there is no method %s",
                           method_name);
    if (!METHODS[method].inside)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                           "%s is not for runs: a run can only work on its own session", method_name);
    baton_status status = admit_body (session, &METHODS[method], body, size, &ret_admitted->body, error);
    if (status == BATON_OK)
        ret_admitted->method = method;
    return status;
}
