// Keys that both sides of a merge have changed, and what is to become of each.
import { useState } from 'preact/hooks';
import { post, url } from './api.js';
import { html } from './html.js';
import { Badge, Person, say, sayProblem } from './parts.js';
import { needed, votesFor } from './policy.js';
import { show, title, typed } from './words.js';

const NAMES = { base: 'Before', ours: 'Ours', theirs: 'Theirs' };
const keyOf = ({ kind, key }) => `${kind}/${key}`;

// A decision is a value and a reason; everything else is what it is.
function textOf(kind, value) {
    if (value === undefined)
        return '(absent)';
    return kind === 'decision' && value?.value !== undefined ? [show(value.value), value.why].filter(Boolean).join(' — ') : show(value);
}

const Side = ({ name, fact }) => html`<div class=${`side ${name}`}><p class="quiet">${NAMES[name]}</p>
    <pre tabindex="0">${textOf(fact.kind, fact[name])}</pre></div>`;

// One key of a merge, also in its preview.
export const Fact = ({ fact, children }) => html`<li class=${`fact ${fact.conflict ? 'conflict' : ''}`}>
    <p class="fact-head"><span><code>${keyOf(fact)}</code> ${fact.choice ? html`<${Badge} word=${fact.choice} tone="good"/>`
            : fact.conflict && html`<${Badge} word="conflict" tone="warm"/>`}</span>
        ${fact.by && html`<span class="quiet">by ${fact.by}</span>`}</p>
    <div class="sides">${Object.keys(NAMES).map((name) => html`<${Side} key=${name} name=${name} fact=${fact}/>`)}</div>${children}</li>`;

function Choice({ view, fact, reload }) {
    const { breakpoint, session } = view, [text, setText] = useState();
    const vote = async (option, value) => {
        try {
            const done = await post(url`/v1/sessions/${session}/breakpoints/${breakpoint.number}/votes`,
                                    { option, key: keyOf(fact), value, digest: breakpoint.digest });
            say(done.outcome ? 'All conflicts are decided' : `Voted ${option} on ${keyOf(fact)}`, 'good');
            setText(undefined);
        } catch (problem) {
            if (problem.reason !== 'already_decided')
                sayProblem(problem);
        }
        reload();
    };
    const edit = () => text === undefined ? setText(show(fact.theirs ?? fact.ours ?? '')) : vote('edit', typed(text));
    return html`<div class="buttons spread">${['ours', 'theirs', 'edit'].map((option) => {
            const votes = votesFor(breakpoint, option, keyOf(fact));
            return html`<button key=${option} onClick=${() => option === 'edit' ? edit() : vote(option)}>
                ${option === 'edit' && text !== undefined ? 'Vote for this' : title(option)}
                ${votes.map(({ actor }) => html`<${Person} key=${actor} name=${actor} small/>`)}
                ${votes.length > 0 && html`<span class="number">${votes.length}/${needed(breakpoint)}</span>`}</button>`;
        })}</div>
        ${text !== undefined && html`<label>What it becomes (text or JSON)
            <textarea rows="3" value=${text} onInput=${(event) => setText(event.target.value)}/></label>`}`;
}

export function Conflicts({ view, reload }) {
    const keys = view.keys ?? [], open = view.breakpoint.state === 'open';
    return html`<ul class="facts-list">${keys.filter(({ conflict }) => conflict).map((fact) => html`
        <${Fact} key=${keyOf(fact)} fact=${fact}>
            ${open && !fact.choice && html`<${Choice} view=${view} fact=${fact} reload=${reload}/>`}<//>`)}</ul>`;
}
