// The fleet: all sessions, live, filtered by what stands in the address.
import { useEffect, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { pages } from './api.js';
import { Filters, filters, paramsOf } from './filters.js';
import { html } from './html.js';
import { Family } from './lineage.js';
import { coalesce, Stream } from './live.js';
import { Failed } from './parts.js';
import { refine, route } from './route.js';
import { Table } from './table.js';

const MOST = 20000; // rows that the page keeps; whoever has more filters

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
        if (BORN.has(event.kind) || this.admits(event))
            this.ask();
        const waiting = this.changed.get(event.session);
        waiting ? waiting.push(event) : this.changed.set(event.session, [event]);
    }

    // Whether an event may bring in a session that the filters have kept out.
    admits({ kind, body = {} }) {
        const { state, node, asks } = this.params ?? {};
        return (state && BECOMES[kind] === state) || (node && body.node === node) || (asks && kind === 'breakpoint_opened');
    }

    fits(row) {
        const { state, node, asks } = this.params;
        return (!state || row.state === state) && (!node || row.node === node) && (!asks || row.breakpoints > 0);
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
            this.rows.value = rows.filter((row) => this.fits(row));
    }

    close() {
        this.aborting.abort();
        clearInterval(this.flush);
        this.stream.close();
    }
}

// ---- the view ----

export function FleetView() {
    const [fleet, setFleet] = useState(), known = filters(), family = route.value.params.get('family');
    useEffect(() => {
        const made = new Fleet();
        setFleet(made);
        return () => made.close();
    }, []);
    useEffect(() => { fleet?.filter(paramsOf(known)); }, [fleet, JSON.stringify(known)]);
    const rows = fleet?.rows.value ?? [], whole = fleet?.whole.value ?? false, problem = fleet?.problem.value;
    return html`<section class="view fleet"><header class="view-head"><h1>Fleet</h1></header>
        <${Filters} shown=${rows.length} whole=${whole}/>
        ${family && html`<${Family} session=${family} onClose=${() => refine({ family: '' })}/>`}
        ${problem && !rows.length ? html`<${Failed} problem=${problem} retry=${fleet.ask}/>`
            : html`<${Table} rows=${rows} whole=${whole}/>`}</section>`;
}
