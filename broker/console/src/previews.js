// What an action would do, shown before it is done.
import { Fact } from './conflicts.js';
import { html } from './html.js';
import { count, now, plain, plural, span } from './words.js';

const Check = ({ check: { name, ok, detail } }) => html`<li class=${ok ? 'good' : 'bad'}>
    <span aria-hidden="true">${ok ? '✓' : '✗'}</span> ${plain(name)}
    <span class="hidden">${ok ? ' holds' : ' does not hold'}</span> <span class="quiet">${detail}</span></li>`;

export const Migration = ({ plan: { source, target, checks = [] } }) => html`
    <p>${source && html`From <b>${source}</b> `}to <b>${target ?? 'no node'}</b></p>
    <ul class="checks">${checks.map((check) => html`<${Check} key=${check.name} check=${check}/>`)}</ul>`;

export function Merge({ plan }) {
    const { keys = [], items = 0, tokens = 0 } = plan.merge ?? {};
    return html`<p>${plural(keys.length, 'key')} and ${plural(items, 'item')} (${count(tokens)} tokens) come in.
            ${plan.conflicts ? html` <b>${plural(plan.conflicts, 'conflict')}</b>: a breakpoint asks people to decide.`
                : ' Nothing conflicts.'}</p>
        <ul class="facts-list">${keys.slice(0, 100).map((fact) => html`
            <${Fact} key=${`${fact.kind}/${fact.key}`} fact=${fact}/>`)}</ul>`;
}

export const Tree = ({ plan: { tree = [] } }) => tree.length
    ? html`<p>${plural(tree.length, 'session')} would end:</p>
        <ul class="ids">${tree.slice(0, 50).map(({ session, title }) => html`<li key=${session}>${title || session}</li>`)}</ul>`
    : html`<p class="quiet">This session alone ends; a run that is under way is stopped.</p>`;

export const Compaction = ({ plan }) => html`
    <p>${plural(plan.items_before ?? 0, 'item')} (${count(plan.tokens_before)} tokens)
        become ${plan.items ?? 0} (${count(plan.tokens)}).</p>
    <div class="content prose" tabindex="0">${plan.summary}</div>`;

const Kept = ({ state: { window = {}, decisions = [], memory = [], artifacts = [] } }) => html`<ul class="kept">
    <li>${plural(window.items ?? 0, 'item')} of context (${count(window.tokens)} tokens)</li>
    <li>${plural(decisions.length, 'decision')} and ${plural(memory.length, 'key')} of memory</li>
    <li>${plural(artifacts.length, 'artifact')}</li></ul>`;

const WORKSPACE = { copy: 'a copy of the workspace', worktree: 'a git worktree of the workspace', shared: 'the same workspace' };

export const Fork = ({ plan: state, values }) => html`
    <p>“${state.title}” as it is at position ${state.n}, in ${WORKSPACE[values.workspace || 'copy']}:</p>
    <${Kept} state=${state}/>
    <p class="quiet">Open breakpoints, triggers and the mailbox stay with this one.</p>`;

export const Past = ({ plan: state }) => html`<p>“${state.title}” as it was at position ${state.n}:</p><${Kept} state=${state}/>
    <p class="quiet">What came after stays in the journal.</p>`;

// Of a run that is to stop.
export function Stop({ plan: { run, lease } }) {
    if (!run || run.phase === 'finished')
        return html`<p class="quiet">No run is under way.</p>`;
    return html`<p>Run ${run.number} ${lease?.node && html`on <b>${lease.node}</b>`}${run.started_at
        ? `, under way for ${span(now() - run.started_at)},` : ''} stops.</p>`;
}
