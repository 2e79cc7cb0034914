// A move from node to node, step by step.
import { arriving, useHosts } from './hosts.js';
import { html } from './html.js';
import { Countdown, Meter } from './parts.js';
import { bytes, lasted, now, span } from './words.js';

const STEPS = ['prepare', 'freeze', 'accept', 'commit', 'resume'];
const MEANS = { prepare: 'the workspace is copied while the run goes on', freeze: 'the run stops at a safe point',
                accept: 'what has changed since follows', commit: 'the right to run it moves', resume: 'it goes on there' };
// Which step an event begins.
const BEGINS = { migration_started: 'prepare', migration_prepared: 'freeze', migration_frozen: 'accept',
                 migration_committed: 'commit' };

// When each step began, when all of it ended, and how large the workspace was.
function told(number, events) {
    const found = {};
    for (const { kind, body, at } of events) {
        if (body?.number !== number)
            continue;
        if (BEGINS[kind])
            found[BEGINS[kind]] = at;
        if (kind === 'migration_committed')
            Object.assign(found, { resume: at, bytes: body.bytes });
        if (kind === 'migration_finished' || kind === 'migration_aborted')
            found.end = at;
    }
    return found;
}

// The workspace on its way.
function Bytes({ session, number }) {
    useHosts(true);
    const { done = 0, total = 0 } = arriving(session, number) ?? {};
    return total > 0 && html`<p class="bytes"><${Meter} value=${done} most=${total} label="Bytes of its workspace that are there"/>
        <span class="number">${bytes(done)} of ${bytes(total)}</span></p>`;
}

function Step({ name, state, took }) {
    const mark = { over: '✓', failed: '✕' }[state] ?? STEPS.indexOf(name) + 1;
    return html`<li class=${state} aria-current=${state === 'now' ? 'step' : undefined} title=${MEANS[name]}>
        <span class="mark" aria-hidden="true">${mark}</span><span class="step-name">${name}</span>
        <span class="quiet">${took}</span></li>`;
}

export function Steps({ session, migration, events = [], done, failed }) {
    const { number, step, source, target, deadline } = migration, at = told(number, events);
    const current = STEPS.indexOf(step), underWay = !done && !failed;
    const state = (place) => done || place < current ? 'over' : place > current ? '' : failed ? 'failed' : 'now';
    const took = (name, place) => {
        const from = at[name], until = at[STEPS[place + 1]] ?? at.end ?? now();
        return !from || !state(place) ? '' : state(place) === 'now' ? span(until - from) : lasted(until - from);
    };
    return html`<section class="migration" aria-label=${`Migration from ${source} to ${target}`}>
        <p class="move-head"><b>${source}</b> <span aria-hidden="true">→</span><span class="hidden">to</span> <b>${target}</b>
            ${done && html`<span class="quiet">done in ${lasted(at.end - at.prepare)}${at.bytes && `, ${bytes(at.bytes)}`}</span>`}
            ${failed && html`<span class="bad">undone: ${failed}</span>`}
            ${underWay && html`<span class="quiet">${MEANS[step]}, for at most <${Countdown} deadline=${deadline}/></span>`}</p>
        <ol class="steps">${STEPS.map((name, place) => html`
            <${Step} key=${name} name=${name} state=${state(place)} took=${took(name, place)}/>`)}</ol>
        ${underWay && html`<${Bytes} session=${session} number=${number}/>`}</section>`;
}
