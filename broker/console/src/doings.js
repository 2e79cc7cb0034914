// What there is to do with a session: one row each.
import { get, url } from './api.js';
import { Compaction, Fork, Merge, Migration, Past, Stop, Tree } from './previews.js';
import { plural } from './words.js';

const lives = ({ state }) => state !== 'terminated';
const runs = ({ state }) => state === 'running';
const NODE = ['to', 'Node', 'node'], DETAIL = ['detail', 'Why', 'line'];

// The state that an action begins with; of another position when one was given.
const stateAt = ({ session }, { at }) => get(url`/v1/sessions/${session}`, { at: Number(at) || undefined });

/*  when (state)     whether it makes sense
 *  fields           [name, label, kind] each; a kind is a word of Field in actions.js, or the choices
 *  needs            the field without which it can't be asked for
 *  preview          shows what it would do: the method's dry run, or what look (state, values) has found
 *  blocks (plan)    whether that speaks against it
 *  path, body       of the request, when they are not the usual ones
 *  said (answer)    what is said when it was done
 *  to (answer)      where to go afterwards
 *  bad              it ends or stops something
 */
export const DOINGS = {
    activate: { when: lives, help: 'Start a run.', fields: [['input', 'Input (text or JSON)', 'value']] },
    suspend: { when: runs, help: 'The run reaches a safe point and stops. The session is kept.', preview: Stop, look: stateAt },
    interrupt: { when: (state) => runs(state) && state.run?.phase !== 'finished', bad: true, preview: Stop, look: stateAt,
                 help: 'Stop the run now. The session is kept.' },
    fork: { when: () => true, help: 'Another session goes on from here.', preview: Fork, look: stateAt,
            fields: [['title', 'Title', 'line'], ['at', 'From position (empty: the present one)', 'number'],
                     ['workspace', 'Workspace', ['copy', 'worktree', 'shared']], ['activate', 'Activate it at once', 'flag']],
            to: ({ session }) => ['s', session] },
    merge: { when: lives, help: 'Bring what this session has changed into another one that it has a past in common with.',
             fields: [['into', 'Into', 'kin'], ['keep', 'Keep this session', 'flag']], needs: 'into', preview: Merge,
             said: ({ merged, conflicts }) => merged ? 'Merged' : `${plural(conflicts, 'conflict')} to decide`,
             path: (session, { into }) => url`/v1/sessions/${into}/merge`, body: (session, { keep }) => ({ from: session, keep }),
             to: (done) => done.breakpoint && !done.merged ? ['b', done.session, String(done.breakpoint)] : ['s', done.session] },
    migrate: { when: (state) => lives(state) && !state.migrating, fields: [NODE], preview: Migration,
               help: 'Move it to another node, with its workspace; what is open stays open.',
               said: ({ target }) => `On its way to ${target}`, blocks: ({ checks = [] }) => checks.some(({ ok }) => !ok) },
    'undo migration': { when: ({ migrating }) => migrating, help: 'The session goes on where it was.',
                        path: (session) => url`/v1/sessions/${session}/migrate/abort` },
    save: { when: lives, help: 'Give this position a name.', fields: [['label', 'Label', 'line']],
            path: (session) => url`/v1/sessions/${session}/checkpoints` },
    restore: { when: lives, fields: [['at', 'Position', 'number']], needs: 'at', preview: Past, look: stateAt,
               help: 'Make an earlier state the current one: context, memory, decisions, artifacts, title.' },
    compact: { when: lives, help: 'A summary stands for earlier items. Nothing is deleted.', preview: Compaction,
               fields: [['keep_last', 'Items to keep', 'number']] },
    complete: { when: lives, help: 'End the session: its objective is reached.', fields: [DETAIL] },
    cancel: { when: lives, help: 'End the session: its objective is given up.', preview: Tree, bad: true,
              fields: [DETAIL, ['tree', 'And all sessions below it', 'flag']] },
};
