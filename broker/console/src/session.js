// A session: what has happened, what its context holds, what it knows, and what can be done with it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Actions } from './actions.js';
import { ContextTab } from './context.js';
import { html } from './html.js';
import { useJournal } from './journal.js';
import { Knowledge } from './knowledge.js';
import { useKeys } from './keys.js';
import { Picture } from './lineage.js';
import { coalesce, Stream } from './live.js';
import { Logs } from './logs.js';
import { Messages } from './messages.js';
import { Steps } from './migration.js';
import { Ago, Badge, Countdown, Empty, Failed, Id, Loading, Meter } from './parts.js';
import { Timeline } from './timeline.js';
import { link, refine, route } from './route.js';
import { onAgain } from './site.js';
import { clock, count, now, plain, plural, span } from './words.js';

const SETTLE = 120; // ms after the slider's last move
const TABS = ['timeline', 'context', 'knowledge', 'messages', 'logs', 'family'];

// Its state, of now or of a position, kept up to date; and its journal.
function useSession(session, at) {
    const [state, setState] = useState(), [problem, setProblem] = useState(), journal = useJournal(session, at);
    const wanted = useRef();
    wanted.current = at;
    const load = useMemo(() => coalesce(async () => {
        const position = wanted.current;
        try {
            const found = await get(url`/v1/sessions/${session}`, { at: position });
            if (position === wanted.current)
                setState(found);
            setProblem();
        } catch (wrong) {
            setProblem(wrong);
        }
    }, 150), [session]);
    const refresh = () => { load(); journal.readOn(); };
    useEffect(() => { load(); }, [session, at]);
    useEffect(refresh, [session]);
    // What is not there, or not to be seen, is not followed; but it may be there after a while.
    const known = Boolean(state);
    useEffect(() => {
        if (!known)
            return onAgain(refresh);
        const stream = new Stream({ session }, { take: () => { wanted.current || load(); journal.readOn(); }, again: refresh });
        return () => stream.close();
    }, [session, known]);
    return { state, problem, journal, reload: refresh };
}

// ---- the head ----

const Term = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;

const To = ({ session }) => html`<a href=${link(['s', session])}><${Id} id=${session}/></a>`;

function RunTerm({ run }) {
    if (!run)
        return html`<${Term} name="Run">none yet<//>`;
    const { number, outcome, phase, started_at: from, finished_at: until, attempt } = run;
    return html`<${Term} name="Run">${number} <${Badge} word=${outcome ?? phase}/>
        <span class="quiet">${from && span((until || now()) - from)}${attempt > 1 && ` · attempt ${attempt}`}</span><//>`;
}

function Spent({ tokens, cost_micros: cost }) {
    return html`<${Term} name="Spent">${count(tokens)} tokens${cost && ` · ${(cost / 1e6).toFixed(2)}`}<//>`;
}

