// The breakpoint room: the question, who is there, what they say, and the votes.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post, roomPath, url } from './api.js';
import { Ballot } from './ballot.js';
import { Conflicts } from './conflicts.js';
import { Content, Json, Value } from './content.js';
import { Discussion } from './discussion.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { coalesce, Stream } from './live.js';
import { Ago, Badge, Countdown, Empty, Failed, Key, Loading, Person, say, sayProblem } from './parts.js';
import { optionsOf, sentence, TONES } from './policy.js';
import { go, link, refine, route } from './route.js';
import { may, me, onAgain, waiting } from './site.js';
import { full, now, plain, title } from './words.js';

const REJOIN = 120000; // ms; the broker forgets who is there after five minutes

// Loads the breakpoint, again whenever something of it happens, and is there meanwhile.
function useRoom(session, number) {
    const [state, setState] = useState({});
    const refresh = useRef();
    useEffect(() => {
        let gone = false, stream;
        setState({});
        const load = refresh.current = coalesce(async () => {
            try {
                const view = await get(roomPath(session, number));
                if (gone)
                    return;
                setState((old) => ({ ...old, view, problem: undefined }));
                stream ??= follow();
            } catch (problem) {
                gone || setState((old) => ({ ...old, problem }));
            }
        });
        const locate = coalesce(async () => {
            const place = await get(url`/v1/sessions/${session}`);
            gone || setState((old) => ({ ...old, place }));
        }, 100);
        const follow = () => new Stream({ session }, {
            take: ({ kind, body = {} }) => {
                if (/^(migration|lease)/.test(kind))
                    locate();
                else if (/^(breakpoint|merge)/.test(kind) && (body.number ?? Number(number)) === Number(number))
                    load();
            },
            again: () => { load(); locate(); },
        });
        load();
        const forget = onAgain(() => stream || load());
        const join = () => document.visibilityState === 'visible' && post(`${roomPath(session, number)}/join`).catch(() => {});
        join();
        const again = setInterval(join, REJOIN);
        const leave = () => post(`${roomPath(session, number)}/leave`, {}, { keepalive: true }).catch(() => {});
        addEventListener('pagehide', leave);
        return () => {
            gone = true;
            clearInterval(again);
            removeEventListener('pagehide', leave);
            stream?.close();
            forget();
            leave();
        };
    }, [session, number]);
    return { ...state, reload: () => refresh.current?.() };
}

// ---- what has happened ----

function Outcome({ breakpoint }) {
    if (breakpoint.state === 'open')
        return null;
    const tone = TONES[breakpoint.outcome] ?? (breakpoint.state === 'decided' ? 'good' : 'quiet');
    return html`<div class=${`outcome ${tone}`} role="status">
        <b>${breakpoint.state === 'decided' ? title(breakpoint.outcome) : title(breakpoint.state)}</b>
        <span>${breakpoint.state === 'decided' ? 'decided' : breakpoint.outcome && plain(breakpoint.outcome)}
            ${breakpoint.decided_at && html` ${full(breakpoint.decided_at)}`}</span>
        ${breakpoint.value !== undefined && html`<${Value} value=${breakpoint.value}/>`}</div>`;
}

function Present({ breakpoint }) {
    const here = (breakpoint.present ?? []).filter(({ until }) => !until || until > now());
    return html`<div class="present" aria-label="Here now" role="group">
        ${here.map(({ actor }) => html`<span class="here" key=${actor}><${Person} name=${actor}/><span>${actor}</span></span>`)}
        ${here.length === 0 && html`<span class="quiet">Nobody is here</span>`}</div>`;
}

// Where the session is meanwhile: a move does not end what is open.
function Place({ state }) {
    if (!state)
        return null;
    const { migrating, migration, lease } = state;
    return html`<span class="place" role="status">${migrating
        ? html`<span class="moving"/>moving ${migration.source} → ${migration.target}: ${migration.step}`
        : lease?.node && html`on ${lease.node}`}</span>`;
}

const Claim = ({ by, claim }) => by
    ? html`<span class="claimed">${by === me.value ? 'You are' : `${by} is`} on it</span>`
    : html`<button class="plain" onClick=${claim}>I'm on it <${Key}>i<//></button>`;

