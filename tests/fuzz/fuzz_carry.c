/*  The workspace of an archive: its manifest, and packs of its contents, all from outside.
 *
 *  The input is a sequence of sections, each with its size in two bytes before it: the manifest, or, when the first is
 *  empty, a part of one, which gets the manifest that fits it, since nobody guesses a digest; and then packs.
 */
#include "carry.h"
#include "manifest.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *at;
    size_t left;
} input_t;

static baton_bytes_t next_section (input_t *input)
{
    size_t size = input->left >= 2 ? (size_t) input->at[0] << 8 | input->at[1] : 0, head = input->left >= 2 ? 2 : 0;
    if (size > input->left - head)
        size = input->left - head;
    baton_bytes_t section = {size, (uint8_t *) input->at + head};
    input->at += head + size;
    input->left -= head + size;
    return section;
}

/*  The manifest of a single part, as far as the part can be read. */
static baton_status begin_with (const baton_bytes_t *part, carry_t **ret_carry)
{
    workspace_t workspace = {0};
    uint8_t digest[CHUNK_DIGEST];
    manifest_t manifest = {.parts = {sizeof digest, digest}};
    baton_bytes_t bytes = {0};
    chunk_digest (part->data, part->size, digest);
    if (manifest_unpack_part (part->data, part->size, &workspace, NULL) == BATON_OK)
        manifest.entries = workspace.count;
    for (size_t i = 0; i < workspace.count; i++)
        manifest.bytes += workspace.items[i].entry.size;
    workspace_clear (&workspace);
    must (record_encode (&RECORD_manifest, &manifest, &bytes) == BATON_OK);
    baton_status status = carry_new (bytes.data, bytes.size, ret_carry, NULL);
    bytes_clear (&bytes);
    if (status == BATON_OK)
        status = carry_take (*ret_carry, part, NULL);
    return status;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    carry_t *carry = NULL;
    baton_bytes_t section = next_section (&input);
    baton_status status = BATON_OK;
    if (section.size > 0)
        status = carry_new (section.data, section.size, &carry, NULL);
    else {
        section = next_section (&input);
        status = begin_with (&section, &carry);
    }
    while (status == BATON_OK && input.left > 0) {
        size_t count = 0;
        section = next_section (&input);
        check_fixpoint (&RECORD_workspace_pack, section.data, section.size);
        status = carry_take_pack (carry, section.data, section.size, NULL);
        const uint8_t *wanted = carry_wanted (carry, &count);
        must (status != BATON_OK || (count > 0) == (wanted != NULL));
    }
    carry_destroy (&carry);
    return 0;
}
