#include "manifest.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static workspace_item_t *add (workspace_t *workspace, entry_kind_e kind, const char *path, size_t length)
{
    workspace_item_t *item = list_append (workspace, sizeof *item);
    assert_non_null (item);
    item->entry.kind = kind;
    assert_int_equal (bytes_set (&item->entry.path, path, length), BATON_OK);
    return item;
}

static workspace_t with_root (void)
{
    workspace_t workspace = {0};
    add (&workspace, entry_kind_directory, "", 0)->entry.mode = 0755;
    return workspace;
}

static baton_status check (const workspace_t *workspace, baton_error_t *error)
{
    manifest_t manifest = {.entries = workspace->count};
    for (size_t i = 0; i < workspace->count; i++)
        manifest.bytes += workspace->items[i].entry.size;
    return manifest_check (workspace, &manifest, error);
}

static void test_paths_that_lead_astray (void **state)
{
    (void) state;
    static const struct {
        const char *path;
        size_t length;
        baton_status want;
    } ROWS[] = {
        {"a", 1, BATON_OK},
        {"...", 3, BATON_OK},
        {".git", 4, BATON_OK},
        {"new\nline", 8, BATON_OK},
        {"\xff\xfe", 2, BATON_OK},
        {"", 0, BATON_invalid_argument},
        {".", 1, BATON_invalid_argument},
        {"..", 2, BATON_invalid_argument},
        {"/", 1, BATON_invalid_argument},
        {"/etc/passwd", 11, BATON_invalid_argument},
        {"../a", 4, BATON_invalid_argument},
        {"a/..", 4, BATON_invalid_argument},
        {"a/../b", 6, BATON_invalid_argument},
        {"a//b", 4, BATON_invalid_argument},
        {"a/", 2, BATON_invalid_argument},
        {"a/./b", 5, BATON_invalid_argument},
        {"a\0b", 3, BATON_invalid_argument},
        {"nowhere/b", 9, BATON_invalid_argument},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        workspace_t workspace = with_root ();
        baton_error_t error = {0};
        add (&workspace, entry_kind_file, ROWS[i].path, ROWS[i].length);
        if (check (&workspace, &error) != ROWS[i].want)
            fail_msg ("%s: %s", ROWS[i].path, error.message);
        workspace_clear (&workspace);
    }
}

static void test_name_of_256_bytes (void **state)
{
    (void) state;
    char name[257];
    memset (name, 'x', sizeof name);
    for (size_t length = 255; length <= 256; length++) {
        workspace_t workspace = with_root ();
        add (&workspace, entry_kind_file, name, length);
        assert_int_equal (check (&workspace, NULL), length == 255 ? BATON_OK : BATON_invalid_argument);
        workspace_clear (&workspace);
    }
}

static void spoil_size (manifest_entry_t *entry)
{
    entry->size = CHUNK_SIZE + 1;
}

static void spoil_kind (manifest_entry_t *entry)
{
    entry->kind = entry_kind_directory;
    entry->size = 5;
}

static void spoil_link (manifest_entry_t *entry)
{
    entry->kind = entry_kind_symlink;
}

static void spoil_target (manifest_entry_t *entry)
{
    assert_int_equal (bytes_set (&entry->target, "x", 1), BATON_OK);
}

static void spoil_link_target (manifest_entry_t *entry)
{
    entry->kind = entry_kind_symlink;
    assert_int_equal (bytes_set (&entry->target, "a\0b", 3), BATON_OK);
}

static void spoil_order (manifest_entry_t *entry)
{
    assert_int_equal (bytes_set (&entry->path, "a", 1), BATON_OK);
}

static void test_entries_that_make_no_sense (void **state)
{
    (void) state;
    void (*const SPOIL[]) (manifest_entry_t *) = {spoil_size,   spoil_kind,        spoil_link,
                                                  spoil_target, spoil_link_target, spoil_order};
    for (size_t i = 0; i < COUNT (SPOIL); i++) {
        workspace_t workspace = with_root ();
        add (&workspace, entry_kind_file, "a", 1);
        manifest_entry_t *entry = &add (&workspace, entry_kind_file, "b", 1)->entry;
        assert_int_equal (check (&workspace, NULL), BATON_OK);
        SPOIL[i](entry);
        assert_int_equal (check (&workspace, NULL), BATON_invalid_argument);
        workspace_clear (&workspace);
    }
}

