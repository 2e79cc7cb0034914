#include "faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t left;
static _Thread_local bool hit;

void faults_set (uint64_t countdown)
{
    left = countdown;
    hit = false;
}

bool faults_hit (void)
{
    return hit;
}

bool faults_round (uint64_t k)
{
    bool again = k == 1 || hit;
    faults_set (again ? k : 0);
    return again;
}

static bool fails (void)
{
    if (left == 0 || --left > 0)
        return false;
    hit = true;
    errno = ENOMEM;
    return true;
}

void *__real_malloc (size_t size);
void *__wrap_malloc (size_t size);
void *__wrap_malloc (size_t size)
{
    return fails () ? NULL : __real_malloc (size);
}

void *__real_calloc (size_t count, size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_calloc (size_t count, size_t size)
{
    return fails () ? NULL : __real_calloc (count, size);
}

void *__real_realloc (void *block, size_t size);
void *__wrap_realloc (void *block, size_t size);
void *__wrap_realloc (void *block, size_t size)
{
    return fails () ? NULL : __real_realloc (block, size);
}

char *__real_strdup (const char *text);
char *__wrap_strdup (const char *text);
char *__wrap_strdup (const char *text)
{
    return fails () ? NULL : __real_strdup (text);
}

char *__real_strndup (const char *text, size_t size);
char *__wrap_strndup (const char *text, size_t size);
char *__wrap_strndup (const char *text, size_t size)
{
    return fails () ? NULL : __real_strndup (text, size);
}
