// Nodes: their load, what is on them, and moves from one to another.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post, url } from './api.js';
import { html } from './html.js';
import { coalesce, Stream } from './live.js';
import { Steps } from './migration.js';
import { Ago, Badge, Dialog, Empty, Failed, Loading, Meter, say, sayProblem } from './parts.js';
import { link } from './route.js';
import { may } from './site.js';
import { bytes, plural } from './words.js';

const BACK = 20000;   // events of the site's log in which moves are looked for
const KEPT = 12;      // moves that are shown

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
        move.migration = { ...move.migration, ...body.deadline && { deadline: body.deadline },
            step: { migration_prepared: 'freeze', migration_frozen: 'accept', migration_committed: 'resume' }[kind] ?? move.migration.step };
        if (kind === 'migration_finished')
            move.done = true;
        if (kind === 'migration_aborted')
            Object.assign(move, { failed: body.detail || 'it was stopped', migration: { ...move.migration, step: body.step } });
    }
    return [...found.values()].sort((a, b) => b.at - a.at);
}

function useNodes() {
    const [nodes, setNodes] = useState(), [events, setEvents] = useState([]), [problem, setProblem] = useState(), reload = useRef();
    useEffect(() => {
        let gone = false;
        const load = reload.current = coalesce(async () => {
            try {
                const found = await get('/v1/nodes');
                gone || (setNodes(found.nodes ?? []), setProblem());
            } catch (wrong) {
                gone || setProblem(wrong);
            }
        }, 200);
        async function lookBack() {
            const { seq = 0 } = await get('/v1/site');
            const page = await get('/v1/events', { class: 'node', after: Math.max(0, seq - BACK) || undefined, limit: 1000 });
            gone || setEvents((old) => [...page.events ?? [], ...old.filter((event) => event.seq > (page.last ?? 0))]);
        }
        const stream = new Stream({ class: 'node' }, {
            take: (event) => { setEvents((old) => [...old, event].slice(-5000)); load(); },
            again: () => { load(); lookBack().catch(() => {}); },
        });
        load();
        const beat = setInterval(load, 5000); // load and room on the disk come with heartbeats, which are no events
        return () => { gone = true; clearInterval(beat); stream.close(); };
    }, []);
    return { nodes, events, problem, reload: () => reload.current() };
}

function Drain({ node, onClose }) {
    const [plan, setPlan] = useState(), [problem, setProblem] = useState(), path = url`/v1/nodes/${node.name}/drain`;
    useEffect(() => { post(path, { dry_run: true }).then(setPlan, setProblem); }, []);
    const drain = () => post(path).then(({ moving = [] }) => { say(`${node.name} is draining: ${plural(moving.length, 'session')} on the way`); onClose(); }, setProblem);
    const List = ({ title, ids = [] }) => ids.length > 0 && html`<h3>${title} (${ids.length})</h3><ul class="ids">${ids.slice(0, 50).map((id) => html`<li key=${id}><a href=${link(['s', id])}>${id}</a></li>`)}</ul>`;
    return html`<${Dialog} title=${`Drain ${node.name}`} onClose=${onClose}>
        <p>It takes no new sessions, and those that are on it move elsewhere.</p>
        ${problem && html`<${Failed} problem=${problem}/>`}
        ${plan ? html`<${List} title="Would move" ids=${plan.moving}/><${List} title="Would stay: no other node has room" ids=${plan.staying}/>
            ${!plan.moving?.length && !plan.staying?.length && html`<p class="quiet">No session is on it.</p>`}` : !problem && html`<${Loading}/>`}
        <div class="buttons"><button onClick=${onClose}>Cancel</button><button class="main bad" disabled=${!plan} onClick=${drain}>Drain</button></div><//>`;
}

function Node({ node, reload }) {
    const [draining, setDraining] = useState(false), { name, state, slots = 0, active = 0, labels = {}, drivers = [], free_bytes: free, seen_at: seen } = node;
    const undrain = () => post(url`/v1/nodes/${name}/undrain`).then(() => { say(`${name} takes sessions again`); reload(); }, sayProblem);
    return html`<li class=${`host ${state}`}><header><h2>${name}</h2><${Badge} word=${state}/>${node.draining && html` <${Badge} word="draining"/>`}
            <span class="quiet">seen <${Ago} at=${seen} long/></span></header>
        <div class="slots"><${Meter} value=${active} most=${slots} label=${`${active} of ${slots} slots in use`} tone=${active >= slots ? 'warm' : ''}/>
            <span class="number">${active}/${slots} slots</span></div>
        <p class="quiet">${free ? `${bytes(free)} free · ` : ''}drivers ${drivers.join(', ') || 'none'}</p>
        <p class="labels">${Object.entries(labels).map(([key, value]) => html`<span class="chip" key=${key}>${key}=${value}</span>`)}</p>
        <div class="buttons"><a class="button" href=${link(['fleet'], { node: name })}>Sessions</a>
            ${may.value.operate && (node.draining ? html`<button onClick=${undrain}>Undrain</button>` : html`<button onClick=${() => setDraining(true)}>Drain…</button>`)}</div>
        ${draining && html`<${Drain} node=${node} onClose=${() => { setDraining(false); reload(); }}/>`}</li>`;
}

export function Nodes() {
    const { nodes, events, problem, reload } = useNodes(), all = moves(events), under = all.filter(({ done, failed }) => !done && !failed);
    const shown = [...under, ...all.filter((move) => !under.includes(move))].slice(0, Math.max(KEPT, under.length));
    if (!nodes)
        return html`<section class="view">${problem ? html`<${Failed} problem=${problem} retry=${reload}/>` : html`<${Loading}/>`}</section>`;
    const slots = nodes.reduce((sum, { slots: own = 0 }) => sum + own, 0), active = nodes.reduce((sum, { active: own = 0 }) => sum + own, 0);
    return html`<section class="view"><header class="view-head"><h1>Nodes</h1>
            <p class="quiet">${plural(nodes.length, 'node')}, ${active} of ${plural(slots, 'slot')} in use</p></header>
        ${nodes.length ? html`<ul class="nodes">${nodes.map((node) => html`<${Node} key=${node.name} node=${node} reload=${reload}/>`)}</ul>`
            : html`<${Empty} title="No node yet">A host joins with an invitation of the role node, and baton-node.<//>`}
        <section class="block"><h2>Moves <span class="quiet">${under.length ? `${under.length} under way` : 'none under way'}</span></h2>
            <ul class="moves">${shown.map(({ key, session, migration, events: steps, done, failed }) => html`<li key=${key}>
                <a href=${link(['s', session])}>${session}</a><${Steps} migration=${migration} events=${steps} done=${done} failed=${failed}/></li>`)}</ul>
            ${!shown.length && html`<p class="quiet">Nothing has moved lately.</p>`}</section></section>`;
}
