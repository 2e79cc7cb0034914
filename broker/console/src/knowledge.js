// What a session knows: decisions, memory, artifacts and triggers.
import { useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Value } from './content.js';
import { html } from './html.js';
import { Ago, Badge, Fact, List, sayProblem } from './parts.js';
import { bytes, full, textOf } from './words.js';

const MOST = 200000; // bytes of an artifact that is shown

const facts = (...all) => all.filter(Boolean).map((fact, at) => html`${at > 0 && ' · '}${fact}`);
const inRun = (run) => run && `run ${run}`;

const Past = ({ entry: { value, why, run, n, began_at: at, began_by: by } }) => html`<li><b>${value}</b>
    ${why && html`<span>${why}</span>`}
    <span class="quiet">${facts(`from position ${n}`, full(at), by, inRun(run))}</span></li>`;

function Decision({ session, decision: { key, value, why, run, changes } }) {
    const [past, setPast] = useState();
    const read = async () => (await get(url`/v1/sessions/${session}/decisions/${key}`)).entries ?? [];
    const toggle = () => past ? setPast(undefined) : read().then(setPast, sayProblem);
    return html`<${Fact} head=${html`<code>${key}</code> <b>${value}</b>`}
            side=${facts(inRun(run), changes && html`<button class="plain" aria-expanded=${Boolean(past)} onClick=${toggle}>
                decided anew ${changes}×</button>`)}>${why && html`<p>${why}</p>`}
        ${past && html`<ol class="past-values">${past.map((entry) => html`<${Past} key=${entry.n} entry=${entry}/>`)}</ol>`}<//>`;
}

const Memory = ({ key, value, run }) => html`
    <${Fact} key=${key} head=${html`<code>${key}</code>`} side=${inRun(run)}><${Value} value=${value}/><//>`;

function Artifact({ session, artifact: { name, size, digest, media_type: type, run } }) {
    const [shown, setShown] = useState();
    const read = async () => textOf((await get(url`/v1/sessions/${session}/artifacts/${name}`)).content);
    const toggle = () => shown === undefined ? read().then(setShown, sayProblem) : setShown(undefined);
    const readable = size < MOST && !/^(image|audio|video)|zip|tar|octet/.test(type ?? '');
    return html`<${Fact} head=${html`<code>${name}</code>`} side=${facts(bytes(size), type, inRun(run))}>
        <p class="artifact"><span class="quiet id" title=${digest}>${digest?.slice(0, 24)}</span>
            ${readable && html`<button class="plain" onClick=${toggle}>${shown === undefined ? 'Show' : 'Hide'}</button>`}</p>
        ${shown !== undefined && html`<${Value} value=${shown}/>`}<//>`;
}

const Trigger = ({ name, kind, next, why, number, fired_at: fired }) => html`
    <${Fact} key=${name} head=${html`<code>${name}</code> <${Badge} word=${kind}/>`}
        side=${facts(next && `next ${full(next)}`, number && html`fired ${number}×, last <${Ago} at=${fired} long/>`)}>
        ${why && html`<p class="quiet">${why}</p>`}<//>`;

export const Knowledge = ({ state }) => html`
    <${List} title="Decisions" rows=${state.decisions} empty="Nothing was decided yet.">${(decision) => html`
        <${Decision} key=${decision.key} session=${state.session} decision=${decision}/>`}<//>
    <${List} title="Memory" rows=${state.memory} empty="Its working memory is empty.">${Memory}<//>
    <${List} title="Artifacts" rows=${state.artifacts} empty="It has put nothing out yet.">${(artifact) => html`
        <${Artifact} key=${artifact.name} session=${state.session} artifact=${artifact}/>`}<//>
    <${List} title="Triggers" rows=${state.triggers} empty="Nothing wakes it by itself.">${Trigger}<//>`;
