// The journal as people read it: by runs, with what belongs together put together.
import { useState } from 'preact/hooks';
import { html } from './html.js';
import { Badge, Empty, Person } from './parts.js';
import { Json } from './content.js';
import { link } from './route.js';
import { bytes, clock, plain, plural, show, span } from './words.js';

const GROUPED = 3; // events alike, one after another, that are shown as one line

// ---- one event in words ----

const text = (parts = []) => parts.map(({ text: said, tool = '', value }) =>
    said ?? `${tool} ${value === undefined ? '' : show(value)}`).join(' ');

const WORDS = {
    session_created: ({ title }) => `created: ${title}`,
    session_forked: ({ title, state }) => `forked from ${state?.title ?? state?.session ?? 'another'} as ${title}`,
    session_branched: ({ title, fork, at }) => html`forked at ${at}: <a href=${link(['s', fork])}>${title || fork}</a>`,
    session_merged: ({ merge: { title, from, keys = [], items = 0 } = {} }) =>
        `merged ${title ?? from}: ${plural(keys.length, 'key')}, ${plural(items, 'item')}`,
    branch_merged: ({ into }) => html`merged into <a href=${link(['s', into])}>${into}</a>`,
    child_spawned: ({ child, title }) => html`child <a href=${link(['s', child])}>${title || child}</a>`,
    item_appended: ({ role, parts, tokens }) => html`<b>${role}</b> ${text(parts)} <span class="quiet">${tokens}</span>`,
    memory_set: ({ key, value }) => html`memory <code>${key}</code> = ${show(value)}`,
    memory_deleted: ({ key }) => html`memory <code>${key}</code> deleted`,
    decision_recorded: ({ key, value, why }) => html`decided <code>${key}</code> = <b>${value}</b> <span class="quiet">${why}</span>`,
    artifact_put: ({ name, size }) => html`artifact <code>${name}</code> <span class="quiet">${size} bytes</span>`,
    breakpoint_opened: ({ number, title }, session) => html`asks <a href=${link(['b', session, String(number)])}>${title}</a>`,
    breakpoint_voted: ({ option, why, key }) =>
        html`voted <b>${plain(option)}</b> ${key && html`on <code>${key}</code>`} <span class="quiet">${why}</span>`,
    breakpoint_commented: ({ text: said }) => `said ${said}`,
    breakpoint_joined: () => 'is there',
    breakpoint_left: ({ who }) => `${who} has left`,
    breakpoint_claimed: () => 'is on it',
    child_breakpoint: ({ child, number, title, state }) =>
        html`below it: <a href=${link(['b', child, String(number)])}>${title || 'a breakpoint'}</a> ${state}`,
    child_changed: ({ child: { session, title, state } = {} }) =>
        html`child <a href=${link(['s', session])}>${title || session}</a> is ${state}`,
    breakpoint_decided: ({ outcome }) => html`breakpoint decided: <b>${plain(outcome)}</b>`,
    message_delivered: ({ from, subject }) => `message from ${from}: ${subject || 'no subject'}`,
    message_sent: ({ to, subject }) => `message to ${to}: ${subject || 'no subject'}`,
    run_placed: ({ node }) => `placed on ${node}`,
    run_started: ({ node, attempt }) => `started on ${node}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    lease_moved: ({ node, epoch }) => `lease ${node ? `to ${node}` : 'to no node'}, epoch ${epoch}`,
    migration_committed: ({ bytes: size }) => `migration committed${size ? `: ${bytes(size)} have moved` : ''}`,
    migration_started: ({ source, target }) => `migration from ${source} to ${target}: prepare`,
    migration_aborted: ({ step, detail }) => `migration undone at ${step}: ${detail || ''}`,
    context_pressure: ({ level, tokens }) => `context is ${level} % full (${tokens} tokens)`,
    trigger_fired: ({ firing }) => `trigger ${firing?.trigger}: ${firing?.why}`,
    session_terminated: ({ cause, detail }) => `ended: ${plain(cause)}${detail ? ` — ${detail}` : ''}`,
};

const words = ({ kind, body = {}, session }) => WORDS[kind]?.(body, session) ?? plain(kind);
const TONES = [[/aborted|failed|lost|expired|reached|cancelled/, 'bad'], [/^breakpoint_opened|pressure/, 'warm'],
               [/decided|finished|merged/, 'good'], [/^migration|^lease/, 'cool'], [/^breakpoint/, 'people']];
const tone = (kind) => TONES.find(([pattern]) => pattern.test(kind))?.[1] ?? '';

// One thing that happened, or several alike: its details open below it.
function Entry({ look, numbers, words: said, side, name, children }) {
    const [open, setOpen] = useState(false);
    return html`<li class=${`event ${look}`}>
        <button class="plain event-line" aria-expanded=${open} aria-label=${`${numbers}, ${name}`} onClick=${() => setOpen(!open)}>
            <span class="number n">${numbers}</span></button>
        <span class="event-text">${said}</span><span class="event-side quiet">${side}</span>
        ${open && children()}</li>`;
}

function Line({ event }) {
    const { n, at, kind, actor, run } = event;
    return html`<${Entry} look=${tone(kind)} numbers=${n} words=${words(event)} name=${plain(kind)}
        side=${html`${actor && !run && html`<${Person} name=${actor} small/>`} ${clock(at)}`}>${() => html`
        <div class="event-body"><p class="quiet">${kind}${actor && ` by ${actor}`}${run && ` in run ${run}`}</p>
            <${Json} value=${event.body ?? {}}/></div>`}<//>`;
}

