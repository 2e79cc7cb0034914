/*  Workspaces of archives: what is whole is taken, and everything else is refused before it is used. */
#include "carry.h"
#include "manifest.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void add (workspace_t *workspace, entry_kind_e kind, const char *path, const char *content)
{
    workspace_item_t *item = list_append (workspace, sizeof *item);
    assert_non_null (item);
    item->entry.kind = kind;
    assert_int_equal (bytes_set (&item->entry.path, path, strlen (path)), BATON_OK);
    if (kind == entry_kind_symlink)
        assert_int_equal (bytes_set (&item->entry.target, content, strlen (content)), BATON_OK);
    if (kind != entry_kind_file)
        return;
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (content, strlen (content), digest);
    item->entry.size = strlen (content);
    assert_int_equal (bytes_set (&item->entry.chunks, digest, sizeof digest), BATON_OK);
}

static workspace_t some_files (void)
{
    workspace_t workspace = {0};
    add (&workspace, entry_kind_directory, "", "");
    add (&workspace, entry_kind_file, "a", "one");
    add (&workspace, entry_kind_directory, "b", "");
    add (&workspace, entry_kind_file, "b/again", "one");
    add (&workspace, entry_kind_file, "b/c", "two");
    add (&workspace, entry_kind_symlink, "link", "../elsewhere");
    return workspace;
}

/*  Its manifest and parts; the workspace is taken. */
static baton_status begin (workspace_t *workspace, carry_t **ret_carry, baton_error_t *error)
{
    manifest_packed_t packed = {0};
    assert_int_equal (manifest_pack (workspace, &packed, NULL), BATON_OK);
    baton_status status = carry_new (packed.root.data, packed.root.size, ret_carry, error);
    for (size_t i = 0; i < packed.parts.count && status == BATON_OK; i++)
        status = carry_take (*ret_carry, &packed.parts.items[i].bytes, error);
    manifest_packed_clear (&packed);
    workspace_clear (workspace);
    return status;
}

static baton_status take (carry_t *carry, const char *content)
{
    baton_bytes_t bytes = {strlen (content), (uint8_t *) content};
    return carry_take (carry, &bytes, NULL);
}

static void what_is_whole_is_taken (void **state)
{
    (void) state;
    workspace_t workspace = some_files ();
    carry_t *carry = NULL;
    size_t count = 0;
    assert_int_equal (begin (&workspace, &carry, NULL), BATON_OK);
    (void) carry_wanted (carry, &count);
    assert_int_equal (count, 2);
    assert_int_equal (take (carry, "three"), BATON_invalid_argument);
    assert_int_equal (take (carry, "two"), BATON_OK);
    assert_int_equal (take (carry, "two"), BATON_invalid_argument);
    assert_int_equal (take (carry, "one"), BATON_OK);
    (void) carry_wanted (carry, &count);
    assert_int_equal (count, 0);
    assert_int_equal (take (carry, "one"), BATON_invalid_argument);
    carry_destroy (&carry);
}

static void what_leads_astray_is_refused (void **state)
{
    (void) state;
    static const struct {
        entry_kind_e kind;
        const char *path, *content;
    } ROWS[] = {
        {entry_kind_file, "/etc/passwd", "x"}, {entry_kind_file, "../a", "x"},     {entry_kind_file, "b/../../a", "x"},
        {entry_kind_file, "link/a", "x"},      {entry_kind_file, "link", "x"},     {entry_kind_file, "nowhere/a", "x"},
        {entry_kind_file, "a", "x"},           {entry_kind_symlink, "z", ""},      {entry_kind_directory, "..", ""},
        {entry_kind_directory, "", ""},        {entry_kind_directory, "m//n", ""},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        workspace_t workspace = some_files ();
        carry_t *carry = NULL;
        baton_error_t error = {0};
        add (&workspace, ROWS[i].kind, ROWS[i].path, ROWS[i].content);
        if (begin (&workspace, &carry, &error) != BATON_invalid_argument || error.reason != BATON_REASON_bad_archive)
            fail_msg ("%s: %s", ROWS[i].path, error.message);
        carry_destroy (&carry);
    }
}

