#include "procs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    pid_t parent;
    pid_t session;
    char state;
} process_t;

/*  proc(5): the name in parentheses may hold anything, so the fields are counted from the last ')'. */
static bool read_process (pid_t pid, process_t *ret_process)
{
    char path[64], text[1024];
    snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
    int file = open (path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read (file, text, sizeof text - 1);
    close (file);
    if (size <= 0)
        return false;
    text[size] = '\0';
    const char *fields = strrchr (text, ')');
    int parent, group, session;
    char state;
    if (!fields || sscanf (fields + 1, " %c %d %d %d", &state, &parent, &group, &session) != 4)
        return false;
    *ret_process = (process_t){parent, session, state};
    return true;
}

/*  Whether NAME=VALUE is one whole entry of the environment that the process was started with. */
static bool has_mark (pid_t pid, const char *mark)
{
    char path[64];
    snprintf (path, sizeof path, "/proc/%d/environ", (int) pid);
    FILE *file = fopen (path, "re");
    if (!file)
        return false;
    bool found = false;
    char *entry = NULL;
    size_t capacity = 0;
    while (!found && getdelim (&entry, &capacity, '\0', file) > 0)
        found = strcmp (entry, mark) == 0;
    free (entry);
    fclose (file);
    return found;
}

typedef bool (match_fn) (pid_t pid, const process_t *process, const void *arg);

static size_t kill_matching (match_fn *match, const void *arg)
{
    DIR *folder = opendir ("/proc");
    if (!folder)
        return 0;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir (folder));) {
        pid_t pid = (pid_t) atoi (entry->d_name);
        process_t process;
        if (!isdigit ((unsigned char) entry->d_name[0]) || pid == getpid () || !read_process (pid, &process) ||
            process.state == 'Z' || process.state == 'X' || !match (pid, &process, arg))
            continue;
        kill (pid, SIGKILL);
        count++;
    }
    closedir (folder);
    return count;
}

static bool is_child (pid_t pid, const process_t *process, const void *arg)
{
    (void) pid;
    return process->parent == *(const pid_t *) arg;
}

size_t procs_kill_children (pid_t parent)
{
    return kill_matching (is_child, &parent);
}

typedef struct {
    pid_t session;
    const char *mark;
} marked_t;

static bool is_marked (pid_t pid, const process_t *process, const void *arg)
{
    const marked_t *marked = arg;
    return process->session == marked->session || has_mark (pid, marked->mark);
}

size_t procs_kill_marked (pid_t session, const char *mark)
{
    marked_t marked = {session, mark};
    return kill_matching (is_marked, &marked);
}
