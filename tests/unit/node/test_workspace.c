#include "chunk.h"
#include "files.h"
#include "id.h"
#include "unit.h"
#include "workspace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

static int setup (void **state)
{
    (void) state;
    strcpy (folder, P_tmpdir "/baton-workspace-XXXXXX");
    return mkdtemp (folder) && chdir (folder) == 0 && mkdir ("w", 0755) == 0 && chdir ("w") == 0 ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    files_remove_tree (folder);
    return chdir ("/");
}

static void put (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static baton_status scan (const workspace_scan_t *options, workspace_t *ret_workspace, baton_error_t *error)
{
    int root = -1;
    assert_int_equal (workspace_open (".", &root, NULL), BATON_OK);
    baton_status status = workspace_scan (root, options, ret_workspace, error);
    close (root);
    return status;
}

static const workspace_item_t *find (const workspace_t *workspace, const char *path)
{
    baton_bytes_t bytes = {strlen (path), (uint8_t *) path};
    return workspace_find (workspace, &bytes);
}

static void test_what_is_found (void **state)
{
    (void) state;
    put ("../outside", "secret");
    assert_int_equal (mkdir ("empty", 0700), 0);
    assert_int_equal (mkdir ("d", 0755), 0);
    put ("d/f", "hello");
    put ("none", "");
    assert_int_equal (chmod ("none", 04751), 0);
    assert_int_equal (symlink ("../outside", "out") | symlink ("nowhere", "dangling") | symlink ("..", "up"), 0);
    assert_int_equal (link ("d/f", "hard"), 0);
    workspace_scan_t options = {0};
    workspace_t found = {0};
    assert_int_equal (scan (&options, &found, NULL), BATON_OK);
    assert_int_equal (found.count, 9);
    for (size_t i = 1; i < found.count; i++)
        assert_true (workspace_compare (&found.items[i - 1].entry.path, &found.items[i].entry.path) < 0);
    assert_int_equal (find (&found, "")->entry.kind, entry_kind_directory);
    assert_int_equal (find (&found, "empty")->entry.mode, 0700);
    assert_int_equal (find (&found, "none")->entry.mode, 04751);
    assert_int_equal (find (&found, "none")->entry.chunks.size, 0);
    assert_int_equal (find (&found, "out")->entry.kind, entry_kind_symlink);
    assert_memory_equal (find (&found, "out")->entry.target.data, "../outside", 10);
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest ("hello", 5, digest);
    assert_memory_equal (find (&found, "d/f")->entry.chunks.data, digest, CHUNK_DIGEST);
    assert_memory_equal (find (&found, "hard")->entry.chunks.data, digest, CHUNK_DIGEST);
    assert_null (find (&found, "out/"));
    workspace_clear (&found);
}

static void make_fifo (void)
{
    assert_int_equal (mkfifo ("d/odd", 0600), 0);
}

static void make_socket (void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "d/odd"};
    int file = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal (bind (file, (struct sockaddr *) &address, sizeof address), 0);
    close (file);
}

static void make_giant (void)
{
    put ("d/odd", "");
    assert_int_equal (truncate ("d/odd", (off_t) LIMIT_FILE_CHUNKS * CHUNK_SIZE + 1), 0);
}

static void test_what_is_refused (void **state)
{
    (void) state;
    void (*const MAKE[]) (void) = {make_fifo, make_socket, make_giant};
    assert_int_equal (mkdir ("d", 0755), 0);
    for (size_t i = 0; i < COUNT (MAKE); i++) {
        MAKE[i]();
        workspace_scan_t options = {0};
        workspace_t found = {0};
        baton_error_t error = {0};
        assert_int_equal (scan (&options, &found, &error), BATON_failed_precondition);
        assert_non_null (strstr (error.message, "d/odd"));
        assert_int_equal (found.count, 0);
        binding_t omit = {.path = (char *) "d/odd", .omit = true};
        options = (workspace_scan_t){.binding_count = 1, .bindings = &omit};
        assert_int_equal (scan (&options, &found, &error), BATON_OK);
        assert_int_equal (found.count, 2);
        workspace_clear (&found);
        unlink ("d/odd");
    }
}

static void test_bindings (void **state)
{
    (void) state;
    static const struct {
        const char *pattern, *path;
        bool omits;
    } ROWS[] = {
        {"a", "a", true},
        {"a", "a/b/c", true},
        {"a/", "a/b", true},
        {"./a", "a", true},
        {"a", "ab", false},
        {"a", "b/a", false},
        {"*.o", "x.o", true},
        {"*.o", "d/x.o", false},
        {"d/*.o", "d/x.o", true},
        {"d/*", "d/x/y", true},
        {"**/*.o", "d/e/x.o", true},
        {"**/*.o", "x.o", true},
        {"**/cache", "d/cache/x", true},
        {"**/cache", "d/mycache/x", false},
        {".git", ".git/config", true},
        {"*", ".git", true},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        binding_t bindings[] = {{.path = (char *) "zzz"}, {.path = (char *) ROWS[i].pattern, .omit = true}};
        if (workspace_omits (bindings, 2, ROWS[i].path) != ROWS[i].omits)
            fail_msg ("%s on %s", ROWS[i].pattern, ROWS[i].path);
        bindings[1].omit = false;
        assert_false (workspace_omits (bindings, 2, ROWS[i].path));
    }
}

