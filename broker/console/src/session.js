// A session: what has happened, what its context holds, what it knows, and what can be done with it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Actions } from './actions.js';
import { ContextTab } from './context.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Picture } from './lineage.js';
import { coalesce, Stream } from './live.js';
import { Logs } from './logs.js';
import { Steps } from './migration.js';
import { Ago, Badge, Countdown, Empty, Failed, Id, Loading, Meter } from './parts.js';
import { Timeline } from './timeline.js';
import { link, refine, route } from './route.js';
import { Value } from './content.js';
import { onAgain } from './site.js';
import { bytes, clock, count, full, plain, plural, span, textOf } from './words.js';

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
                const page = await get(url`/v1/sessions/${session}/events`, { after: head.current || undefined, limit: 1000 });
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

// ---- what it knows ----

function Artifact({ session, artifact }) {
    const [shown, setShown] = useState(), { name, size, digest, media_type: type, run } = artifact;
    const open = async () => setShown(shown === undefined ? textOf((await get(url`/v1/sessions/${session}/artifacts/${name}`)).content) : undefined);
    const readable = size < 200000 && !/^(image|audio|video)|zip|tar|octet/.test(type ?? '');
    return html`<li class="fact"><p class="fact-head"><code>${name}</code> <span class="quiet">${bytes(size)}${type && ` · ${type}`}${run && ` · run ${run}`}</span>
        ${readable && html`<button class="plain" onClick=${open}>${shown === undefined ? 'Show' : 'Hide'}</button>`}</p>
        <p class="quiet id" title=${digest}>${digest?.slice(0, 24)}</p>${shown !== undefined && html`<${Value} value=${shown}/>`}</li>`;
}

const List = ({ title, rows = [], empty, children }) => html`<section class="block"><h2>${title} <span class="quiet">${rows.length}</span></h2>
    ${rows.length ? html`<ul class="facts-list">${rows.map(children)}</ul>` : html`<p class="quiet">${empty}</p>`}</section>`;

const Knowledge = ({ state }) => html`
    <${List} title="Decisions" rows=${state.decisions} empty="Nothing was decided yet.">${({ key, value, why, run, changes }) => html`
        <li class="fact" key=${key}><p class="fact-head"><code>${key}</code> <b>${value}</b>
            <span class="quiet">${run && `run ${run}`}${changes && ` · decided anew ${changes}×`}</span></p>${why && html`<p>${why}</p>`}</li>`}<//>
    <${List} title="Memory" rows=${state.memory} empty="Its working memory is empty.">${({ key, value, run }) => html`
        <li class="fact" key=${key}><p class="fact-head"><code>${key}</code> <span class="quiet">${run && `run ${run}`}</span></p><${Value} value=${value}/></li>`}<//>
    <${List} title="Artifacts" rows=${state.artifacts} empty="It has put nothing out yet.">${(artifact) => html`
        <${Artifact} key=${artifact.name} session=${state.session} artifact=${artifact}/>`}<//>
    <${List} title="Triggers" rows=${state.triggers} empty="Nothing wakes it by itself.">${({ name, kind, next, why, number, fired_at: fired }) => html`
        <li class="fact" key=${name}><p class="fact-head"><code>${name}</code> <${Badge} word=${kind}/>
            <span class="quiet">${next && `next ${full(next)} · `}${number && html`fired ${number}×, last <${Ago} at=${fired} long/>`}</span></p>${why && html`<p class="quiet">${why}</p>`}</li>`}<//>`;

function Messages({ state }) {
    const [messages, setMessages] = useState();
    useEffect(() => { get(url`/v1/sessions/${state.session}/messages`).then((page) => setMessages(page.messages ?? []), () => {}); }, [state.n]);
    return html`<${List} title="Mailbox" rows=${messages} empty="Its mailbox is empty.">${({ letter, body }) => html`
            <li class="fact" key=${letter.id}><p class="fact-head"><b>${letter.subject || 'no subject'}</b> from ${letter.from}
                ${letter.wants_reply && html` <${Badge} word="wants a reply" tone="warm"/>`} <span class="quiet"><${Ago} at=${letter.at}/></span></p>
                ${body !== undefined && html`<${Value} value=${body}/>`}</li>`}<//>
        <${List} title="Requests it waits for" rows=${state.asked} empty="It waits for no answer.">${Exchange}<//>
        <${List} title="Requests it owes an answer" rows=${state.owed} empty="Nobody waits for it.">${Exchange}<//>`;
}
const Exchange = ({ id, peer, receipt, expires_at: until }) => html`<li class="fact" key=${id}><p class="fact-head"><code>${id}</code> ${peer}
    <${Badge} word=${receipt ?? 'open'}/> ${until && !receipt && html`<${Countdown} deadline=${until}/>`}</p></li>`;

// ---- the head ----

const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;

