/*  Removing big folders without keeping the node's loop waiting: they are moved into STATE/trash at once, and a thread
 * of its own removes what is there.
 */
#ifndef BATON_TRASH_H
#define BATON_TRASH_H

/*  Removes the folder at path, which must be on the state's file system. One that isn't there is fine. */
void trash_put (const char *state, const char *path);

/*  Removes what an earlier life left in the trash. */
void trash_sweep (const char *state);

#endif