// Its keys; those of the list go to the breakpoints beside it.
function useRoomKeys({ session, number, options, choose, claim, say: speak }) {
    const list = waiting.value ?? [];
    const here = list.findIndex((other) => other.session === session && other.breakpoint.number === Number(number));
    const beside = (by) => {
        const next = list[here < 0 ? 0 : (here + by + list.length) % list.length];
        if (next)
            go(['b', next.session, String(next.breakpoint.number)]);
    };
    useKeys([['a', 'Approve', () => choose('approve')], ['d', 'Reject', () => choose('reject')],
             ...options.map((option, at) => [String(at + 1), '', () => choose(option)]),
             ['c', 'Comment', speak], ['i', 'Tell the others that you are on it', claim],
             ['j', 'Next breakpoint', () => beside(1)], ['k', 'Previous breakpoint', () => beside(-1)],
             ['s', 'Open its session', () => go(['s', session])], ['Escape', 'Back to what needs you', () => go([])]]);
}

function Head({ view, place }) {
    const { breakpoint, session, session_title: name } = view;
    const { state, kind, requester, opened_at: opened, deadline } = breakpoint;
    return html`<header class="view-head">
        <p class="crumbs"><a href=${link([])}>Needs you</a><span aria-hidden="true"> / </span>
            <a href=${link(['s', session])}>${name || session}</a> <${Place} state=${place}/></p>
        <h1>${breakpoint.title}</h1>
        <p class="facts"><${Badge} word=${state}/> <${Badge} word=${kind} tone="quiet"/> <span>${sentence(breakpoint)}</span>
            ${requester && html`<span class="quiet">asked by ${requester} <${Ago} at=${opened} long/></span>`}
            ${state === 'open' && deadline && html`
                <span>due in <${Countdown} deadline=${deadline} opened=${opened}/></span>`}</p></header>`;
}

// What is being decided.
function Matter({ view, reload }) {
    if (view.breakpoint.kind === 'merge_conflict')
        return html`<${Conflicts} view=${view} reload=${reload}/>`;
    return html`${view.body ? html`<${Content} text=${view.body}/>`
            : html`<${Empty} title="The question says it all">There is no text with it.<//>`}
        ${view.schema && html`<details open><summary>Form of the answer</summary><${Json} value=${view.schema}/></details>`}`;
}

export function Room({ session, number }) {
    const { view, problem, place, reload } = useRoom(session, number);
    const [choice, setChoice] = useState(), comment = useRef();
    const breakpoint = view?.breakpoint, open = breakpoint?.state === 'open', conflict = breakpoint?.kind === 'merge_conflict';
    const options = breakpoint && !conflict ? optionsOf(breakpoint) : [];
    const choose = (option) => open && options.includes(option) && setChoice(option);
    const speak = () => comment.current?.focus();
    const claim = () => open && post(`${roomPath(session, number)}/claim`).then(() => {
        say('The others see that you are on it');
        reload();
    }, sayProblem);
    const wish = route.value.params.get('do');
    useEffect(() => {
        if (!view || !wish)
            return;
        refine({ do: '' });
        wish === 'comment' ? speak() : choose(wish);
    }, [Boolean(view), wish]);
    useRoomKeys({ session, number, options, choose, claim, say: speak });
    if (!view)
        return html`<section class="view">${problem ? html`<${Failed} problem=${problem} retry=${reload}/>`
            : html`<${Loading}/>`}</section>`;
    return html`<section class="view room"><${Head} view=${view} place=${place}/>
        <div class="room-body">
            <div class="room-main"><${Outcome} breakpoint=${breakpoint}/><${Matter} view=${view} reload=${reload}/></div>
            <aside class="room-side" aria-label="Decision">
                ${open && html`<div class="side-head"><${Present} breakpoint=${breakpoint}/>
                    ${may.value.operate && html`<${Claim} by=${breakpoint.claimed_by} claim=${claim}/>`}</div>`}
                ${!conflict && html`<${Ballot} view=${view} choice=${choice} setChoice=${setChoice} reload=${reload}/>`}
                <${Discussion} view=${view} field=${comment} reload=${reload}/></aside></div></section>`;
}
