// What is said at a breakpoint, with the votes among it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { post, roomPath } from './api.js';
import { html } from './html.js';
import { Ago, Key, Person, sayProblem } from './parts.js';
import { TONES } from './policy.js';
import { plain } from './words.js';

const entries = ({ breakpoint, comments = [] }) => [
    ...comments.map((comment) => ({ ...comment, said: comment.text })),
    ...(breakpoint.votes ?? []).map((vote) => ({ ...vote, vote: vote.option, said: vote.why })),
].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));

const Vote = ({ option, about }) => html`<span>voted</span><span class=${`vote ${TONES[option] ?? ''}`}>${plain(option)}</span>
    ${about && html`<span>on</span><code>${about}</code>`}`;

const Entry = ({ entry: { actor, vote, key, at, said } }) => html`<li class="entry"><${Person} name=${actor} small/>
    <div><p class="entry-head"><b>${actor}</b>${vote && html`<${Vote} option=${vote} about=${key}/>`}
            <span class="quiet"><${Ago} at=${at}/></span></p>
        ${said && html`<p class="said">${said}</p>`}</div></li>`;

export function Discussion({ view, field, reload }) {
    const { breakpoint, session } = view, [text, setText] = useState(''), list = useRef(), all = entries(view);
    useEffect(() => { list.current.scrollTop = list.current.scrollHeight; }, [all.length]);
    const send = async (event) => {
        event.preventDefault();
        if (!text.trim())
            return;
        try {
            await post(`${roomPath(session, breakpoint.number)}/comments`, { text });
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
            ${all.map((entry, at) => html`<${Entry} key=${at} entry=${entry}/>`)}</ol></div>
        ${breakpoint.state === 'open' && html`<form onSubmit=${send}>
            <label class="hidden" for="comment">Comment</label>
            <textarea id="comment" ref=${field} rows="1" placeholder="Comment" value=${text} onKeyDown=${keys}
                onInput=${({ target }) => setText(target.value)}/>
            <button class="main" disabled=${!text.trim()}>Send <${Key}>↵<//></button></form>`}</section>`;
}