function Summary({ state }) {
    const { run, window = {}, lease, parent, forked_from: fork, budget, lock } = state, size = window.size || 200000;
    return html`<dl class="summary">
        <${Fact} name="Run">${run ? html`${run.number} <${Badge} word=${run.outcome ?? run.phase}/>
            <span class="quiet">${run.started_at && span((run.finished_at || Date.now()) - run.started_at)}${run.attempt > 1 && ` · attempt ${run.attempt}`}</span>` : 'none yet'}<//>
        <${Fact} name="Node">${lease?.node ?? state.home ?? html`<span class="quiet">none</span>`}${lease?.epoch && html` <span class="quiet">epoch ${lease.epoch}</span>`}<//>
        <${Fact} name="Context">${count(window.tokens)} <span class="quiet">of ${count(size)} · ${plural(window.items ?? 0, 'item')}</span>
            <${Meter} value=${window.tokens ?? 0} most=${size} label="Window in use"/><//>
        ${state.agent && html`<${Fact} name="Agent">${state.agent}<//>`}
        ${state.driver && html`<${Fact} name="Driver">${state.driver}<//>`}
        ${budget?.spent && html`<${Fact} name="Spent">${count(budget.spent.tokens)} tokens${budget.spent.cost_micros && ` · ${(budget.spent.cost_micros / 1e6).toFixed(2)}`}<//>`}
        ${parent && html`<${Fact} name="Parent"><a href=${link(['s', parent])}><${Id} id=${parent}/></a><//>`}
        ${fork?.session && html`<${Fact} name="Fork of"><a href=${link(['s', fork.session])}><${Id} id=${fork.session}/></a> at ${fork.n}<//>`}
        ${lock?.holder && html`<${Fact} name="Edit lock">${lock.holder}<//>`}
        ${state.labels && Object.keys(state.labels).length > 0 && html`<${Fact} name="Labels">${Object.entries(state.labels).map(([key, value]) => html`
            <a class="chip" key=${key} href=${link(['fleet'], { label: `${key}=${value}` })}>${key}=${value}</a>`)}<//>`}</dl>`;
}

const Asks = ({ state }) => (state.breakpoints ?? []).filter((one) => one.state === 'open').map((one) => html`
    <a class="asks-banner" key=${one.number} href=${link(['b', state.session, String(one.number)])}>
        <b>${one.title}</b> <span>waits for people</span> <${Countdown} deadline=${one.deadline} opened=${one.opened_at}/> <span aria-hidden="true">→</span></a>`);

// Through the history: the state as it was at a position.
function Slider({ n, at, events }) {
    const [value, setValue] = useState(at || n), settle = useRef();
    useEffect(() => { at || setValue(n); }, [n, at]);
    const move = (wanted) => {
        setValue(wanted);
        clearTimeout(settle.current);
        settle.current = setTimeout(() => refine({ at: wanted >= n ? '' : wanted }), 120);
    };
    useKeys([['[', 'One step back in its history', () => move(Math.max(1, value - 1))], [']', 'One step on', () => move(Math.min(n, value + 1))]]);
    const event = events.find((one) => one.n === value);
    return html`<div class="slider"><label for="position">History</label>
        <input id="position" type="range" min="1" max=${n} value=${value} onInput=${(event) => move(Number(event.target.value))}
            aria-valuetext=${`position ${value} of ${n}`}/>
        <output class="number">${value}/${n}</output>
        <span class="quiet">${event ? html`${plain(event.kind)} ${clock(event.at)}` : ''}</span>
        ${at && html`<button onClick=${() => refine({ at: '' })}>Back to now</button>`}</div>`;
}

export function SessionView({ session }) {
    const at = Number(route.value.params.get('at')) || undefined, tab = route.value.params.get('tab') || 'timeline';
    const { state, events, problem, earlier, reload } = useSession(session, at), latest = useRef(0);
    latest.current = Math.max(state?.n ?? 0, events[events.length - 1]?.n ?? 0, at ?? 0);
    useKeys([...TABS.map((name, number) => [String(number + 1), `Show ${name}`, () => refine({ tab: number ? name : '' })]),
             ['Escape', 'Back', () => history.back()]]);
    if (!state)
        return html`<section class="view">${problem ? html`<${Failed} problem=${problem} retry=${reload}/>` : html`<${Loading}/>`}</section>`;
    const body = {
        timeline: () => html`<${Timeline} events=${at ? events.filter(({ n }) => n <= at) : events} session=${session} earlier=${earlier}/>`,
        context: () => html`<${ContextTab} state=${state} at=${at}/>`,
        knowledge: () => html`<${Knowledge} state=${state}/>`,
        messages: () => html`<${Messages} state=${state}/>`,
        logs: () => html`<${Logs} state=${state}/>`,
        family: () => html`<${Picture} session=${session}/>`,
    }[tab] ?? (() => html`<${Empty} title="There is no such part"/>`);
    return html`<section class="view session"><header class="view-head">
            <p class="crumbs"><a href=${link(['fleet'])}>Fleet</a><span aria-hidden="true"> / </span><${Id} id=${session}/></p>
            <div class="head-line"><h1>${state.title}</h1><${Badge} word=${state.state}/> <span class="quiet">${plain(state.cause)} · <${Ago} at=${state.active_at} long/></span>
                ${!at && html`<${Actions} state=${state} reload=${reload}/>`}</div>
            ${state.objective && html`<p class="objective">${state.objective}</p>`}</header>
        ${at && html`<p class="past" role="status">This is the session as it was at position ${at}.</p>`}
        <${Asks} state=${state}/>
        ${state.migrating && html`<${Steps} migration=${state.migration} events=${events}/>`}
        <${Summary} state=${state}/><${Slider} n=${latest.current} at=${at} events=${events}/>
        <div class="tabs" role="tablist" aria-label="Parts of the session">${TABS.map((name) => html`
            <button role="tab" key=${name} id=${`tab-${name}`} aria-selected=${tab === name} aria-controls="part" onClick=${() => refine({ tab: name === 'timeline' ? '' : name })}>${name}</button>`)}</div>
        <div id="part" role="tabpanel" aria-labelledby=${`tab-${tab}`} class="part">${body()}</div></section>`;
}
