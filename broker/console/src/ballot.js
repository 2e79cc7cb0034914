// The ballot of a breakpoint: what can be voted for, how far it is, and a vote that may be changed.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { post, roomPath } from './api.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Key, Meter, Person, say, sayProblem } from './parts.js';
import { needed, optionsOf, TONES, votesFor } from './policy.js';
import { me } from './site.js';
import { plain, title, typed } from './words.js';

const KEYS = { approve: 'a', reject: 'd' };

function Option({ breakpoint, option, number, chosen, onChoose, closed }) {
    const votes = votesFor(breakpoint, option), most = needed(breakpoint), tone = TONES[option];
    const marks = [votes.some(({ actor }) => actor === me.value) && 'your vote', breakpoint.outcome === option && 'outcome'];
    const look = [tone, chosen && 'chosen', breakpoint.outcome === option && 'won'].filter(Boolean).join(' ');
    return html`<button class=${`option ${look}`} disabled=${closed} aria-pressed=${chosen} onClick=${onChoose}>
        <span class="option-name">${title(option)}${marks.filter(Boolean).map((mark) => html`
            <span class="mine" key=${mark}>${mark}</span>`)}</span>
        <span class="option-people">${votes.map(({ actor }) => html`<${Person} key=${actor} name=${actor} small/>`)}</span>
        <span class="option-tally"><${Meter} value=${votes.length} most=${most} tone=${tone}
            label=${`${votes.length} of ${most} votes for ${option}`}/><span class="number">${votes.length}/${most}</span></span>
        ${!closed && html`<${Key}>${KEYS[option] ?? number}<//>`}</button>`;
}

// What goes with the vote for the option that was chosen.
function Cast({ breakpoint, choice, changes, busy, onCast, onClose }) {
    const [why, setWhy] = useState(''), [answer, setAnswer] = useState(''), first = useRef();
    const asksValue = breakpoint.kind === 'input' || (breakpoint.kind === 'budget' && choice === 'raise');
    // At once: somebody who types goes on typing.
    useLayoutEffect(() => first.current.focus(), [choice]);
    const submit = (event) => {
        event.preventDefault();
        onCast({ why: why || undefined, value: asksValue ? typed(answer) : undefined });
    };
    const keys = ({ key }) => key === 'Escape' && onClose();
    return html`<form class="cast" onSubmit=${submit} onKeyDown=${keys}>
        ${asksValue && html`<label>
            ${breakpoint.kind === 'budget' ? 'New caps, such as {"tokens": 200000}' : 'Your answer (text or JSON)'}
            <textarea ref=${first} rows="3" required value=${answer} onInput=${({ target }) => setAnswer(target.value)}/></label>`}
        <label>Why <span class="quiet">(optional)</span>
            <input ref=${asksValue ? undefined : first} maxlength="1000" value=${why}
                onInput=${({ target }) => setWhy(target.value)} autocomplete="off"/></label>
        <div class="buttons"><button type="button" class="plain" onClick=${onClose}>Cancel</button>
            <button class=${`main ${TONES[choice] ?? ''}`} disabled=${busy}>
                ${changes ? 'Change vote to' : 'Vote'} ${plain(choice)} <${Key}>↵<//></button></div></form>`;
}

export function Ballot({ view, choice, setChoice, reload }) {
    const { breakpoint, session } = view, [busy, setBusy] = useState(false);
    const closed = breakpoint.state !== 'open', mine = breakpoint.votes?.find(({ actor }) => actor === me.value);
    const cast = async ({ why, value }) => {
        setBusy(true);
        try {
            const option = breakpoint.kind === 'input' ? undefined : choice;
            const done = await post(`${roomPath(session, breakpoint.number)}/votes`, { option, why, value, digest: breakpoint.digest });
            say(done.outcome ? `Decided: ${plain(done.outcome)}` : mine ? 'Your vote is changed' : 'Your vote is cast', 'good');
            setChoice(undefined);
        } catch (problem) {
            // That others were first is no error: the room shows what they have decided.
            problem.reason === 'already_decided' ? setChoice(undefined) : sayProblem(problem);
        }
        setBusy(false);
        reload();
    };
    const toggle = (option) => setChoice(choice === option ? undefined : option);
    return html`<div class="ballot">
        <div class="options" role="group" aria-label="Vote">${optionsOf(breakpoint).map((option, at) => html`
            <${Option} key=${option} breakpoint=${breakpoint} option=${option} number=${at + 1} closed=${closed}
                chosen=${!closed && choice === option} onChoose=${() => toggle(option)}/>`)}</div>
        ${choice && !closed && html`<${Cast} breakpoint=${breakpoint} choice=${choice} changes=${Boolean(mine)} busy=${busy}
            onCast=${cast} onClose=${() => setChoice(undefined)}/>`}
        ${!choice && !closed && mine && html`<p class="quiet">You voted <b>${plain(mine.option)}</b>
            ${mine.why && html` — “${mine.why}”`}. You may change it while this is open.</p>`}</div>`;
}
