// The console: its frame, and which view stands in it.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { signedIn } from './api.js';
import { FleetView } from './fleet.js';
import { html } from './html.js';
import { allKeys, helpShown, useKeys } from './keys.js';
import { line } from './live.js';
import { Needs } from './needs.js';
import { Nodes } from './nodes.js';
import { Announcements, Dialog, Empty, Key, Loading, Person, say } from './parts.js';
import { Room } from './room.js';
import { go, link, route } from './route.js';
import { SessionView } from './session.js';
import { about, begin, waiting } from './site.js';

// ---- light and dark ----

const THEMES = ['system', 'light', 'dark'];
const theme = signal(localStorage.getItem('baton-theme') ?? 'system');
function setTheme(wanted) {
    theme.value = wanted;
    localStorage.setItem('baton-theme', wanted);
    wanted === 'system' ? delete document.documentElement.dataset.theme : (document.documentElement.dataset.theme = wanted);
}
setTheme(THEMES.includes(theme.value) ? theme.value : 'system');
const nextTheme = () => {
    setTheme(THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]);
    say(`Colours: ${theme.value}`);
};

// ---- the frame ----

const VIEWS = [[[], 'Needs you', 'g n', 'M4 5h16M4 12h10M4 19h7'], [['fleet'], 'Fleet', 'g f', 'M4 5h16v5H4zM4 14h16v5H4z'],
               [['nodes'], 'Nodes', 'g o', 'M12 4v6M12 10 5 16M12 10l7 6M12 3.5h.01M4.5 17h.01M19.5 17h.01']];

const Icon = ({ path }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${path}/></svg>`;

function Line() {
    const state = line.value, lost = state === 'lost';
    useEffect(() => {
        if (!lost)
            return;
        say('The connection is lost. Trying again.', 'bad');
        return () => say('Connected again; everything is up to date.', 'good');
    }, [lost]);
    return html`<span class=${`wire ${state}`} title=${{ live: 'Live', lost: 'Connecting again', opening: 'Connecting' }[state]}>
        <i/><span>${{ live: 'live', lost: 'reconnecting…', opening: 'connecting…' }[state]}</span></span>`;
}

function Frame({ here, children }) {
    const asks = waiting.value?.length ?? 0, { you, role } = about.value ?? {};
    document.title = `${asks ? `(${asks}) ` : ''}Baton`;
    return html`<a class="skip" href="#content" onClick=${(event) => { event.preventDefault(); document.getElementById('content').focus(); }}>Skip to the content</a>
        <header class="top"><a class="brand" href=${link([])}><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"/><path d="M9 23 23 9"/></svg>Baton</a>
            <nav aria-label="Views">${VIEWS.map(([parts, name, keys, path]) => html`
                <a key=${name} href=${link(parts)} aria-current=${here === (parts[0] ?? '') ? 'page' : undefined} title=${`${name} (${keys})`}>
                    <${Icon} path=${path}/><span>${name}</span>${name === 'Needs you' && asks > 0 && html`<b class="count" aria-label=${`${asks} open`}>${asks}</b>`}</a>`)}</nav>
            <div class="top-side"><${Line}/>
                <button class="plain" onClick=${nextTheme} aria-label=${`Colours: ${theme.value}`} title="Colours (t)"><${Icon} path="M12 3a9 9 0 1 0 0 18V3z"/></button>
                <button class="plain" onClick=${() => { helpShown.value = true; }} aria-label="Keys" title="Keys (?)">?</button>
                ${you && html`<span class="you" title=${`${you}, ${role}`}><${Person} name=${you} small/><span>${you}</span></span>`}</div></header>
        <main id="content" tabindex="-1">${children}</main>`;
}

const Help = () => html`<${Dialog} title="Keys" onClose=${() => { helpShown.value = false; }}>${allKeys().map((keys, at) => html`
    <dl class="keys" key=${at}>${keys.map(([key, what]) => html`<div key=${key}><dt>${key.split(' ').map((part) => html`<${Key}>${part}<//>`)}</dt><dd>${what}</dd></div>`)}</dl>`)}<//>`;

const SignIn = () => html`<main class="sign-in"><svg class="big" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"/><path d="M9 23 23 9"/></svg>
    <h1>Baton</h1><p>You are not signed in. On your machine, run</p><pre class="content">baton console</pre><p>and open the link that it prints. It works once.</p>
    <button onClick=${begin}>I have signed in</button></main>`;

function view([first, ...rest]) {
    switch (first) {
    case undefined: return html`<${Needs}/>`;
    case 'b': return html`<${Room} key=${rest.join('/')} session=${rest[0]} number=${rest[1]}/>`;
    case 'fleet': return html`<${FleetView}/>`;
    case 's': return html`<${SessionView} key=${rest[0]} session=${rest[0]}/>`;
    case 'nodes': return html`<${Nodes}/>`;
    default: return html`<${Empty} title="There is no such page"><a href=${link([])}>Needs you</a><//>`;
    }
}

function App() {
    const search = () => {
        const find = () => document.querySelector('.search input')?.focus();
        if (route.value.parts[0] !== 'fleet') {
            go(['fleet']);
            setTimeout(find);
        } else
            find();
    };
    useKeys([['g n', 'Needs you', () => go([])], ['g f', 'Fleet', () => go(['fleet'])], ['g o', 'Nodes', () => go(['nodes'])],
             ['/', 'Search sessions', search], ['t', 'Light, dark, or as the system has it', nextTheme], ['?', 'These keys', () => { helpShown.value = true; }]]);
    if (signedIn.value === false)
        return html`<${SignIn}/><${Announcements}/>`;
    const { parts } = route.value;
    return html`<${Frame} here=${{ b: '', s: 'fleet' }[parts[0]] ?? parts[0] ?? ''}>
            ${about.value ? view(parts) : html`<section class="view"><${Loading}/></section>`}<//>
        ${helpShown.value && html`<${Help}/>`}<${Announcements}/>`;
}

begin();
render(html`<${App}/>`, document.body);
