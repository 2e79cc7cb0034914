// What can be done with a session. Whatever reaches far is shown before it is done.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, pages, post, url } from './api.js';
import { Fact } from './conflicts.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Dialog, Failed, Loading, say } from './parts.js';
import { go } from './route.js';
import { may } from './site.js';
import { count, plain, plural, title, typed } from './words.js';

// ---- previews ----

const Checks = ({ plan }) => html`<p>${plan.source ? html`From <b>${plan.source}</b> ` : ''}to <b>${plan.target ?? 'no node'}</b></p>
    <ul class="checks">${(plan.checks ?? []).map(({ name, ok, detail }) => html`<li key=${name} class=${ok ? 'good' : 'bad'}>
        <span aria-hidden="true">${ok ? '✓' : '✗'}</span> ${plain(name)}<span class="hidden">${ok ? ' holds' : ' does not hold'}</span> <span class="quiet">${detail}</span></li>`)}</ul>`;

const Merge = ({ plan }) => {
    const { keys = [], items = 0, tokens = 0 } = plan.merge ?? {};
    return html`<p>${plural(keys.length, 'key')} and ${plural(items, 'item')} (${count(tokens)} tokens) come in.
            ${plan.conflicts ? html` <b>${plural(plan.conflicts, 'conflict')}</b>: a breakpoint asks people to decide.` : ' Nothing conflicts.'}</p>
        <ul class="facts-list">${keys.slice(0, 100).map((fact) => html`<${Fact} key=${`${fact.kind}/${fact.key}`} fact=${fact}/>`)}</ul>`;
};

const Tree = ({ plan }) => plan.tree?.length ? html`<p>${plural(plan.tree.length, 'session')} would end:</p>
    <ul class="ids">${plan.tree.slice(0, 50).map(({ session, title: name }) => html`<li key=${session}>${name || session}</li>`)}</ul>`
    : html`<p class="quiet">This session alone ends; a run that is under way is stopped.</p>`;

const Compaction = ({ plan }) => html`<p>${plan.items_before ?? 0} items (${count(plan.tokens_before)} tokens) become ${plan.items ?? 0} (${count(plan.tokens)}).</p>
    <div class="content prose" tabindex="0">${plan.summary}</div>`;

// ---- what there is to do ----

const NODE = ['to', 'Node', 'node'], DETAIL = ['detail', 'Why', 'line'];
// name: allowed (state), what it says, fields, path (values), body (values), preview, where to go afterwards
const ACTIONS = {
    activate: { when: ({ state }) => state !== 'terminated', help: 'Start a run.', fields: [['input', 'Input (text or JSON)', 'value']] },
    suspend: { when: ({ state }) => state === 'running', help: 'The run reaches a safe point and stops. The session is kept.' },
    interrupt: { when: ({ state, run }) => state === 'running' && run?.phase !== 'finished', help: 'Stop the run now. The session is kept.', bad: true },
    fork: { when: () => true, help: 'Another session goes on from here.', fields: [['title', 'Title', 'line'], ['at', 'From position', 'number'],
            ['workspace', 'Workspace', ['copy', 'worktree', 'shared']], ['activate', 'Activate it at once', 'flag']], to: ({ session }) => ['s', session] },
    merge: { when: ({ state }) => state !== 'terminated', help: 'Bring what this session has changed into another one that it has a past in common with.', fields: [['into', 'Into', 'kin'], ['keep', 'Keep this session', 'flag']],
             path: (session, { into }) => url`/v1/sessions/${into}/merge`, body: (session, { keep }) => ({ from: session, keep }), preview: Merge, needs: 'into',
             to: (done) => done.breakpoint && !done.merged ? ['b', done.session, String(done.breakpoint)] : ['s', done.session] },
    migrate: { when: ({ state, migrating }) => state !== 'terminated' && !migrating, help: 'Move it to another node, with its workspace; what is open stays open.', fields: [NODE], preview: Checks,
               blocks: (plan) => (plan.checks ?? []).some(({ ok }) => !ok) },
    'undo migration': { when: ({ migrating }) => migrating, help: 'The session goes on where it was.', path: (session) => url`/v1/sessions/${session}/migrate/abort` },
    save: { when: ({ state }) => state !== 'terminated', help: 'Give this position a name.', fields: [['label', 'Label', 'line']], path: (session) => url`/v1/sessions/${session}/checkpoints` },
    restore: { when: ({ state }) => state !== 'terminated', help: 'Make an earlier state the current one: context, memory, decisions, artifacts, title.', fields: [['at', 'Checkpoint or position', 'line']], needs: 'at' },
    compact: { when: ({ state }) => state !== 'terminated', help: 'A summary stands for earlier items. Nothing is deleted.', fields: [['keep_last', 'Items to keep', 'number']], preview: Compaction },
    complete: { when: ({ state }) => state !== 'terminated', help: 'End the session: its objective is reached.', fields: [DETAIL] },
    cancel: { when: ({ state }) => state !== 'terminated', help: 'End the session: its objective is given up.', fields: [DETAIL, ['tree', 'And all sessions below it', 'flag']], preview: Tree, bad: true },
};
const FIRST = ['activate', 'suspend']; // that have a button of their own

// ---- one of them ----

const READ = { number: Number, value: typed };
const taken = (fields = [], values) => Object.fromEntries(fields.map(([name, , kind]) => [name, values[name] ? (READ[kind]?.(values[name]) ?? values[name]) : undefined]));

// Sessions that have a past in common with this one.
async function kin({ session, forked_from: fork }) {
    const found = [];
    await pages('/v1/sessions', { limit: 1000 }, (page) => {
        found.push(...(page.sessions ?? []).filter((row) => row.state !== 'terminated' && row.session !== session &&
            (row.session === fork?.session || row.forked_from === session || (fork && row.forked_from === fork.session))));
        return found.length < 200;
    });
    return found.map((row) => [row.session, row.title]);
}