static void test_a_file_under_a_link_or_a_file (void **state)
{
    (void) state;
    const entry_kind_e kinds[] = {entry_kind_symlink, entry_kind_file, entry_kind_directory};
    for (size_t i = 0; i < COUNT (kinds); i++) {
        workspace_t workspace = with_root ();
        manifest_entry_t *entry = &add (&workspace, kinds[i], "a", 1)->entry;
        if (kinds[i] == entry_kind_symlink)
            assert_int_equal (bytes_set (&entry->target, "/etc", 4), BATON_OK);
        add (&workspace, entry_kind_file, "a-b", 3);
        add (&workspace, entry_kind_file, "a/b", 3);
        assert_int_equal (check (&workspace, NULL),
                          kinds[i] == entry_kind_directory ? BATON_OK : BATON_invalid_argument);
        workspace_clear (&workspace);
    }
}

static void test_no_root (void **state)
{
    (void) state;
    workspace_t workspace = {0};
    assert_int_equal (check (&workspace, NULL), BATON_invalid_argument);
    add (&workspace, entry_kind_file, "a", 1);
    assert_int_equal (check (&workspace, NULL), BATON_invalid_argument);
    workspace_clear (&workspace);
}

static workspace_t many_files (unsigned count)
{
    workspace_t workspace = with_root ();
    for (unsigned i = 0; i < count; i++) {
        char path[32];
        int length = snprintf (path, sizeof path, "file-%06u", i * 2);
        add (&workspace, entry_kind_file, path, (size_t) length)->entry.mode = 0644;
    }
    return workspace;
}

static void test_round_trip_and_stable_parts (void **state)
{
    (void) state;
    workspace_t workspace = many_files (5000), back = {0};
    manifest_packed_t packed = {0}, again = {0};
    assert_int_equal (manifest_pack (&workspace, &packed, NULL), BATON_OK);
    assert_in_range (packed.parts.count, 5, 100);
    for (size_t i = 0; i < packed.parts.count; i++)
        assert_int_equal (
            manifest_unpack_part (packed.parts.items[i].bytes.data, packed.parts.items[i].bytes.size, &back, NULL),
            BATON_OK);
    assert_int_equal (check (&back, NULL), BATON_OK);
    assert_int_equal (manifest_pack (&back, &again, NULL), BATON_OK);
    assert_string_equal (packed.digest, again.digest);

    /*  One file more in the middle changes the digest, but one part only. */
    add (&back, entry_kind_file, "file-005001", 11);
    workspace_item_t last = back.items[back.count - 1];
    size_t at = back.count - 1;
    for (; workspace_compare (&back.items[at - 1].entry.path, &last.entry.path) > 0; at--)
        back.items[at] = back.items[at - 1];
    back.items[at] = last;
    assert_int_equal (manifest_pack (&back, &again, NULL), BATON_OK);
    assert_string_not_equal (packed.digest, again.digest);
    size_t same = 0;
    for (size_t i = 0; i < packed.parts.count; i++)
        for (size_t j = 0; j < again.parts.count; j++)
            same += memcmp (packed.parts.items[i].digest, again.parts.items[j].digest, CHUNK_DIGEST) == 0;
    assert_true (same + 2 >= packed.parts.count);
    manifest_packed_clear (&packed);
    manifest_packed_clear (&again);
    workspace_clear (&workspace);
    workspace_clear (&back);
}

static void test_digest_sees_everything (void **state)
{
    (void) state;
    manifest_packed_t packed = {0};
    char before[DIGEST_SIZE];
    workspace_t workspace = with_root ();
    manifest_entry_t *entry = &add (&workspace, entry_kind_file, "a", 1)->entry;
    assert_int_equal (manifest_pack (&workspace, &packed, NULL), BATON_OK);
    for (int change = 0; change < 3; change++) {
        memcpy (before, packed.digest, sizeof before);
        if (change == 0)
            entry->mtime = (uint64_t) -1;
        else if (change == 1)
            entry->mode = 04755;
        else
            workspace.items[0].entry.mtime = 7;
        assert_int_equal (manifest_pack (&workspace, &packed, NULL), BATON_OK);
        assert_string_not_equal (before, packed.digest);
    }
    manifest_packed_clear (&packed);
    workspace_clear (&workspace);
}

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_paths_that_lead_astray),
        cmocka_unit_test (test_name_of_256_bytes),
        cmocka_unit_test (test_entries_that_make_no_sense),
        cmocka_unit_test (test_a_file_under_a_link_or_a_file),
        cmocka_unit_test (test_no_root),
        cmocka_unit_test (test_round_trip_and_stable_parts),
        cmocka_unit_test (test_digest_sees_everything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
