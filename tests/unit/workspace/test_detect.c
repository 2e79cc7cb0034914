/*  Version control, and where the look upward ends. */
#include "unit.h"

#include "trees.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static void put_git (const char *folder, const char *head)
{
    char path[256];
    snprintf (path, sizeof path, "%s/HEAD", folder);
    tree_put (path, head);
    snprintf (path, sizeof path, "%s/objects/", folder);
    tree_put (path, "");
    snprintf (path, sizeof path, "%s/refs/", folder);
    tree_put (path, "");
}

static void test_git (void **state)
{
    (void) state;
    put_git ("repo/.git", "ref: refs/heads/topic/one\n");
    tree_put ("repo/src/deep/x.c", "");
    workspace_report_t report = tree_detect ("repo/src/deep");
    assert_string_equal (report.root, tree_path ("repo"));
    assert_string_equal (report.kind, "git");
    assert_string_equal (report.found_by, "version control");
    assert_string_equal (report.vcs.branch, "topic/one");
    assert_false (report.vcs.worktree || report.vcs.submodule);
    record_clear (&RECORD_workspace_report, &report);
    tree_put ("repo/.git/HEAD", "0123456789abcdef0123456789abcdef01234567\n");
    report = tree_detect ("repo");
    assert_null (report.vcs.branch);
    assert_string_equal (report.vcs.commit, "0123456789abcdef0123456789abcdef01234567");
    record_clear (&RECORD_workspace_report, &report);
}

static void test_git_worktree (void **state)
{
    (void) state;
    put_git ("main/.git", "ref: refs/heads/main\n");
    put_git ("main/.git/worktrees/fix", "ref: refs/heads/fix\n");
    tree_put ("main/.git/worktrees/fix/commondir", "../..\n");
    tree_put ("trees/fix/.git", "gitdir: ../../main/.git/worktrees/fix\n");
    workspace_report_t report = tree_detect ("trees/fix");
    assert_string_equal (report.root, tree_path ("trees/fix"));
    assert_true (report.vcs.worktree);
    assert_false (report.vcs.submodule);
    assert_string_equal (report.vcs.branch, "fix");
    assert_string_equal (report.vcs.repository, tree_path ("main/.git"));
    record_clear (&RECORD_workspace_report, &report);
}

static void test_git_submodule (void **state)
{
    (void) state;
    put_git ("super/.git", "ref: refs/heads/main\n");
    put_git ("super/.git/modules/lib", "ref: refs/heads/dev\n");
    tree_put ("super/.git/modules/lib/config", "[core]\n\tbare = false\n\tworktree = ../../../lib\n");
    tree_put ("super/lib/.git", "gitdir: ../.git/modules/lib\n");
    workspace_report_t report = tree_detect ("super/lib");
    assert_string_equal (report.root, tree_path ("super/lib"));
    assert_true (report.vcs.submodule);
    assert_string_equal (report.vcs.superproject, tree_path ("super"));
    assert_int_equal (report.enclosing.count, 1);
    assert_string_equal (report.enclosing.items[0].root, tree_path ("super"));
    record_clear (&RECORD_workspace_report, &report);
    /*  As older versions of git made them: a repository of its own, named in .gitmodules. */
    put_git ("super/old/.git", "ref: refs/heads/dev\n");
    tree_put ("super/.gitmodules", "[submodule \"old\"]\n\tpath = old\n\turl = ../old\n");
    report = tree_detect ("super/old");
    assert_true (report.vcs.submodule);
    record_clear (&RECORD_workspace_report, &report);
    /*  And one that is only inside. */
    put_git ("super/other/.git", "ref: refs/heads/dev\n");
    report = tree_detect ("super/other");
    assert_false (report.vcs.submodule);
    assert_int_equal (report.enclosing.count, 1);
    record_clear (&RECORD_workspace_report, &report);
}

static void test_git_refused (void **state)
{
    (void) state;
    put_git ("bare.git", "ref: refs/heads/main\n");
    put_git ("repo/.git", "ref: refs/heads/main\n");
    put_git ("hub/.bare", "ref: refs/heads/main\n");
    tree_put ("hub/.bare/config", "[core]\n\tbare = true\n");
    tree_put ("hub/.git", "gitdir: ./.bare\n");
    tree_put ("lost/.git", "gitdir: /no/such/repository\n");
    tree_put ("odd/.git", "hello\n");
    static const char *const CASES[][2] = {
        {"bare.git", "is a bare git repository, without files to work with"},
        {"bare.git/refs", "is a bare git repository"},
        {"repo/.git/refs", "is where git keeps a repository: give a folder of its files"},
        {"hub", "belongs to a bare git repository"},
        {"lost", "which can't be opened: No such file"},
        {"odd", "does not say where the repository is"},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        workspace_report_t report = {0};
        baton_error_t error = {0};
        assert_int_equal (workspace_detect (tree_path (CASES[i][0]), "/tmp", &report, &error),
                          BATON_failed_precondition);
        if (!strstr (error.message, CASES[i][1]))
            fail_msg ("%s: %s", CASES[i][0], error.message);
        assert_string_equal (error.field, "directory");
    }
}

