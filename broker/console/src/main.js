// The console: its frame, and which view stands in it.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { signedIn, signOut } from './api.js';
import { search } from './filters.js';
import { FleetView } from './fleet.js';
import { html } from './html.js';
import { allKeys, helpShown, useKeys } from './keys.js';
import { line } from './live.js';
import { Needs } from './needs.js';
import { Nodes } from './nodes.js';
import { Announcements, Dialog, Empty, Key, Loading, Menu, Person, say, sayProblem } from './parts.js';
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

const showHelp = () => { helpShown.value = true; };

const VIEWS = [[[], 'Needs you', 'g n', 'M4 5h16M4 12h10M4 19h7'], [['fleet'], 'Fleet', 'g f', 'M4 5h16v5H4zM4 14h16v5H4z'],
               [['nodes'], 'Nodes', 'g o', 'M12 4v6M12 10 5 16M12 10l7 6M12 3.5h.01M4.5 17h.01M19.5 17h.01']];

const Icon = ({ path }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${path}/></svg>`;

const WIRE = { live: 'live', lost: 'reconnecting…', opening: 'connecting…' };

function Line() {
    const state = line.value, lost = state === 'lost';
    useEffect(() => {
        if (!lost)
            return;
        say('The connection is lost. Trying again.', 'bad');
        return () => say('Connected again; everything is up to date.', 'good');
    }, [lost]);
    return html`<span class=${`wire ${state}`}><i/><span>${WIRE[state]}</span></span>`;
}

const Mark = ({ large }) => html`<svg class=${large ? 'big' : ''} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7"/><path d="M9 23 23 9"/></svg>`;

function Tab({ parts, name, keys, path, here, asks }) {
    const current = here === (parts[0] ?? '') ? 'page' : undefined;
    return html`<a href=${link(parts)} aria-current=${current} title=${`${name} (${keys})`}>
        <${Icon} path=${path}/><span>${name}</span>
        ${asks > 0 && html`<b class="count" aria-label=${`${asks} open`}>${asks}</b>`}</a>`;
}

// Who is signed in, and the end of that.
const You = ({ name, role }) => html`<${Menu} name="you" head=${html`<summary title=${role}>
        <${Person} name=${name} small/><span>${name}</span></summary>`}>
    <p><b>${name}</b> <span class="quiet">${role}</span></p>
    <button class="plain" onClick=${() => signOut().catch(sayProblem)}>Sign out</button><//>`;

function Frame({ here, children }) {
    const asks = waiting.value?.length ?? 0, { you, role } = about.value ?? {};
    document.title = `${asks ? `(${asks}) ` : ''}Baton`;
    const skip = (event) => { event.preventDefault(); document.getElementById('content').focus(); };
    return html`<a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
        <header class="top"><a class="brand" href=${link([])}><${Mark}/>Baton</a>
            <nav aria-label="Views">${VIEWS.map(([parts, name, keys, path]) => html`
                <${Tab} key=${name} parts=${parts} name=${name} keys=${keys} path=${path} here=${here}
                    asks=${parts.length ? 0 : asks}/>`)}</nav>
            <div class="top-side"><${Line}/>
                <button class="plain" onClick=${nextTheme} aria-label=${`Colours: ${theme.value}`} title="Colours (t)">
                    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8.5"/>
                        <path class="filled" d="M12 3.5a8.5 8.5 0 0 1 0 17z"/></svg></button>
                <button class="plain help" onClick=${showHelp} aria-label="Keys" title="Keys (?)">?</button>
                ${you && html`<${You} name=${you} role=${role}/>`}</div></header>
        <main id="content" tabindex="-1">${children}</main>`;
}

const Keys = ({ keys }) => html`<dl class="keys">${keys.map(([key, what]) => html`<div key=${key}>
    <dt>${key.split(' ').map((part) => html`<${Key}>${part}<//>`)}</dt><dd>${what}</dd></div>`)}</dl>`;

const Help = () => html`<${Dialog} title="Keys" onClose=${() => { helpShown.value = false; }}>
    ${allKeys().map((keys, at) => html`<${Keys} key=${at} keys=${keys}/>`)}<//>`;

const SignIn = () => html`<main class="sign-in"><${Mark} large/><h1>Baton</h1>
    <p>You are not signed in. On your machine, run</p><pre class="content">baton console</pre>
    <p>and open the link that it prints. It works once.</p><button onClick=${begin}>I have signed in</button></main>`;

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
    useKeys([...VIEWS.map(([parts, name, keys]) => [keys, name, () => go(parts)]), ['/', 'Search sessions', search],
             ['t', 'Light, dark, or as the system has it', nextTheme], ['?', 'These keys', showHelp]]);
    if (signedIn.value === false)
        return html`<${SignIn}/><${Announcements}/>`;
    const { parts } = route.value;
    return html`<${Frame} here=${{ b: '', s: 'fleet' }[parts[0]] ?? parts[0] ?? ''}>
            ${about.value ? view(parts) : html`<section class="view"><${Loading}/></section>`}<//>
        ${helpShown.value && html`<${Help}/>`}<${Announcements}/>`;
}

begin();
render(html`<${App}/>`, document.body);
