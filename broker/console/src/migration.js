// A move from node to node, step by step.
import { html } from './html.js';
import { Countdown } from './parts.js';
import { clock, span } from './words.js';

const STEPS = ['prepare', 'freeze', 'accept', 'commit', 'resume'];
const MEANS = { prepare: 'the target fetches the workspace while the run goes on', freeze: 'the source stops the run at a safe point',
                accept: 'the target fetches what has changed since', commit: 'the right to run it moves', resume: 'the target goes on' };
// Which step an event begins.
const BEGINS = { migration_started: 'prepare', migration_prepared: 'freeze', migration_frozen: 'accept', migration_committed: 'commit' };

function times(number, events) {
    const found = {};
    for (const { kind, body, at } of events) {
        if (body?.number !== number)
            continue;
        if (BEGINS[kind])
            found[BEGINS[kind]] = at;
        if (kind === 'migration_committed')
            found.resume = at;
        if (kind === 'migration_finished')
            found.end = at;
    }
    return found;
}

export function Steps({ migration, events = [], done, failed }) {
    const { number, step, source, target, deadline } = migration, at = times(number, events), current = STEPS.indexOf(step);
    return html`<section class="migration" aria-label=${`Migration from ${source} to ${target}`}>
        <p><b>${source}</b> → <b>${target}</b> ${done ? html`<span class="quiet">done in ${span(at.end - at.prepare)}</span>`
            : failed ? html`<span class="bad">undone: ${failed}</span>` : html`<${Countdown} deadline=${deadline}/>`}</p>
        <ol class="steps">${STEPS.map((name, place) => {
            const over = done || place < current, now = !done && !failed && place === current;
            const next = at[STEPS[place + 1]] ?? (name === 'resume' ? at.end : undefined);
            return html`<li key=${name} class=${over ? 'over' : now ? 'now' : failed && place === current ? 'failed' : ''} aria-current=${now ? 'step' : undefined} title=${MEANS[name]}>
                <span class="step-name">${name}</span><span class="quiet">${over && at[name] && next ? span(next - at[name]) : at[name] ? clock(at[name]) : ''}</span></li>`;
        })}</ol></section>`;
}
