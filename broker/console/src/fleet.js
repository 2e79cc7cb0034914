// The fleet: all sessions, live, filtered by what stands in the address.
import { useEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { pages } from './api.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { coalesce, Stream } from './live.js';
import { Family } from './lineage.js';
import { Ago, Badge, Countdown, Empty, Failed, Key, Loading, Meter } from './parts.js';
import { go, link, refine, route } from './route.js';
import { count, plain } from './words.js';

const MOST = 20000; // rows that the page keeps; whoever has more filters
const ROW = 44;     // px, as in style.css
const AROUND = 8;   // rows that are there beyond what is seen

const STATES = ['running', 'suspended', 'sleeping', 'terminated'];
const FILTERS = ['state', 'agent', 'node', 'driver', 'label', 'asks', 'match'];

// ---- rows, and what events make of them ----

const BECOMES = { session_activated: 'running', session_suspended: 'suspended', session_slept: 'sleeping',
                  session_terminated: 'terminated' };
const PHASES = { run_queued: 'queued', run_placed: 'placed', run_started: 'running', run_stopping: 'stopping',
                 run_finished: 'finished' };

// The row after an event of its session; the same when nothing that it shows has changed.
export function follow(row, { kind, body = {}, at }) {
    const activity = { ...row.activity, at };
    const with_ = (changes) => ({ ...row, activity, ...changes });
    if (BECOMES[kind])
        return with_({ state: BECOMES[kind], cause: body.cause, ...kind === 'session_terminated' && { breakpoints: 0 } });
    if (PHASES[kind])
        return with_({ phase: PHASES[kind], run: body.number ?? row.run, ...body.node && { node: body.node } });
    switch (kind) {
    case 'session_updated': return with_(body.title ? { title: body.title } : {});
    case 'lease_moved': return with_({ node: body.node });
    case 'breakpoint_opened': return with_({ breakpoints: (row.breakpoints ?? 0) + 1, deadline: row.deadline ?? body.deadline });
    case 'breakpoint_decided': case 'breakpoint_expired': case 'breakpoint_cancelled': {
        const breakpoints = Math.max(0, (row.breakpoints ?? 0) - 1);
        return with_({ breakpoints, ...!breakpoints && { deadline: undefined } });
    }
    case 'item_appended':
        activity.tokens = (activity.tokens ?? 0) + (body.tokens ?? 0);
        return with_({});
    default: return row;
    }
}

const BORN = new Set(['session_created', 'session_forked', 'session_imported', 'session_restored', 'context_compacted']);

// Keeps the rows that fit the filters up to date while the view is there.
class Fleet {
    constructor() {
        Object.assign(this, { rows: signal([]), whole: signal(false), problem: signal(undefined), changed: new Map(),
                              ask: coalesce(() => this.load(), 700) });
        this.aborting = new AbortController();
        this.stream = new Stream({}, { take: (event) => this.hear(event), again: this.ask });
        this.flush = setInterval(() => this.apply(), 250);
    }

    filter(params) {
        this.params = params;
        this.aborting.abort();
        this.whole.value = false;
        this.rows.value = [];
        this.ask();
    }

    async load() {
        this.aborting = new AbortController();
        const found = [], fresh = this.rows.value.length === 0;
        try {
            let limit = fresh ? 100 : 1000;
            const params = { ...this.params, get limit() { const now = limit; limit = 1000; return now; } };
            await pages('/v1/sessions', params, (page) => {
                found.push(...page.sessions ?? []);
                if (fresh)
                    this.rows.value = [...found];
                return found.length < MOST;
            }, { signal: this.aborting.signal });
            this.rows.value = found;
            this.problem.value = undefined;
            this.whole.value = true;
        } catch (problem) {
            if (problem.name !== 'AbortError')
                this.problem.value = problem;
            throw problem;
        }
    }

    hear(event) {
        if (BORN.has(event.kind))
            this.ask();
        const waiting = this.changed.get(event.session);
        waiting ? waiting.push(event) : this.changed.set(event.session, [event]);
    }

    apply() {
        if (this.changed.size === 0)
            return;
        const changed = this.changed;
        this.changed = new Map();
        let different = false;
        const rows = this.rows.value.map((row) => {
            const next = (changed.get(row.session) ?? []).reduce(follow, row);
            different ||= next !== row;
            return next;
        });
        if (different)
            this.rows.value = rows;
    }

    close() {
        this.aborting.abort();
        clearInterval(this.flush);
        this.stream.close();
    }
}

// ---- the table ----

const share = ({ activity, window }) => (activity?.tokens ?? 0) / (window || 200000);
const ORDERS = { title: (a, b) => a.title.localeCompare(b.title), state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
                 node: (a, b) => (a.node ?? '~').localeCompare(b.node ?? '~'), context: (a, b) => share(b) - share(a),
                 active: (a, b) => (b.activity?.at ?? b.created_at ?? 0) - (a.activity?.at ?? a.created_at ?? 0) };
const COLUMNS = [['title', 'Session'], ['state', 'State'], ['node', 'Node'], ['context', 'Context'], ['active', 'Active']];

function Row({ row, at, selected, onSelect }) {
    const tokens = row.activity?.tokens ?? 0, size = row.window || 200000, full = tokens / size;
    return html`<div class=${`tr ${selected ? 'selected' : ''}`} role="row" aria-rowindex=${at + 2} aria-selected=${selected}
            style=${{ top: `${at * ROW}px` }} onMouseDown=${onSelect} onClick=${() => go(['s', row.session])}>
        <span role="cell" class="td title"><a href=${link(['s', row.session])} tabindex="-1">${row.title}</a>
            ${row.breakpoints > 0 && html` <span class="asks-mark" title="Waits for people">${row.breakpoints} ?</span>`}
            <span class="quiet sub">${row.agent && `${row.agent} · `}${row.forked_from && 'fork · '}${row.parent && 'child · '}${row.session}</span></span>
        <span role="cell" class="td state"><${Badge} word=${row.state}/>
            <span class="quiet sub">${row.state === 'running' ? plain(row.phase) : plain(row.cause)}</span></span>
        <span role="cell" class="td node">${row.node ?? (row.waiting ? html`<span class="quiet" title=${row.waiting}>waits</span>` : '')}</span>
        <span role="cell" class="td context"><${Meter} value=${tokens} most=${size} label=${`${Math.round(full * 100)} % of the window`}
            tone=${full > 0.9 ? 'bad' : full > 0.7 ? 'warm' : ''}/><span class="number">${count(tokens)}</span></span>
        <span role="cell" class="td active">${row.deadline && row.breakpoints > 0 ? html`<${Countdown} deadline=${row.deadline}/>`
            : html`<${Ago} at=${row.activity?.at ?? row.created_at}/>`}</span></div>`;
}

// Only what is seen is there, whatever the number of rows.
function Table({ rows, whole }) {
    const frame = useRef(), [view, setView] = useState({ top: 0, height: 800 }), [at, setAt] = useState(0);
    const order = route.value.params.get('sort');
    const sorted = ORDERS[order] ? [...rows].sort(ORDERS[order]) : rows;
    const chosen = Math.min(at, sorted.length - 1);
    useEffect(() => {
        const look = () => frame.current && setView({ top: frame.current.scrollTop, height: frame.current.clientHeight });
        look();
        const watcher = new ResizeObserver(look);
        watcher.observe(frame.current);
        frame.current.addEventListener('scroll', look, { passive: true });
        return () => watcher.disconnect();
    }, []);
    const select = (wanted) => {
        const next = Math.max(0, Math.min(sorted.length - 1, wanted)), element = frame.current;
        setAt(next);
        const head = element.querySelector('.thead').offsetHeight;
        if (next * ROW < element.scrollTop)
            element.scrollTop = next * ROW;
        else if ((next + 1) * ROW + head > element.scrollTop + element.clientHeight)
            element.scrollTop = (next + 1) * ROW + head - element.clientHeight;
    };
    const seen = Math.max(1, Math.floor(view.height / ROW) - 2);
    useKeys([['j', 'Next', () => select(chosen + 1)], ['k', 'Previous', () => select(chosen - 1)],
             ['ArrowDown', '', () => select(chosen + 1)], ['ArrowUp', '', () => select(chosen - 1)],
             ['PageDown', '', () => select(chosen + seen)], ['PageUp', '', () => select(chosen - seen)],
             ['g g', 'First', () => select(0)], ['G', 'Last', () => select(sorted.length - 1)],
             ['Enter', 'Open', () => sorted[chosen] && go(['s', sorted[chosen].session])],
             ['l', 'Show its family', () => sorted[chosen] && refine({ family: sorted[chosen].session })]]);
    const first = Math.max(0, Math.floor(view.top / ROW) - AROUND), last = Math.min(sorted.length, first + seen + 2 * AROUND + 3);
    return html`<div class="table" role="table" aria-label="Sessions" aria-rowcount=${sorted.length + 1} ref=${frame} tabindex="0">
        <div role="rowgroup" class="thead"><div class="tr head" role="row">${COLUMNS.map(([name, label]) => html`
            <span role="columnheader" key=${name} class=${`td ${name}`} aria-sort=${order === name ? (name === 'context' || name === 'active' ? 'descending' : 'ascending') : undefined}>
                <button class="plain" onClick=${() => refine({ sort: order === name ? '' : name })}>${label}${order === name && ' ↓'}</button></span>`)}</div></div>
        <div role="rowgroup" class="tbody" style=${{ height: `${sorted.length * ROW}px` }}>${sorted.slice(first, last).map((row, number) => html`
            <${Row} key=${row.session} row=${row} at=${first + number} selected=${first + number === chosen} onSelect=${() => setAt(first + number)}/>`)}</div>
        ${!rows.length && (whole ? html`<${Empty} title="No sessions here">Other filters may show some.<//>` : html`<${Loading}/>`)}</div>`;
}

// ---- filters ----

const known = () => Object.fromEntries(FILTERS.map((name) => [name, route.value.params.get(name) ?? '']));

function paramsOf({ label, asks, ...rest }) {
    const [key, ...value] = label.split('=');
    return { ...rest, asks: asks ? 'true' : undefined, ...key && value.length && { labels: { [key]: value.join('=') } } };
}

function Field({ name, label, value }) {
    return html`<label class="filter"><span>${label}</span>
        <input value=${value} size="10" onChange=${(event) => refine({ [name]: event.target.value.trim() })} autocomplete="off"/></label>`;
}

function Filters({ search, shown, whole }) {
    const filters = known(), [more, setMore] = useState(Boolean(filters.agent || filters.node || filters.driver || filters.label));
    const [text, setText] = useState(filters.match), timer = useRef();
    useEffect(() => { timer.current || setText(filters.match); }, [filters.match]); // not while somebody types
    const look = ({ target: { value } }) => {
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => { timer.current = undefined; refine({ match: value.trim() }); }, 150);
    };
    const active = FILTERS.filter((name) => filters[name]).length;
    return html`<div class="filters" role="search">
        <label class="search"><span class="hidden">Search sessions</span>
            <input ref=${search} type="search" placeholder="Search title, id, agent, node, labels" value=${text} onInput=${look}/><${Key}>/<//></label>
        <div class="chips" role="group" aria-label="State">${STATES.map((state) => html`
            <button key=${state} class="chip" aria-pressed=${filters.state === state}
                onClick=${() => refine({ state: filters.state === state ? '' : state })}>${state}</button>`)}
            <button class="chip" aria-pressed=${Boolean(filters.asks)} onClick=${() => refine({ asks: filters.asks ? '' : '1' })}>asks</button>
            <button class="chip" aria-expanded=${more} onClick=${() => setMore(!more)}>more…</button>
            ${active > 0 && html`<button class="plain" onClick=${() => go(['fleet'])}>Clear</button>`}</div>
        <span class="quiet total" role="status">${shown.toLocaleString('en')}${whole ? '' : '…'} sessions</span>
        ${more && html`<div class="more"><${Field} name="agent" label="Agent" value=${filters.agent}/><${Field} name="node" label="Node" value=${filters.node}/>
            <${Field} name="driver" label="Driver" value=${filters.driver}/><${Field} name="label" label="Label (key=value)" value=${filters.label}/></div>`}</div>`;
}

export function FleetView() {
    const [fleet, setFleet] = useState(), search = useRef();
    const filters = known(), family = route.value.params.get('family');
    useEffect(() => {
        const made = new Fleet();
        setFleet(made);
        return () => made.close();
    }, []);
    useEffect(() => { fleet?.filter(paramsOf(filters)); }, [fleet, JSON.stringify(filters)]);
    useKeys([['f', 'Search', () => search.current?.focus()]]);
    const rows = fleet?.rows.value ?? [], whole = fleet?.whole.value ?? false, problem = fleet?.problem.value;
    return html`<section class="view fleet"><header class="view-head"><h1>Fleet</h1></header>
        <${Filters} search=${search} shown=${rows.length} whole=${whole}/>
        ${family && html`<${Family} session=${family} onClose=${() => refine({ family: '' })}/>`}
        ${problem && !rows.length ? html`<${Failed} problem=${problem} retry=${fleet.ask}/>` : html`<${Table} rows=${rows} whole=${whole}/>`}</section>`;
}
