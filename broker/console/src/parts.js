// Small things that all views are made of.
import { useEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { html } from './html.js';
import { ago, full, now, plain, span } from './words.js';

// ---- what is said to everybody, also to those who listen ----

export const said = signal({ text: '', tone: '', number: 0 });
let fading;

export function say(text, tone = '') {
    said.value = { text, tone, number: said.value.number + 1 };
    clearTimeout(fading);
    fading = setTimeout(() => { said.value = { ...said.value, text: '' }; }, tone === 'bad' ? 9000 : 4000);
}

export const sayProblem = (problem) => say(problem.hint ? `${problem.message} — ${problem.hint}` : problem.message, 'bad');

export function Announcements() {
    const { text, tone } = said.value;
    return html`<div class=${`toast ${tone} ${text ? '' : 'gone'}`} role="status" aria-live="polite">${text}</div>`;
}

// ---- words with a look ----

const STATE_TONE = { running: 'good', suspended: 'quiet', sleeping: 'cool', terminated: 'faint', open: 'warm', decided: 'good',
                     expired: 'bad', cancelled: 'faint', completed: 'good', failed: 'bad', interrupted: 'warm', lost: 'bad',
                     up: 'good', queued: 'quiet', placed: 'quiet', stopping: 'warm', finished: 'faint', draining: 'warm' };

export const Badge = ({ word, tone }) => html`<span class=${`badge ${tone ?? STATE_TONE[word] ?? ''}`}>${plain(word)}</span>`;
export const Key = ({ children }) => html`<kbd>${children}</kbd>`;
// With long: "3m ago", as it stands in a sentence.
export const Ago = ({ at, long }) => html`<time datetime=${at ? new Date(at).toISOString() : undefined} title=${full(at)}>
    ${long && at ? ago(at).replace(/^(?!now)(.+)$/, '$1 ago') : ago(at)}</time>`;
export const Id = ({ id }) => html`<span class="id" title=${id}>${id.length > 14 ? `${id.slice(0, 12)}…` : id}</span>`;

// A person, by initials and a colour that stays the same.
const hue = (name) => [...name].reduce((sum, letter) => sum * 31 + letter.codePointAt(0) | 0, 7) >>> 0;
export const Person = ({ name, small }) => html`
    <span class=${`person tint${hue(name) % 8} ${small ? 'small' : ''}`} title=${name} role="img" aria-label=${name}>
        ${[...name].slice(0, 2).join('')}</span>`;

export function Countdown({ deadline, opened }) {
    if (!deadline)
        return null;
    const left = deadline - now();
    const whole = opened ? deadline - opened : 0;
    const tone = left < 0 ? 'bad' : left < Math.max(60000, whole / 5) ? 'warm' : '';
    return html`<span class=${`countdown ${tone}`} title=${`Deadline: ${full(deadline)}`}>
        ${left < 0 ? 'overdue' : span(left)}</span>`;
}

export const Empty = ({ title, children }) => html`
    <div class="empty"><p class="empty-title">${title}</p>${children && html`<p>${children}</p>`}</div>`;

export const Failed = ({ problem, retry }) => html`
    <div class="empty" role="alert"><p class="empty-title">${problem.message}</p>
        ${problem.hint && html`<p>${problem.hint}</p>`}
        ${retry && html`<button onClick=${retry}>Try again</button>`}</div>`;

export const Loading = () => html`<div class="loading" role="status" aria-label="Loading"><i/><i/><i/></div>`;

export const Meter = ({ value, most, label, tone = '' }) => html`
    <span class=${`meter ${tone}`} role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax=${most || 1}
        aria-valuenow=${Math.min(value, most || 1)}>
        <i style=${{ width: `${Math.min(100, 100 * value / (most || 1))}%` }}/></span>`;

// ---- a dialog ----

export function Dialog({ title, onClose, children, wide }) {
    const element = useRef();
    useEffect(() => {
        const before = document.activeElement;
        element.current.showModal();
        element.current.querySelector('.dialog-body :is(input, select, textarea)')?.focus();
        return () => before?.focus?.();
    }, []);
    const outside = (event) => event.target === element.current && onClose();
    // At once: the browser tells of what it closes by itself later, when the next key may have come.
    const keys = (event) => {
        if (event.key === 'Escape') {
            event.preventDefault();
            onClose();
        }
    };
    return html`<dialog ref=${element} class=${wide ? 'wide' : ''} aria-label=${title} onClose=${onClose} onMouseDown=${outside}
            onKeyDown=${keys}>
        <header><h2>${title}</h2><button class="plain" aria-label="Close" onClick=${onClose}>✕</button></header>
        <div class="dialog-body">${children}</div></dialog>`;
}

// ---- a menu ----

// Opens below what stands in `head`; its buttons are gone through with the arrow keys. menu: a ref, for who opens it by key.
export function Menu({ name, head, menu = useRef(), children }) {
    const buttons = () => [...menu.current.querySelectorAll('.menu button')];
    const close = () => { menu.current.open = false; };
    const leave = (event) => menu.current.contains(event.relatedTarget) || close();
    const keys = (event) => {
        const all = buttons(), step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
        if (event.key === 'Escape') {
            close();
            menu.current.querySelector('summary').focus();
        } else if (step)
            all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
        else
            return;
        event.preventDefault();
        event.stopPropagation();
    };
    return html`<details class=${`opens ${name}`} ref=${menu} onFocusOut=${leave} onKeyDown=${keys} onClick=${(event) =>
            event.target.closest('.menu button') && close()}>${head}<div class="menu">${children}</div></details>`;
}

export function openMenu(menu) {
    menu.current.open = true;
    menu.current.querySelector('.menu button')?.focus();
}

// ---- work that is under way ----

// Runs work when what it depends on changes; gives { data, problem, reload }. What was there stays while it loads anew.
export function useLoad(work, depends) {
    const [state, setState] = useState({});
    const current = useRef();
    const reload = () => {
        const mine = current.current = {};
        return work().then((data) => mine === current.current && setState({ data }),
                           (problem) => mine === current.current && setState((old) => ({ ...old, problem })));
    };
    useEffect(() => {
        setState({});
        reload();
        return () => { current.current = undefined; };
    }, depends);
    return { ...state, reload };
}

// ---- lists of what is known ----

export const Fact = ({ head, side, children }) => html`<li class="fact">
    <p class="fact-head"><span>${head}</span>${side && html`<span class="quiet aside">${side}</span>`}</p>${children}</li>`;

export const List = ({ title, rows = [], empty, children }) => html`<section class="block">
    <h2>${title} <span class="quiet">${rows.length}</span></h2>
    ${rows.length ? html`<ul class="facts-list">${rows.map(children)}</ul>` : html`<p class="quiet">${empty}</p>`}</section>`;