const nodes = async ({ lease }) => [['', 'the one with most free slots'], ...((await get('/v1/nodes')).nodes ?? [])
    .filter(({ name }) => name !== lease?.node).map(({ name, state }) => [name, state === 'up' ? name : `${name} (${state})`])];

function Field({ state, field: [name, label, kind], value, onChange }) {
    const [choices, setChoices] = useState(Array.isArray(kind) ? kind.map((word) => [word, word]) : []);
    useEffect(() => {
        const load = { node: nodes, kin }[kind];
        load?.(state).then((found) => { setChoices(found); onChange(found[0]?.[0] ?? ''); }, () => {});
    }, []);
    const input = (event) => onChange(event.target.value);
    if (kind === 'flag')
        return html`<label class="check"><input type="checkbox" checked=${value} onChange=${(event) => onChange(event.target.checked)}/> ${label}</label>`;
    if (Array.isArray(kind) || kind === 'node' || kind === 'kin')
        return html`<label>${label}<select value=${value} onChange=${input}>${choices.map(([id, text]) => html`<option key=${id} value=${id}>${text}</option>`)}</select>
            ${kind === 'kin' && !choices.length && html`<span class="quiet">No other session has a past in common with it.</span>`}</label>`;
    if (kind === 'value')
        return html`<label>${label}<textarea rows="3" value=${value} onInput=${input}/></label>`;
    return html`<label>${label}<input value=${value} inputmode=${kind === 'number' ? 'numeric' : undefined} onInput=${input} autocomplete="off"/></label>`;
}

function Action({ name, state, onClose, reload }) {
    const action = ACTIONS[name], [values, setValues] = useState({}), [plan, setPlan] = useState(), [problem, setProblem] = useState(), [busy, setBusy] = useState(false);
    const asked = useRef(0);
    const { session } = state, path = action.path?.(session, values) ?? url`/v1/sessions/${session}/${name}`;
    const body = () => action.body?.(session, values) ?? taken(action.fields, values);
    const ready = !action.needs || values[action.needs];
    useEffect(() => {
        if (!action.preview || !ready)
            return;
        const mine = ++asked.current;
        const timer = setTimeout(() => post(path, { ...body(), dry_run: true }).then(
            (found) => mine === asked.current && (setPlan(found), setProblem()),
            (wrong) => mine === asked.current && (setPlan(), setProblem(wrong))), 150);
        return () => clearTimeout(timer);
    }, [JSON.stringify(values)]);
    const run = async (event) => {
        event.preventDefault();
        setBusy(true);
        try {
            const done = await post(path, body());
            say(`${title(name)}: done`, 'good');
            onClose();
            reload();
            action.to && go(action.to(done));
        } catch (wrong) {
            setProblem(wrong);
            setBusy(false);
        }
    };
    const Preview = action.preview, blocked = !ready || (Preview && (!plan || action.blocks?.(plan)));
    return html`<${Dialog} title=${`${title(name)} “${state.title}”`} onClose=${onClose} wide=${Preview === Merge}>
        <form onSubmit=${run}><p>${action.help}</p>
            ${(action.fields ?? []).map((field) => html`<${Field} key=${field[0]} state=${state} field=${field} value=${values[field[0]] ?? ''}
                onChange=${(value) => setValues((old) => ({ ...old, [field[0]]: value }))}/>`)}
            ${Preview && ready && html`<section class="preview" aria-label="What it would do" aria-live="polite"><h3>What it would do</h3>
                ${plan ? html`<${Preview} plan=${plan}/>` : !problem && html`<${Loading}/>`}</section>`}
            ${problem && html`<${Failed} problem=${problem}/>`}
            <div class="buttons"><button type="button" onClick=${onClose}>Close</button>
                <button class=${`main ${action.bad ? 'bad' : ''}`} disabled=${busy || blocked}>${title(name)}</button></div></form><//>`;
}

export function Actions({ state, reload }) {
    const [chosen, setChosen] = useState(), menu = useRef();
    const possible = Object.keys(ACTIONS).filter((name) => ACTIONS[name].when(state));
    useKeys([['x', 'What can be done', () => { menu.current.open = true; menu.current.querySelector('.menu button')?.focus(); }]]);
    if (!may.value.operate)
        return null;
    const open = (name) => { menu.current.open = false; setChosen(name); };
    const leave = (event) => { if (!menu.current.contains(event.relatedTarget)) menu.current.open = false; };
    const keys = (event) => {
        const all = [...menu.current.querySelectorAll('.menu button')], step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
        if (event.key === 'Escape') {
            menu.current.open = false;
            event.stopPropagation();
            menu.current.querySelector('summary').focus();
        } else if (step) {
            event.preventDefault();
            event.stopPropagation();
            all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
        }
    };
    return html`<div class="actions">${FIRST.filter((name) => possible.includes(name)).map((name) => html`
            <button key=${name} onClick=${() => open(name)}>${title(name)}…</button>`)}
        <details class="more-actions" ref=${menu} onFocusOut=${leave} onKeyDown=${keys}><summary class="button">Actions</summary>
            <ul class="menu">${possible.map((name) => html`<li key=${name}><button class=${`plain ${ACTIONS[name].bad ? 'bad' : ''}`} onClick=${() => open(name)}>${title(name)}…</button></li>`)}</ul></details>
        ${chosen && html`<${Action} name=${chosen} state=${state} onClose=${() => setChosen()} reload=${reload}/>`}</div>`;
}
