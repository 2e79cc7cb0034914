// Nodes: their load, what is on them, and moves from one to another.
import { useEffect, useState } from 'preact/hooks';
import { get, post, url } from './api.js';
import { hostsProblem, refreshHosts, useHosts } from './hosts.js';
import { html } from './html.js';
import { Stream } from './live.js';
import { Steps } from './migration.js';
import { Ago, Badge, Dialog, Empty, Failed, Loading, Meter, say, sayProblem, useLoad } from './parts.js';
import { link } from './route.js';
import { may } from './site.js';
import { bytes, plain, plural } from './words.js';

const BACK = 20000;   // events of the site's log in which moves are looked for
const KEPT = 12;      // moves that are shown
const NAMED = 5;      // sessions that a node's card names

const AFTER = { migration_prepared: 'freeze', migration_frozen: 'accept', migration_committed: 'resume' };

// Moves as the log tells them, newest first.
function moves(events) {
    const found = new Map();
    for (const event of events) {
        const { kind, session, body = {}, at } = event, key = `${session}/${body.number}`;
        if (kind === 'migration_started')
            found.set(key, { key, session, at, events: [], migration: { ...body, step: 'prepare' } });
        const move = found.get(key);
        if (!move || !kind.startsWith('migration_'))
            continue;
        move.events.push(event);
        move.migration = { ...move.migration, deadline: body.deadline ?? move.migration.deadline,
                           step: AFTER[kind] ?? body.step ?? move.migration.step };
        move.done ||= kind === 'migration_finished';
        if (kind === 'migration_aborted')
            move.failed = body.detail || 'it was stopped';
    }
    return [...found.values()].sort((a, b) => b.at - a.at);
}

// The events of nodes and moves, from a while ago on; and how many of them there were.
function useMoves() {
    const [events, setEvents] = useState([]);
    useEffect(() => {
        let gone = false;
        async function lookBack() {
            const { seq = 0 } = await get('/v1/site');
            const page = await get('/v1/events', { class: 'node', after: Math.max(0, seq - BACK) || undefined, limit: 1000 });
            gone || setEvents((old) => [...page.events ?? [], ...old.filter((event) => event.seq > (page.last ?? 0))]);
        }
        const stream = new Stream({ class: 'node' }, {
            take: (event) => { setEvents((old) => [...old, event].slice(-5000)); refreshHosts(); },
            again: () => { refreshHosts(); lookBack().catch(() => {}); },
        });
        return () => { gone = true; stream.close(); };
    }, []);
    return events;
}

// ---- a node ----

const Ids = ({ title, ids = [], names }) => ids.length > 0 && html`<h3>${title} (${ids.length})</h3>
    <ul class="ids">${ids.slice(0, 50).map((id) => html`<li key=${id}><a href=${link(['s', id])}>${names?.get(id) ?? id}</a></li>`)}</ul>`;

// Titles of what is at a node.
async function namesAt(node) {
    const { sessions = [] } = await get('/v1/sessions', { node, limit: 1000 });
    return new Map(sessions.map(({ session, title }) => [session, title]));
}

function Drain({ node, onClose }) {
    const [plan, setPlan] = useState(), [problem, setProblem] = useState(), path = url`/v1/nodes/${node.name}/drain`;
    const { data: names } = useLoad(() => namesAt(node.name), [node.name]);
    useEffect(() => { post(path, { dry_run: true }).then(setPlan, setProblem); }, []);
    const drain = () => post(path).then(({ moving = [] }) => {
        say(`${node.name} is draining: ${plural(moving.length, 'session')} on the way`);
        onClose();
    }, setProblem);
    const none = plan && !plan.moving?.length && !plan.staying?.length;
    return html`<${Dialog} title=${`Drain ${node.name}`} onClose=${onClose}>
        <p>It takes no new sessions, and those that are on it move elsewhere.</p>
        ${problem ? html`<${Failed} problem=${problem}/>` : !plan && html`<${Loading}/>`}
        <${Ids} title="Would move" ids=${plan?.moving} names=${names}/>
        <${Ids} title="Would stay: no other node has room" ids=${plan?.staying} names=${names}/>
        ${none && html`<p class="quiet">No session is on it.</p>`}
        <div class="buttons"><button onClick=${onClose}>Cancel</button>
            <button class="main bad" disabled=${!plan} onClick=${drain}>Drain</button></div><//>`;
}