/*  Each other system: a file of the root, and the root that comes of it. */
static void test_others (void **state)
{
    static const char *const CASES[][2] = {
        {"hg", ".hg/requires"},
        {"svn", ".svn/wc.db"},
        {"svn", ".svn/entries"},
        {"fossil", ".fslckout"},
        {"fossil", "_FOSSIL_"},
        {"jj", ".jj/repo/type"},
        {"sapling", ".sl/store"},
        {"bzr", ".bzr/README"},
        {"darcs", "_darcs/format"},
        {"pijul", ".pijul/x"},
        {"monotone", "_MTN/x"},
        {"bitkeeper", ".bk/x"},
        {"got", ".got/x"},
        {"tfvc", "$tf/x"},
        {"plastic", ".plastic/x"},
        {"cvs", "CVS/Root"},
        {"repo", ".repo/manifests/x"},
    };
    (void) state;
    for (size_t i = 0; i < COUNT (CASES); i++) {
        char path[128];
        assert_int_equal (tree_begin (NULL), 0);
        snprintf (path, sizeof path, "copy/%s", CASES[i][1]);
        tree_put (path, "");
        tree_put ("copy/a/b/", "");
        workspace_report_t report = tree_detect ("copy/a/b");
        assert_string_equal (report.vcs.kind, CASES[i][0]);
        assert_string_equal (report.root, tree_path ("copy"));
        assert_string_equal (report.kind, CASES[i][0]);
        record_clear (&RECORD_workspace_report, &report);
        tree_end (NULL);
    }
}

/*  Where every folder has its own, the uppermost is the root. */
static void test_spread (void **state)
{
    (void) state;
    tree_put ("copy/.svn/entries", "");
    tree_put ("copy/a/.svn/entries", "");
    tree_put ("copy/a/b/.svn/entries", "");
    workspace_report_t report = tree_detect ("copy/a/b");
    assert_string_equal (report.root, tree_path ("copy"));
    assert_int_equal (report.enclosing.count, 0);
    record_clear (&RECORD_workspace_report, &report);
}

static void test_hg_and_jj (void **state)
{
    (void) state;
    tree_put ("hg/.hg/branch", "stable\n");
    tree_put ("hg/.hgsub", "sub = https://example.org/sub\n");
    tree_put ("hg/sub/.hg/requires", "");
    tree_put ("share/.hg/sharedpath", "/repos/x/.hg\n");
    workspace_report_t report = tree_detect ("hg/sub");
    assert_true (report.vcs.submodule);
    assert_string_equal (report.vcs.branch, "default");
    assert_string_equal (report.enclosing.items[0].branch, "stable");
    record_clear (&RECORD_workspace_report, &report);
    report = tree_detect ("share");
    assert_true (report.vcs.worktree);
    assert_string_equal (report.vcs.repository, "/repos/x");
    record_clear (&RECORD_workspace_report, &report);
    tree_put ("jj/.jj/repo/type", "");
    put_git ("jj/.git", "ref: refs/heads/main\n");
    tree_put ("second/.jj/repo", "../../jj/.jj/repo");
    report = tree_detect ("jj");
    assert_string_equal (report.vcs.kind, "jj");
    assert_string_equal (report.vcs.colocated, "git");
    record_clear (&RECORD_workspace_report, &report);
    report = tree_detect ("second");
    assert_true (report.vcs.worktree);
    record_clear (&RECORD_workspace_report, &report);
}

/*  A project file above the root of the version control is another's. */
static void test_root_ends_project (void **state)
{
    (void) state;
    tree_put ("package.json", "{}");
    put_git ("repo/.git", "ref: refs/heads/main\n");
    tree_put ("repo/src/", "");
    workspace_report_t report = tree_detect ("repo/src");
    assert_null (report.project.root);
    assert_string_equal (report.kind, "git");
    record_clear (&RECORD_workspace_report, &report);
}

static void test_nothing (void **state)
{
    (void) state;
    tree_put ("plain/a/", "");
    workspace_report_t report = tree_detect ("plain/a");
    assert_string_equal (report.root, tree_path ("plain/a"));
    assert_string_equal (report.kind, "folder");
    assert_string_equal (report.found_by, "nothing");
    record_clear (&RECORD_workspace_report, &report);
    baton_error_t error = {0};
    tree_put ("file", "");
    assert_int_equal (workspace_detect (tree_path ("gone"), NULL, &report, &error), BATON_not_found);
    assert_int_equal (workspace_detect (tree_path ("file"), NULL, &report, &error), BATON_invalid_argument);
    assert_non_null (strstr (error.message, "is no folder"));
}