/*  Digests of an earlier scan are reused while the file looks the same: shown by a digest that can't be. */
static void test_rescan (void **state)
{
    (void) state;
    put ("old", "content");
    put ("new", "content");
    workspace_scan_t options = {0};
    workspace_t first = {0}, second = {0};
    assert_int_equal (scan (&options, &first, NULL), BATON_OK);
    for (size_t i = 1; i < first.count; i++) {
        assert_false (first.items[i].identity.trusted); /*  written a moment ago */
        first.items[i].entry.chunks.data[0] ^= 1;
    }
    workspace_item_t *old = (workspace_item_t *) find (&first, "old");
    old->identity.trusted = true;
    options.known = &first;
    assert_int_equal (scan (&options, &second, NULL), BATON_OK);
    assert_memory_equal (find (&second, "old")->entry.chunks.data, old->entry.chunks.data, CHUNK_DIGEST);
    assert_memory_not_equal (find (&second, "new")->entry.chunks.data, find (&first, "new")->entry.chunks.data,
                             CHUNK_DIGEST);
    put ("old", "changed");
    assert_int_equal (scan (&options, &second, NULL), BATON_OK);
    assert_memory_not_equal (find (&second, "old")->entry.chunks.data, old->entry.chunks.data, CHUNK_DIGEST);
    workspace_clear (&first);
    workspace_clear (&second);
}

static void test_sparse (void **state)
{
    (void) state;
    put ("sparse", "");
    assert_int_equal (truncate ("sparse", (off_t) 4 << 30), 0);
    int file = open ("sparse", O_WRONLY);
    assert_int_equal (pwrite (file, "x", 1, (off_t) 3 << 30), 1);
    close (file);
    workspace_scan_t options = {0};
    workspace_t found = {0};
    assert_int_equal (scan (&options, &found, NULL), BATON_OK);
    const manifest_entry_t *entry = &find (&found, "sparse")->entry;
    assert_int_equal (entry->chunks.size, 16384 * CHUNK_DIGEST);
    for (size_t i = 0; i < 16384; i++)
        assert_int_equal (chunk_is_zero (entry->chunks.data + i * CHUNK_DIGEST), i != 12288);
    workspace_clear (&found);
}

static bool always (void *argument)
{
    (void) argument;
    return true;
}

static void test_interrupted (void **state)
{
    (void) state;
    put ("a", "a");
    workspace_scan_t options = {.interrupted = always};
    workspace_t found = {0};
    assert_int_equal (scan (&options, &found, NULL), BATON_aborted);
}

static void test_opening_below (void **state)
{
    (void) state;
    put ("../outside", "secret");
    assert_int_equal (mkdir ("d", 0755) | symlink ("..", "d/up") | symlink ("d", "link"), 0);
    put ("d/f", "");
    int root = -1;
    assert_int_equal (workspace_open (".", &root, NULL), BATON_OK);
    static const char *const REFUSED[] = {"..",   "../outside", "d/up", "d/up/outside",
                                          "link", "link/f",     "/etc", "d/../../outside"};
    for (size_t i = 0; i < COUNT (REFUSED); i++)
        assert_int_equal (workspace_open_below (root, REFUSED[i], O_RDONLY, 0), -1);
    int file = workspace_open_below (root, "d/f", O_RDONLY, 0);
    assert_true (file >= 0);
    close (file);
    close (root);
}

static void test_not_a_folder (void **state)
{
    (void) state;
    put ("f", "");
    int root = -1;
    assert_int_equal (workspace_open ("missing", &root, NULL), BATON_not_found);
    assert_int_equal (workspace_open ("f", &root, NULL), BATON_failed_precondition);
}

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_what_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown (test_what_is_refused, setup, teardown),
        cmocka_unit_test (test_bindings),
        cmocka_unit_test_setup_teardown (test_rescan, setup, teardown),
        cmocka_unit_test_setup_teardown (test_sparse, setup, teardown),
        cmocka_unit_test_setup_teardown (test_interrupted, setup, teardown),
        cmocka_unit_test_setup_teardown (test_opening_below, setup, teardown),
        cmocka_unit_test_setup_teardown (test_not_a_folder, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
