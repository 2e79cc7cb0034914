// What of the fleet is shown. All of it stands in the address; the broker does the rest.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { Key } from './parts.js';
import { go, refine, route } from './route.js';
import { STATES } from './words.js';

const SETTLE = 150; // ms after the last key
const FIELDS = [['agent', 'Agent'], ['node', 'Node'], ['driver', 'Driver'], ['label', 'Label (key=value)']];
const FILTERS = ['state', 'asks', 'match', ...FIELDS.map(([name]) => name)];

export const filters = () => Object.fromEntries(FILTERS.map((name) => [name, route.value.params.get(name) ?? '']));

export const anyFilter = () => FILTERS.some((name) => route.value.params.get(name));

// As the broker takes them.
export function paramsOf({ label, asks, ...rest }) {
    const [key, ...value] = label.split('=');
    const labels = key && value.length ? { [key]: value.join('=') } : undefined;
    return { ...rest, asks: asks ? 'true' : undefined, labels };
}

// ---- the search ----

const field = { current: undefined, wanted: false }; // where one types what to search for

// From any view.
export function search() {
    if (field.current)
        return field.current.focus();
    field.wanted = true;
    go(['fleet']);
}

function takeField(element) {
    field.current = element;
    if (element && field.wanted)
        element.focus();
    field.wanted = false;
}

function Search({ match }) {
    const [text, setText] = useState(match), timer = useRef();
    useEffect(() => { timer.current || setText(match); }, [match]); // not while somebody types
    const look = ({ target: { value } }) => {
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
            timer.current = undefined;
            refine({ match: value.trim() });
        }, SETTLE);
    };
    return html`<label class="search"><span class="hidden">Search sessions</span>
        <input ref=${takeField} type="search" placeholder="Search title, id, agent, node, labels" value=${text} onInput=${look}/>
        <${Key}>/<//></label>`;
}

// ---- all of them ----

const Chip = ({ name, value, text, chosen }) => html`<button class="chip" aria-pressed=${chosen}
    onClick=${() => refine({ [name]: chosen ? '' : value })}>${text}</button>`;

const Field = ({ name, label, value }) => html`<label class="filter"><span>${label}</span>
    <input value=${value} size="10" onChange=${({ target }) => refine({ [name]: target.value.trim() })} autocomplete="off"/></label>`;

export function Filters({ shown, whole }) {
    const known = filters(), [more, setMore] = useState(FIELDS.some(([name]) => known[name]));
    return html`<div class="filters" role="search"><${Search} match=${known.match}/>
        <div class="chips" role="group" aria-label="State">
            ${STATES.map((state) => html`
                <${Chip} key=${state} name="state" value=${state} text=${state} chosen=${known.state === state}/>`)}
            <${Chip} name="asks" value="1" text="asks" chosen=${Boolean(known.asks)}/>
            <button class="chip" aria-expanded=${more} onClick=${() => setMore(!more)}>more…</button>
            ${anyFilter() && html`<button class="plain" onClick=${() => go(['fleet'])}>Clear</button>`}</div>
        <span class="quiet total" role="status">${shown.toLocaleString('en')}${!whole && '…'} sessions</span>
        ${more && html`<div class="more">${FIELDS.map(([name, label]) => html`
            <${Field} key=${name} name=${name} label=${label} value=${known[name]}/>`)}</div>`}</div>`;
}
