// A session: what has happened, what its context holds, what it knows, and what can be done with it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Actions } from './actions.js';
import { ContextTab } from './context.js';
import { html } from './html.js';
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

const TAIL = 500;    // events that are loaded at first, and at a time
const TABS = ['timeline', 'context', 'knowledge', 'messages', 'logs', 'family'];

// The session's state and the end of its journal, kept up to date.
function useSession(session, at) {
    const [state, setState] = useState(), [events, setEvents] = useState([]), [problem, setProblem] = useState();
    const refresh = useRef(), head = useRef(0);
    useEffect(() => {
        let gone = false, stream;
        setEvents([]);
        setState();
        setProblem();
        head.current = 0;
        const load = coalesce(async () => {
            try {
                const found = await get(url`/v1/sessions/${session}`, { at });
                if (gone)
                    return;
                setState(found);
                stream ??= new Stream({ session }, { take: () => { at || load(); readOn(); }, again: refresh.current });
            } catch (wrong) {
                gone || setProblem(wrong);
            }
        }, 150);
        const readOn = coalesce(async () => {
            if (!head.current)
                head.current = Math.max(0, (await get(url`/v1/sessions/${session}`)).n - TAIL);
            for (let more = true; more && !gone;) {
                const page = await get(url`/v1/sessions/${session}/events`,
                                       { after: head.current || undefined, limit: 1000 });
                if (gone)
                    return;
                const found = (page.events ?? []).filter(({ n }) => n > head.current);
                head.current = page.last ?? head.current;
                more = found.length > 0 && head.current < page.head;
                if (found.length)
                    setEvents((old) => [...old, ...found]);
            }
        }, 60);
        refresh.current = () => { load(); readOn(); };
        refresh.current();
        const forget = onAgain(() => stream || refresh.current());
        return () => { gone = true; stream?.close(); forget(); };
    }, [session, at]);
    const earlier = async () => {
        const first = events[0]?.n ?? 1, after = Math.max(0, first - 1 - TAIL);
        const page = await get(url`/v1/sessions/${session}/events`, { after: after || undefined, limit: first - 1 - after });
        setEvents((old) => [...page.events ?? [], ...old]);
    };
    return { state, events, problem, earlier, reload: () => refresh.current?.() };
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
    useEffect(() => { at || setValue(n); }, [n, at]);
    const move = (wanted) => {
        setValue(wanted);
        clearTimeout(settle.current);
        settle.current = setTimeout(() => refine({ at: wanted >= n ? '' : wanted }), 120);
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
    return html`<div class="tabs" role="tablist" aria-label="Parts of the session" onKeyDown=${keys}>${TABS.map((name) => html`
        <button role="tab" key=${name} id=${`tab-${name}`} aria-selected=${tab === name} aria-controls="part"
            tabindex=${tab === name ? 0 : -1} onClick=${() => show(name)}>${name}</button>`)}</div>`;
}

function Part({ tab, session, state, events, earlier, at }) {
    switch (tab) {
    case 'timeline':
        return html`<${Timeline} events=${at ? events.filter(({ n }) => n <= at) : events} earlier=${earlier}/>`;
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
    const { state, events, problem, earlier, reload } = useSession(session, at);
    const latest = Math.max(state?.n ?? 0, events[events.length - 1]?.n ?? 0, at ?? 0);
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
            <${Part} tab=${tab} session=${session} state=${state} events=${events} earlier=${earlier} at=${at}/></div></section>`;
}
