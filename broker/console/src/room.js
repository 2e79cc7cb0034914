// The breakpoint room: the question, who is there, what they say, and the votes.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post, url } from './api.js';
import { Content, Json, Value } from './content.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { coalesce, Stream } from './live.js';
import { Ago, Badge, Countdown, Empty, Failed, Key, Loading, Meter, Person, say, sayProblem } from './parts.js';
import { needed, optionsOf, sentence, votesFor } from './policy.js';
import { link, refine, route } from './route.js';
import { may, me, onAgain, waiting } from './site.js';
import { full, now, plain, title, typed } from './words.js';
import { Conflicts } from './conflicts.js';

const REJOIN = 120000; // ms; the broker forgets who is there after five minutes

const where = (session, number) => url`/v1/sessions/${session}/breakpoints/${number}`;
const TONES = { approve: 'good', reject: 'bad', stop: 'bad', raise: 'good' };

// Loads the breakpoint, again whenever something of it happens, and is there meanwhile.
function useRoom(session, number) {
    const [state, setState] = useState({});
    const refresh = useRef();
    useEffect(() => {
        let gone = false, stream;
        setState({});
        const load = refresh.current = coalesce(async () => {
            try {
                const view = await get(where(session, number));
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
        const join = () => document.visibilityState === 'visible' && post(`${where(session, number)}/join`).catch(() => {});
        join();
        const again = setInterval(join, REJOIN);
        const leave = () => post(`${where(session, number)}/leave`, {}, { keepalive: true }).catch(() => {});
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

// ---- voting ----

function Option({ breakpoint, option, number, chosen, onChoose, closed }) {
    const votes = votesFor(breakpoint, option), most = needed(breakpoint), mine = votes.some(({ actor }) => actor === me.value);
    const won = breakpoint.outcome === option, key = { approve: 'a', reject: 'd' }[option] ?? String(number);
    return html`<button class=${`option ${TONES[option] ?? ''} ${chosen ? 'chosen' : ''} ${won ? 'won' : ''}`} disabled=${closed}
            aria-pressed=${chosen} onClick=${onChoose}>
        <span class="option-name">${title(option)}${mine && html`<span class="mine">your vote</span>`}
            ${won && html`<span class="mine">outcome</span>`}</span>
        <span class="option-people">${votes.map(({ actor }) => html`<${Person} key=${actor} name=${actor} small/>`)}</span>
        <span class="option-tally"><${Meter} value=${votes.length} most=${most} tone=${TONES[option]}
            label=${`${votes.length} of ${most} votes for ${option}`}/><span class="number">${votes.length}/${most}</span></span>
        ${!closed && html`<${Key}>${key}<//>`}</button>`;
}

function Ballot({ view, choice, setChoice, reload }) {
    const { breakpoint, session } = view, [why, setWhy] = useState(''), [answer, setAnswer] = useState('');
    const [busy, setBusy] = useState(false);
    const reason = useRef(), field = useRef();
    const closed = breakpoint.state !== 'open', mine = breakpoint.votes?.find(({ actor }) => actor === me.value);
    const asksValue = breakpoint.kind === 'input' || (breakpoint.kind === 'budget' && choice === 'raise');
    useEffect(() => { choice && (asksValue ? field : reason).current?.focus(); }, [choice]);
    const cast = async () => {
        setBusy(true);
        try {
            const done = await post(`${where(session, breakpoint.number)}/votes`, {
                option: breakpoint.kind === 'input' ? undefined : choice, why: why || undefined, digest: breakpoint.digest,
                value: asksValue ? typed(answer) : undefined });
            say(done.outcome ? `Decided: ${plain(done.outcome)}` : mine ? 'Your vote is changed' : 'Your vote is cast', 'good');
            setChoice(undefined);
            setWhy('');
        } catch (problem) {
            if (problem.reason === 'already_decided')
                setChoice(undefined);
            else
                sayProblem(problem);
        }
        setBusy(false);
        reload();
    };
    const submit = (event) => { event.preventDefault(); cast(); };
    useKeys([['Enter', '', () => choice && !closed && !busy && !asksValue && cast()]]);
    return html`<div class="ballot">
        <div class="options" role="group" aria-label="Vote">${optionsOf(breakpoint).map((option, at) => html`
            <${Option} key=${option} breakpoint=${breakpoint} option=${option} number=${at + 1} closed=${closed}
                chosen=${choice === option} onChoose=${() => setChoice(choice === option ? undefined : option)}/>`)}</div>
        ${choice && !closed && html`<form class="cast" onSubmit=${submit}
                onKeyDown=${(event) => event.key === 'Escape' && setChoice(undefined)}>
            ${asksValue && html`<label>${breakpoint.kind === 'budget' ? 'New caps, such as {"tokens": 200000}' : 'Your answer (text or JSON)'}
                <textarea ref=${field} rows="3" required value=${answer} onInput=${(event) => setAnswer(event.target.value)}/></label>`}
            <label>Why <span class="quiet">(optional)</span>
                <input ref=${reason} maxlength="1000" value=${why} onInput=${(event) => setWhy(event.target.value)} autocomplete="off"/></label>
            <div class="buttons"><button type="button" class="plain" onClick=${() => setChoice(undefined)}>Cancel</button>
                <button class=${`main ${TONES[choice] ?? ''}`} disabled=${busy}>${mine ? 'Change vote to' : 'Vote'} ${plain(choice)} <${Key}>↵<//></button></div>
            </form>`}
        ${!choice && !closed && mine && html`<p class="quiet">You voted <b>${plain(mine.option)}</b>${mine.why && html` — “${mine.why}”`}.
            You may change it while this is open.</p>`}</div>`;
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

const entries = ({ breakpoint, comments = [] }) => [
    ...comments.map((comment) => ({ ...comment, said: comment.text })),
    ...(breakpoint.votes ?? []).map((vote) => ({ ...vote, vote: vote.option, said: vote.why })),
].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));

function Discussion({ view, field, reload }) {
    const [text, setText] = useState(''), list = useRef(), all = entries(view);
    useEffect(() => { list.current.scrollTop = list.current.scrollHeight; }, [all.length]);
    const send = async (event) => {
        event.preventDefault();
        if (!text.trim())
            return;
        try {
            await post(`${where(view.session, view.breakpoint.number)}/comments`, { text });
            setText('');
        } catch (problem) {
            sayProblem(problem);
        }
        reload();
    };
    const keys = (event) => event.key === 'Enter' && !event.shiftKey && !event.isComposing && send(event);
    return html`<section class="discussion" aria-label="Discussion">
        <div class="talk" ref=${list} role="log" aria-label="What was said" tabindex="0"><ol>
            ${all.length === 0 && html`<li class="quiet">Nothing was said yet.</li>`}
            ${all.map((entry, at) => html`<li key=${at} class="entry"><${Person} name=${entry.actor} small/>
                <div><p class="entry-head"><b>${entry.actor}</b>
                    ${entry.vote && html`<span>voted</span><span class=${`vote ${TONES[entry.vote] ?? ''}`}>${plain(entry.vote)}</span>
                        ${entry.key && html`<span>on</span><code>${entry.key}</code>`}`}
                    <span class="quiet"><${Ago} at=${entry.at}/></span></p>
                    ${entry.said && html`<p class="said">${entry.said}</p>`}</div></li>`)}</ol></div>
        ${view.breakpoint.state === 'open' && html`<form onSubmit=${send}>
            <label class="hidden" for="comment">Comment</label>
            <textarea id="comment" ref=${field} rows="1" placeholder="Comment" value=${text} onKeyDown=${keys}
                onInput=${(event) => setText(event.target.value)}/>
            <button class="main" disabled=${!text.trim()}>Send <${Key}>↵<//></button></form>`}</section>`;
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

export function Room({ session, number }) {
    const { view, problem, place, reload } = useRoom(session, number);
    const [choice, setChoice] = useState(), comment = useRef();
    const breakpoint = view?.breakpoint, open = breakpoint?.state === 'open';
    const options = breakpoint ? optionsOf(breakpoint) : [];
    const choose = (option) => open && options.includes(option) && breakpoint.kind !== 'merge_conflict' && setChoice(option);
    const claim = () => post(`${where(session, number)}/claim`).then(() => { say('The others see that you are on it'); reload(); }, sayProblem);
    const list = waiting.value ?? [];
    const here = list.findIndex((other) => other.session === session && other.breakpoint.number === Number(number));
    const beside = (by) => {
        const next = list[here < 0 ? 0 : (here + by + list.length) % list.length];
        if (next)
            location.hash = link(['b', next.session, String(next.breakpoint.number)]);
    };
    const wish = route.value.params.get('do');
    useEffect(() => {
        if (!view || !wish)
            return;
        refine({ do: '' });
        wish === 'comment' ? comment.current?.focus() : choose(wish);
    }, [Boolean(view), wish]);
    useKeys([['a', 'Approve', () => choose('approve')], ['d', 'Reject', () => choose('reject')],
             ...options.map((option, at) => [String(at + 1), '', () => choose(option)]),
             ['c', 'Comment', () => comment.current?.focus()], ['i', 'Tell the others that you are on it', () => open && claim()],
             ['j', 'Next breakpoint', () => beside(1)], ['k', 'Previous breakpoint', () => beside(-1)],
             ['s', 'Open its session', () => { location.hash = link(['s', session]); }],
             ['Escape', 'Back to what needs you', () => { location.hash = link([]); }]]);
    if (problem && !view)
        return html`<section class="view"><${Failed} problem=${problem} retry=${reload}/></section>`;
    if (!view)
        return html`<section class="view"><${Loading}/></section>`;
    const conflict = breakpoint.kind === 'merge_conflict';
    return html`<section class="view room">
        <header class="view-head"><p class="crumbs"><a href=${link([])}>Needs you</a><span aria-hidden="true"> / </span><a href=${link(['s', session])}>${view.session_title || session}</a> <${Place} state=${place}/></p>
            <h1>${breakpoint.title}</h1>
            <p class="facts"><${Badge} word=${breakpoint.state}/> <${Badge} word=${breakpoint.kind} tone="quiet"/>
                <span>${sentence(breakpoint)}</span>
                ${breakpoint.requester && html`<span class="quiet">asked by ${breakpoint.requester} <${Ago} at=${breakpoint.opened_at} long/></span>`}
                ${open && breakpoint.deadline && html`<span>due in <${Countdown} deadline=${breakpoint.deadline} opened=${breakpoint.opened_at}/></span>`}</p></header>
        <div class="room-body">
            <div class="room-main"><${Outcome} breakpoint=${breakpoint}/>
                ${conflict ? html`<${Conflicts} view=${view} reload=${reload}/>`
                    : view.body ? html`<${Content} text=${view.body}/>`
                    : html`<${Empty} title="The question says it all">There is no text with it.<//>`}
                ${view.schema && html`<details open><summary>Form of the answer</summary><${Json} value=${view.schema}/></details>`}</div>
            <aside class="room-side" aria-label="Decision">
                <div class="side-head"><${Present} breakpoint=${breakpoint}/>
                    ${open && may.value.operate && (breakpoint.claimed_by
                        ? html`<span class="claimed">${breakpoint.claimed_by === me.value ? 'You are' : `${breakpoint.claimed_by} is`} on it</span>`
                        : html`<button class="plain" onClick=${claim}>I'm on it <${Key}>i<//></button>`)}</div>
                ${!conflict && html`<${Ballot} view=${view} choice=${choice} setChoice=${setChoice} reload=${reload}/>`}
                <${Discussion} view=${view} field=${comment} reload=${reload}/></aside></div></section>`;
}