// ---- what belongs together ----

const ALONE = /^(breakpoint|run|session|migration)/; // each of them counts

// Coming and going is one thing.
const alike = (kind) => /^(breakpoint|client)_(joined|left|attached)$/.test(kind) ? 'presence' : kind;

function bundle(events) {
    const groups = [];
    for (const event of events) {
        const last = groups[groups.length - 1];
        if (last && alike(last[0].kind) === alike(event.kind) && !ALONE.test(alike(event.kind)))
            last.push(event);
        else
            groups.push([event]);
    }
    return groups;
}

const lines = (events) => [...events].reverse().map((event) => html`<${Line} key=${event.n} event=${event}/>`);

function Group({ events }) {
    if (events.length < GROUPED)
        return lines(events);
    const { n, kind, at } = events[0], last = events[events.length - 1].n;
    const tokens = events.reduce((sum, { body }) => sum + (body?.tokens ?? 0), 0), name = plain(alike(kind));
    return html`<${Entry} look="group" numbers=${`${n}–${last}`} side=${clock(at)} name=${name}
        words=${html`${events.length} × ${name} ${tokens > 0 && html`<span class="quiet">${tokens} tokens</span>`}`}>${() => html`
        <ol class="events inner">${lines(events)}</ol>`}<//>`;
}

// A run from where it was queued to where it finished, with all that happened between; and what lies between two runs.
function sections(events) {
    const found = [];
    let current;
    for (const event of events) {
        const { kind, body = {} } = event;
        if (kind === 'run_queued' || !current)
            found.push(current = { run: kind === 'run_queued' ? body.number : undefined, events: [], key: event.n });
        current.events.push(event);
        if (kind === 'run_finished') {
            current.end = event;
            found.push(current = { events: [], key: event.n + 0.5 });
        }
    }
    return found.filter(({ events: inside }) => inside.length);
}

function Section({ section }) {
    const { run, events, end } = section, first = events[0], last = events[events.length - 1];
    const groups = bundle(events).reverse();
    return html`<section class=${run ? 'run' : 'run between'} aria-label=${run ? `Run ${run}` : 'Between runs'}>
        ${run && html`<header><h2>Run ${run}</h2><${Badge} word=${end?.body.outcome ?? 'running'}/>
            <span class="quiet">${clock(first.at)} · ${span(last.at - first.at)} · ${plural(events.length, 'event')}</span></header>`}
        <ol class="events">${groups.map((group) => html`<${Group} key=${group[0].n} events=${group}/>`)}</ol></section>`;
}

export function Timeline({ events, earlier }) {
    if (!events.length)
        return html`<${Empty} title="Nothing has happened yet"/>`;
    return html`<div class="timeline">
        ${sections(events).reverse().map((section) => html`<${Section} key=${section.key} section=${section}/>`)}
        ${events[0].n > 1 && html`
            <button class="wide" onClick=${earlier}>Load what was before position ${events[0].n}</button>`}</div>`;
}