// What runs there, by name; looked at again when the number of slots in use is another one, or something has moved.
function Guests({ name, active, changes }) {
    const [rows, setRows] = useState([]);
    useEffect(() => {
        let gone = false;
        get('/v1/sessions', { node: name, state: 'running', limit: NAMED + 1 })
            .then(({ sessions = [] }) => gone || setRows(sessions), () => {});
        return () => { gone = true; };
    }, [name, active, changes]);
    return html`<ul class="guests" aria-label=${`Sessions on ${name}`}>
        ${rows.slice(0, NAMED).map(({ session, title, phase }) => html`<li key=${session}>
            <a href=${link(['s', session])}>${title}</a> <span class="quiet">${plain(phase)}</span></li>`)}
        ${rows.length > NAMED && html`<li class="quiet">and others</li>`}
        ${!rows.length && html`<li class="quiet">Nothing runs here.</li>`}</ul>`;
}

const Gauge = ({ name, value, most, text, tone }) => html`<div class="gauge"><span class="quiet">${name}</span>
    <${Meter} value=${value} most=${most} label=${`${name}: ${text}`} tone=${tone}/><span class="number">${text}</span></div>`;

function Node({ node, changes }) {
    const [draining, setDraining] = useState(false);
    const { name, state, slots = 0, active = 0, load = 0, labels = {}, drivers = [], free_bytes: free, seen_at: seen } = node;
    const undrain = () => post(url`/v1/nodes/${name}/undrain`).then(() => {
        say(`${name} takes sessions again`);
        refreshHosts();
    }, sayProblem);
    return html`<li class=${`host ${state}`}>
        <header><h2>${name}</h2><${Badge} word=${state}/>${node.draining && html` <${Badge} word="draining"/>`}
            <span class="quiet">seen <${Ago} at=${seen} long/></span></header>
        <${Gauge} name="Slots" value=${active} most=${slots} text=${`${active}/${slots}`} tone=${active >= slots ? 'warm' : ''}/>
        <${Gauge} name="Load" value=${load} most=${100} text=${`${load} %`} tone=${load > 150 ? 'bad' : load > 90 ? 'warm' : ''}/>
        <${Guests} name=${name} active=${active} changes=${changes}/>
        <p class="quiet">${free && `${bytes(free)} free · `}drivers: ${drivers.join(', ') || 'none'}</p>
        <p class="labels">${Object.entries(labels).map(([key, value]) => html`
            <span class="chip" key=${key}>${key}=${value}</span>`)}</p>
        <div class="buttons"><a class="button" href=${link(['fleet'], { node: name })}>Sessions</a>
            ${may.value.operate && (node.draining
                ? html`<button onClick=${undrain}>Undrain</button>`
                : html`<button onClick=${() => setDraining(true)}>Drain…</button>`)}</div>
        ${draining && html`<${Drain} node=${node} onClose=${() => { setDraining(false); refreshHosts(); }}/>`}</li>`;
}

// ---- all of them ----

function Move({ move: { session, migration, events, done, failed } }) {
    const { data } = useLoad(() => get(url`/v1/sessions/${session}`), [session]);
    return html`<li><a href=${link(['s', session])}>${data?.title ?? session}</a>
        <${Steps} session=${session} migration=${migration} events=${events} done=${done} failed=${failed}/></li>`;
}

export function Nodes() {
    const events = useMoves(), all = moves(events), under = all.filter(({ done, failed }) => !done && !failed);
    const nodes = useHosts(under.length > 0), problem = hostsProblem.value;
    const shown = [...under, ...all.filter((move) => !under.includes(move))].slice(0, Math.max(KEPT, under.length));
    if (!nodes)
        return html`<section class="view">${problem ? html`<${Failed} problem=${problem} retry=${refreshHosts}/>`
            : html`<${Loading}/>`}</section>`;
    const sum = (field) => nodes.reduce((total, node) => total + (node[field] ?? 0), 0);
    return html`<section class="view"><header class="view-head"><h1>Nodes</h1>
            <p class="quiet">${`${plural(nodes.length, 'node')}, ${sum('active')} of ${plural(sum('slots'), 'slot')} in use`}</p></header>
        ${nodes.length ? html`<ul class="nodes">${nodes.map((node) => html`
                <${Node} key=${node.name} node=${node} changes=${events.length}/>`)}</ul>`
            : html`<${Empty} title="No node yet">A host joins with an invitation of the role node, and baton-node.<//>`}
        <section class="block"><h2>Moves <span class="quiet">${under.length || 'none'} under way</span></h2>
            <ul class="moves">${shown.map((move) => html`<${Move} key=${move.key} move=${move}/>`)}</ul>
            ${!shown.length && html`<p class="quiet">Nothing has moved lately.</p>`}</section></section>`;
}
