// Needs you: what waits for people, most urgent first.
import { useState } from 'preact/hooks';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Ago, Badge, Countdown, Empty, Failed, Loading, Meter, Person } from './parts.js';
import { lead } from './policy.js';
import { go, link } from './route.js';
import { me, refreshWaiting, waiting, waitingProblem } from './site.js';
import { now, plural } from './words.js';

const MOST = 400; // that are listed: who has more decides the urgent ones first

const roomOf = (view) => ['b', view.session, String(view.breakpoint.number)];

function Row({ view, selected, onSelect }) {
    const { breakpoint, session, session_title: title } = view;
    const { best, of } = lead(breakpoint);
    const present = (breakpoint.present ?? []).filter(({ until }) => !until || until > now());
    const voted = breakpoint.votes?.some((vote) => vote.actor === me.value);
    return html`<li class=${`row ask ${selected ? 'selected' : ''}`} aria-current=${selected ? 'true' : undefined}
            onMouseEnter=${onSelect}>
        <a class="row-main" href=${link(roomOf(view))} onFocus=${onSelect}>
            <span class="row-title">${breakpoint.title}</span>
            <span class="row-sub"><${Badge} word=${breakpoint.kind} tone="quiet"/> ${title || session}
                ${breakpoint.claimed_by && html` <span class="claimed">${breakpoint.claimed_by} is on it</span>`}</span></a>
        <span class="ask-people" aria-label=${present.length ? 'Here' : undefined}>
            ${present.slice(0, 4).map(({ actor }) => html`<${Person} key=${actor} name=${actor} small/>`)}
            ${present.length > 4 && html`<span class="quiet">+${present.length - 4}</span>`}</span>
        <span class="ask-tally"><${Meter} value=${best} most=${of} label=${`${best} of ${of} votes`}/>
            <span class="number">${best}/${of}</span>${voted && html`<span class="voted" title="You have voted">✓</span>`}</span>
        <span class="ask-time"><${Countdown} deadline=${breakpoint.deadline} opened=${breakpoint.opened_at}/>
            <span class="quiet">asked <${Ago} at=${breakpoint.opened_at} long/></span></span></li>`;
}

export function Needs() {
    const [at, setAt] = useState(0);
    const open = waiting.value ?? [], all = open.slice(0, MOST), chosen = Math.min(at, all.length - 1);
    const step = (by) => {
        const next = Math.max(0, Math.min(all.length - 1, chosen + by));
        setAt(next);
        document.querySelectorAll('.ask')[next]?.scrollIntoView({ block: 'nearest' });
    };
    const enter = (params) => all[chosen] && go(roomOf(all[chosen]), params);
    useKeys([['j', 'Next', () => step(1)], ['k', 'Previous', () => step(-1)], ['ArrowDown', '', () => step(1)],
             ['ArrowUp', '', () => step(-1)], ['Enter', 'Open', () => enter()], ['o', '', () => enter()],
             ['a', 'Open, and approve', () => enter({ do: 'approve' })], ['d', 'Open, and reject', () => enter({ do: 'reject' })],
             ['c', 'Open, and comment', () => enter({ do: 'comment' })]]);
    const body = !waiting.value ? waitingProblem.value
        ? html`<${Failed} problem=${waitingProblem.value} retry=${refreshWaiting}/>` : html`<${Loading}/>`
        : all.length === 0
            ? html`<${Empty} title="Nothing needs you">Questions of sessions appear here as they are asked.<//>`
        : html`<ol class="rows asks" aria-label="Open breakpoints, most urgent first">${all.map((view, number) => html`
            <${Row} key=${`${view.session}/${view.breakpoint.number}`} view=${view} selected=${number === chosen}
                onSelect=${() => setAt(number)}/>`)}</ol>
            ${open.length > MOST && html`<p class="quiet">${open.length - MOST} more can wait longer than these.</p>`}`;
    return html`<section class="view"><header class="view-head"><h1>Needs you</h1>
        ${open.length > 0 && html`<p class="quiet">${plural(open.length, 'open breakpoint')}, most urgent first</p>`}</header>${body}</section>`;
}