/*  The home, and what is above it, count only when they are asked about. */
static void test_home (void **state)
{
    (void) state;
    tree_put ("home/package.json", "{}");
    tree_put ("home/a/", "");
    workspace_report_t report = {0};
    baton_error_t error = {0};
    assert_int_equal (workspace_detect (tree_path ("home/a"), tree_path ("home"), &report, &error), BATON_OK);
    assert_string_equal (report.found_by, "nothing");
    assert_int_equal (workspace_detect (tree_path ("home"), tree_path ("home"), &report, &error), BATON_OK);
    assert_string_equal (report.kind, "npm");
    assert_int_equal (workspace_detect ("/", NULL, &report, &error), BATON_OK);
    assert_string_equal (report.folder, "/");
    record_clear (&RECORD_workspace_report, &report);
}

/*  Runs in a process of its own; what it gives is the exit code. */
static int in_child (int look (void))
{
    pid_t child = fork ();
    if (child == 0)
        _exit (look ());
    int status = 0;
    waitpid (child, &status, 0);
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

#define SKIPPED 77

static int look_from_mount (void)
{
    if (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0 && unshare (CLONE_NEWNS) != 0)
        return SKIPPED;
    if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount (tree_path ("mounted"), tree_path ("mounted"), NULL, MS_BIND, NULL) != 0)
        return SKIPPED;
    workspace_report_t report = {0};
    baton_error_t error = {0};
    if (workspace_detect (tree_path ("mounted/a"), NULL, &report, &error) != BATON_OK)
        return 1;
    int code = strcmp (report.found_by, "nothing") == 0 ? 0 : 2;
    FILE *file = fopen (tree_path ("mounted/Cargo.toml"), "w");
    fclose (file);
    record_clear (&RECORD_workspace_report, &report);
    if (workspace_detect (tree_path ("mounted/a"), NULL, &report, &error) != BATON_OK ||
        strcmp (report.kind, "cargo") != 0)
        code = 3;
    record_clear (&RECORD_workspace_report, &report);
    return code;
}

/*  Also where the mounted folder is of the same file system. */
static void test_mount (void **state)
{
    (void) state;
    tree_put ("package.json", "{}");
    tree_put ("mounted/a/", "");
    int code = in_child (look_from_mount);
    if (code == SKIPPED)
        skip ();
    assert_int_equal (code, 0);
}

static int look_unreadable (void)
{
    if (geteuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0))
        return SKIPPED;
    workspace_report_t report = {0};
    baton_error_t error = {0};
    if (workspace_detect (tree_path ("open/shut/a"), "/tmp", &report, &error) != BATON_OK)
        return 1;
    bool noted = report.notes.count > 0 && strstr (report.notes.items[0], "open/closed: Permission denied");
    int code = !text_equal (report.kind, "npm")                             ? 2
               : !text_equal (report.project.root, tree_path ("open/shut")) ? 3
               : !noted                                                     ? 4
                                                                            : 0;
    record_clear (&RECORD_workspace_report, &report);
    return code;
}

/*  A folder that may be entered and not be read still has the names that are known; one that may not be entered is
 *  noted. */
static void test_unreadable (void **state)
{
    (void) state;
    tree_put ("open/nx.json", "{}");
    tree_put ("open/closed/project.json", "");
    tree_put ("open/shut/package.json", "{}");
    tree_put ("open/shut/a/", "");
    chmod (tree, 0755);
    chmod (tree_path ("open/shut"), 0711);
    chmod (tree_path ("open/closed"), 0700);
    if (geteuid () != 0)
        chmod (tree_path ("open/closed"), 0);
    int code = in_child (look_unreadable);
    chmod (tree_path ("open/closed"), 0700);
    if (code == SKIPPED)
        skip ();
    assert_int_equal (code, 0);
}

/*  A name that no terminal should get is written out. */
static void test_odd_names (void **state)
{
    (void) state;
    tree_put ("a\033[31m\xff/Makefile", "");
    workspace_report_t report = tree_detect ("a\033[31m\xff");
    assert_non_null (strstr (report.root, "/a\\x1b[31m\\xff"));
    baton_error_t error = {0};
    assert_int_equal (record_check (&RECORD_workspace_report, &report, &error), BATON_OK);
    record_clear (&RECORD_workspace_report, &report);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_git, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_git_worktree, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_git_submodule, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_git_refused, tree_begin, tree_end),
        cmocka_unit_test (test_others),
        cmocka_unit_test_setup_teardown (test_spread, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_hg_and_jj, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_root_ends_project, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_nothing, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_home, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_mount, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_unreadable, tree_begin, tree_end),
        cmocka_unit_test_setup_teardown (test_odd_names, tree_begin, tree_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