function Summary({ state }) {
    const { run, window = {}, lease, parent, forked_from: fork, budget, lock, agent, driver } = state;
    const size = window.size || 200000, labels = Object.entries(state.labels ?? {});
    return html`<dl class="summary">
        <${RunTerm} run=${run}/>
        <${Term} name="Node">${lease?.node ?? state.home ?? html`<span class="quiet">none</span>`}
            ${lease?.epoch && html`<span class="quiet">epoch ${lease.epoch}</span>`}<//>
        <${Term} name="Context">${count(window.tokens)}
            <span class="quiet">of ${count(size)} · ${plural(window.items ?? 0, 'item')}</span>
            <${Meter} value=${window.tokens ?? 0} most=${size} label="Window in use"/><//>
        ${agent && html`<${Term} name="Agent">${agent}<//>`}
        ${driver && html`<${Term} name="Driver">${driver}<//>`}
        ${budget?.spent && html`<${Spent} ...${budget.spent}/>`}
        ${parent && html`<${Term} name="Parent"><${To} session=${parent}/><//>`}
        ${fork?.session && html`<${Term} name="Fork of"><${To} session=${fork.session}/> at ${fork.n}<//>`}
        ${lock?.holder && html`<${Term} name="Edit lock">${lock.holder}<//>`}
        ${labels.length > 0 && html`<${Term} name="Labels">${labels.map(([key, value]) => html`
            <a class="chip" key=${key} href=${link(['fleet'], { label: `${key}=${value}` })}>${key}=${value}</a>`)}<//>`}</dl>`;
}

const Asks = ({ state }) => (state.breakpoints ?? []).filter((one) => one.state === 'open').map((one) => html`
    <a class="asks-banner" key=${one.number} href=${link(['b', state.session, String(one.number)])}>
        <b>${one.title}</b> <span>waits for people</span>
        <${Countdown} deadline=${one.deadline} opened=${one.opened_at}/> <span aria-hidden="true">→</span></a>`);

// Through the history: the state as it was at a position.
function Slider({ n, at, events }) {
    const [value, setValue] = useState(at || n), settle = useRef();
    useEffect(() => { settle.current || setValue(at || n); }, [n, at]); // not while it is in somebody's hand
    const move = (wanted) => {
        setValue(wanted);
        clearTimeout(settle.current);
        settle.current = setTimeout(() => {
            settle.current = undefined;
            refine({ at: wanted >= n ? '' : wanted });
        }, SETTLE);
    };
    useKeys([['[', 'One step back in its history', () => move(Math.max(1, value - 1))],
             [']', 'One step on', () => move(Math.min(n, value + 1))]]);
    const event = events.find((one) => one.n === value);
    return html`<div class="slider"><label for="position">History</label>
        <input id="position" type="range" min="1" max=${n} value=${value}
            onInput=${({ target }) => move(Number(target.value))} aria-valuetext=${`position ${value} of ${n}`}/>
        <output class="number">${value}/${n}</output>
        <span class="quiet">${event && html`${plain(event.kind)} ${clock(event.at)}`}</span>
        ${at && html`<button onClick=${() => refine({ at: '' })}>Back to now</button>`}</div>`;
}

// ---- its parts ----

const show = (tab) => refine({ tab: tab === TABS[0] ? '' : tab });

function Tabs({ tab }) {
    const keys = ({ key, currentTarget }) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
        if (!step)
            return;
        const next = (TABS.indexOf(tab) + step + TABS.length) % TABS.length;
        show(TABS[next]);
        currentTarget.children[next].focus();
    };
    const all = useRef();
    useEffect(() => { // on a phone there is no room for all of them
        const chosen = all.current.children[Math.max(0, TABS.indexOf(tab))];
        all.current.scrollLeft = chosen.offsetLeft - all.current.offsetLeft - 40;
    }, [tab]);
    return html`<div class="tabs" role="tablist" aria-label="Parts of the session" ref=${all} onKeyDown=${keys}>${TABS.map((name) => html`
        <button role="tab" key=${name} id=${`tab-${name}`} aria-selected=${tab === name} aria-controls="part"
            tabindex=${tab === name ? 0 : -1} onClick=${() => show(name)}>${name}</button>`)}</div>`;
}

function Part({ tab, session, state, journal: { events, earlier }, at }) {
    switch (tab) {
    case 'timeline': return events ? html`<${Timeline} events=${events} earlier=${earlier}/>` : html`<${Loading}/>`;
    case 'context': return html`<${ContextTab} state=${state} at=${at}/>`;
    case 'knowledge': return html`<${Knowledge} state=${state}/>`;
    case 'messages': return html`<${Messages} state=${state}/>`;
    case 'logs': return html`<${Logs} state=${state}/>`;
    case 'family': return html`<${Picture} session=${session}/>`;
    default: return html`<${Empty} title="There is no such part"/>`;
    }
}

export function SessionView({ session }) {
    const { params } = route.value, at = Number(params.get('at')) || undefined, tab = params.get('tab') || TABS[0];
    const { state, problem, journal, reload } = useSession(session, at), { events = [] } = journal;
    const latest = Math.max(state?.n ?? 0, journal.last, at ?? 0);
    useKeys([...TABS.map((name, number) => [String(number + 1), `Show ${name}`, () => show(name)]),
             ['Escape', 'Back', () => history.back()]]);
    if (!state)
        return html`<section class="view">${problem ? html`<${Failed} problem=${problem} retry=${reload}/>`
            : html`<${Loading}/>`}</section>`;
    return html`<section class="view session"><header class="view-head">
            <p class="crumbs"><a href=${link(['fleet'])}>Fleet</a><span aria-hidden="true"> / </span><${Id} id=${session}/></p>
            <div class="head-line"><h1>${state.title}</h1><${Badge} word=${state.state}/>
                <span class="quiet">${plain(state.cause)} · <${Ago} at=${state.active_at} long/></span>
                ${!at && html`<${Actions} state=${state} reload=${reload}/>`}</div>
            ${state.objective && html`<p class="objective">${state.objective}</p>`}</header>
        ${at && html`<p class="past" role="status">This is the session as it was at position ${at}.</p>`}
        <${Asks} state=${state}/>
        ${state.migrating && html`<${Steps} session=${session} migration=${state.migration} events=${events}/>`}
        <${Summary} state=${state}/><${Slider} n=${latest} at=${at} events=${events}/><${Tabs} tab=${tab}/>
        <div id="part" role="tabpanel" aria-labelledby=${`tab-${tab}`} class="part">
            <${Part} tab=${tab} session=${session} state=${state} journal=${journal} at=${at}/></div></section>`;
}