static void parts_and_sizes_are_what_the_manifest_says (void **state)
{
    (void) state;
    carry_t *carry = NULL;
    manifest_packed_t packed = {0};
    workspace_t workspace = some_files ();
    assert_int_equal (carry_new ("x", 1, &carry, NULL), BATON_invalid_argument);
    assert_int_equal (carry_new ("\x80", 1, &carry, NULL), BATON_invalid_argument);
    assert_null (carry);
    assert_int_equal (manifest_pack (&workspace, &packed, NULL), BATON_OK);
    assert_int_equal (carry_new (packed.root.data, packed.root.size, &carry, NULL), BATON_OK);
    assert_int_equal (take (carry, "one"), BATON_invalid_argument);
    carry_destroy (&carry);
    manifest_packed_clear (&packed);
    workspace.items[1].entry.size = 4 * (uint64_t) CHUNK_SIZE;
    assert_int_equal (begin (&workspace, &carry, NULL), BATON_invalid_argument);
    carry_destroy (&carry);

    /*  The limit, and one byte above it. */
    for (uint64_t above = 0; above <= 1; above++) {
        baton_bytes_t bytes = {0};
        uint8_t digest[CHUNK_DIGEST] = {0};
        manifest_t manifest = {.entries = 1, .bytes = LIMIT_CARRIED + above, .parts = {sizeof digest, digest}};
        assert_int_equal (record_encode (&RECORD_manifest, &manifest, &bytes), BATON_OK);
        assert_int_equal (carry_new (bytes.data, bytes.size, &carry, NULL),
                          above ? BATON_resource_exhausted : BATON_OK);
        carry_destroy (&carry);
        bytes_clear (&bytes);
    }
}

static void packs_are_read_or_refused (void **state)
{
    (void) state;
    workspace_t workspace = some_files ();
    carry_t *carry = NULL;
    assert_int_equal (begin (&workspace, &carry, NULL), BATON_OK);
    assert_int_equal (carry_take_pack (carry, "\x80", 1, NULL), BATON_invalid_argument);
    assert_int_equal (carry_take_pack (carry, "\xc1", 1, NULL), BATON_invalid_argument);
    workspace_piece_t pieces[] = {{.content = {3, (uint8_t *) "one"}}, {.content = {3, (uint8_t *) "two"}}};
    workspace_pack_t pack = {.pieces = {COUNT (pieces), pieces}};
    baton_bytes_t bytes = {0};
    assert_int_equal (record_encode (&RECORD_workspace_pack, &pack, &bytes), BATON_OK);
    assert_int_equal (carry_take_pack (carry, bytes.data, bytes.size - 1, NULL), BATON_invalid_argument);
    assert_int_equal (carry_take_pack (carry, bytes.data, bytes.size, NULL), BATON_OK);
    assert_int_equal (carry_take_pack (carry, bytes.data, bytes.size, NULL), BATON_invalid_argument);
    bytes_clear (&bytes);
    carry_destroy (&carry);
}

/*  As many as an import can name, with the manifest; and one more. */
static void packs_have_a_limit (void **state)
{
    (void) state;
    workspace_t workspace = {0};
    carry_t *carry = NULL;
    char name[16];
    add (&workspace, entry_kind_directory, "", "");
    for (unsigned i = 0; i < LIMIT_PACKS; i++) {
        snprintf (name, sizeof name, "f%06u", i);
        add (&workspace, entry_kind_file, name, name);
    }
    assert_int_equal (begin (&workspace, &carry, NULL), BATON_OK);
    for (unsigned i = 0; i < LIMIT_PACKS; i++) {
        workspace_piece_t piece = {.content = {7, (uint8_t *) name}};
        workspace_pack_t pack = {.pieces = {1, &piece}};
        baton_bytes_t bytes = {0};
        baton_error_t error = {0};
        snprintf (name, sizeof name, "f%06u", i);
        assert_int_equal (record_encode (&RECORD_workspace_pack, &pack, &bytes), BATON_OK);
        baton_status status = carry_take_pack (carry, bytes.data, bytes.size, &error);
        assert_int_equal (status, i < LIMIT_PACKS - 1 ? BATON_OK : BATON_resource_exhausted);
        bytes_clear (&bytes);
    }
    carry_destroy (&carry);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_whole_is_taken),
        cmocka_unit_test (what_leads_astray_is_refused),
        cmocka_unit_test (parts_and_sizes_are_what_the_manifest_says),
        cmocka_unit_test (packs_are_read_or_refused),
        cmocka_unit_test (packs_have_a_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
