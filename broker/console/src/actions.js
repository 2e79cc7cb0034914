// Doing something with a session. Whatever reaches far is shown before it is done.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, pages, post, url } from './api.js';
import { DOINGS } from './doings.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Dialog, Failed, Loading, Menu, openMenu, say } from './parts.js';
import { go } from './route.js';
import { may } from './site.js';
import { title, typed } from './words.js';

const FIRST = ['activate', 'suspend']; // that have a button of their own
const SETTLE = 150;                    // ms after the last key, before what it would do is asked for

// ---- what it is done with ----

const READ = { number: Number, value: typed };

function taken(fields = [], values) {
    const given = fields.filter(([name]) => values[name]);
    return Object.fromEntries(given.map(([name, , kind]) => [name, READ[kind]?.(values[name]) ?? values[name]]));
}

// Of several choices, the first one.
const begin = (fields = []) => Object.fromEntries(fields.filter(([, , kind]) => Array.isArray(kind))
    .map(([name, , [first]]) => [name, first]));

// Sessions that have a past in common with this one.
async function kin({ session, forked_from: fork }) {
    const found = [];
    const related = (row) => row.session === fork?.session || row.forked_from === session ||
        (fork && row.forked_from === fork.session);
    await pages('/v1/sessions', { limit: 1000 }, (page) => {
        const living = (page.sessions ?? []).filter((row) => row.state !== 'terminated' && row.session !== session);
        found.push(...living.filter(related));
        return found.length < 200;
    });
    return found.map((row) => [row.session, row.title]);
}

async function nodes({ lease }) {
    const others = ((await get('/v1/nodes')).nodes ?? []).filter(({ name }) => name !== lease?.node);
    return [['', 'the one with most free slots'],
            ...others.map(({ name, state }) => [name, state === 'up' ? name : `${name} (${state})`])];
}

function Choice({ state, label, kind, value, onChange }) {
    const [choices, setChoices] = useState(Array.isArray(kind) ? kind.map((word) => [word, word]) : []);
    useEffect(() => {
        const load = { node: nodes, kin }[kind];
        load?.(state).then((found) => { setChoices(found); onChange(found[0]?.[0] ?? ''); }, () => {});
    }, []);
    return html`<label>${label}<select value=${value} onChange=${(event) => onChange(event.target.value)}>
            ${choices.map(([id, text]) => html`<option key=${id} value=${id}>${text}</option>`)}</select>
        ${kind === 'kin' && !choices.length && html`<span class="quiet">No other session has a past in common with it.</span>`}</label>`;
}

function Field({ state, field: [, label, kind], value, onChange }) {
    const input = (event) => onChange(event.target.value);
    if (kind === 'flag')
        return html`<label class="check">
            <input type="checkbox" checked=${value} onChange=${(event) => onChange(event.target.checked)}/> ${label}</label>`;
    if (Array.isArray(kind) || kind === 'node' || kind === 'kin')
        return html`<${Choice} state=${state} label=${label} kind=${kind} value=${value} onChange=${onChange}/>`;
    if (kind === 'value')
        return html`<label>${label}<textarea rows="3" value=${value} onInput=${input}/></label>`;
    return html`<label>${label}<input value=${value} inputmode=${kind === 'number' ? 'numeric' : undefined}
        onInput=${input} autocomplete="off"/></label>`;
}

// ---- one of them ----

// What it would do with these values, asked for anew when they change: { plan, problem }.
function usePlan(doing, ready, ask, values) {
    const [found, setFound] = useState({}), latest = useRef(0);
    useEffect(() => {
        if (!doing.preview || !ready)
            return;
        const mine = ++latest.current;
        const keep = (result) => mine === latest.current && setFound(result);
        const timer = setTimeout(() => ask().then((plan) => keep({ plan }), (problem) => keep({ problem })), SETTLE);
        return () => clearTimeout(timer);
    }, [JSON.stringify(values)]);
    return found;
}

function Action({ name, state, onClose, reload }) {
    const doing = DOINGS[name], { session } = state, Preview = doing.preview;
    const [values, setValues] = useState(() => begin(doing.fields)), [refused, setRefused] = useState(), [busy, setBusy] = useState(false);
    const path = doing.path?.(session, values) ?? url`/v1/sessions/${session}/${name}`;
    const body = doing.body?.(session, values) ?? taken(doing.fields, values);
    const ready = !doing.needs || Boolean(values[doing.needs]);
    const ask = () => doing.look ? doing.look(state, values) : post(path, { ...body, dry_run: true });
    const { plan, problem } = usePlan(doing, ready, ask, values);
    const run = async (event) => {
        event.preventDefault();
        setBusy(true);
        try {
            const done = await post(path, body);
            say(doing.said?.(done) ?? `${title(name)}: done`, 'good');
            onClose();
            reload();
            doing.to && go(doing.to(done));
        } catch (wrong) {
            setRefused(wrong);
            setBusy(false);
        }
    };
    const wrong = refused ?? problem, blocked = !ready || (Preview && (!plan || doing.blocks?.(plan)));
    return html`<${Dialog} title=${`${title(name)} “${state.title}”`} onClose=${onClose} wide=${name === 'merge'}>
        <form onSubmit=${run}><p>${doing.help}</p>
            ${(doing.fields ?? []).map((field) => html`<${Field} key=${field[0]} state=${state} field=${field}
                value=${values[field[0]] ?? ''} onChange=${(value) => setValues((old) => ({ ...old, [field[0]]: value }))}/>`)}
            ${Preview && ready && html`<section class="preview" aria-label="What it would do" aria-live="polite">
                <h3>What it would do</h3>
                ${plan ? html`<${Preview} plan=${plan} values=${values}/>` : !wrong && html`<${Loading}/>`}</section>`}
            ${wrong && html`<${Failed} problem=${wrong}/>`}
            <div class="buttons"><button type="button" onClick=${onClose}>Close</button>
                <button class=${`main ${doing.bad ? 'bad' : ''}`} disabled=${busy || blocked}>${title(name)}</button></div>
        </form><//>`;
}

// ---- all of them ----

export function Actions({ state, reload }) {
    const [chosen, setChosen] = useState(), menu = useRef();
    const possible = Object.keys(DOINGS).filter((name) => DOINGS[name].when(state));
    useKeys([['x', 'What can be done', () => menu.current && openMenu(menu)]]);
    if (!may.value.operate)
        return null;
    return html`<div class="actions">${FIRST.filter((name) => possible.includes(name)).map((name) => html`
            <button key=${name} onClick=${() => setChosen(name)}>${title(name)}…</button>`)}
        <${Menu} name="doings" menu=${menu} head=${html`<summary class="button">Actions</summary>`}>${possible.map((name) => html`
            <button key=${name} class=${`plain ${DOINGS[name].bad ? 'bad' : ''}`} onClick=${() => setChosen(name)}>
                ${title(name)}…</button>`)}<//>
        ${chosen && html`<${Action} name=${chosen} state=${state} onClose=${() => setChosen()} reload=${reload}/>`}</div>`;
}
