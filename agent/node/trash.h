/*  Removing big folders without keeping the node's loop waiting: they are moved into STATE/trash at once, and a thread
 * of its own removes what is there.
 */
#ifndef BATON_TRASH_H
#define BATON_TRASH_H

/*  Removes the folder at path, which must be on the state's file system. One that isn't there is fine. */
void trash_put (const char *state, const char *path);

/*  The same for many: only moves it, trash_sweep then removes all of them. */
void trash_move (const char *state, const char *path);

/*  Removes whatever is in the trash, also what an earlier life left there. */
void trash_sweep (const char *state);

#endif
