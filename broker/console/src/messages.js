// What other sessions and people have sent it, and who waits for an answer.
import { useEffect, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Value } from './content.js';
import { html } from './html.js';
import { Ago, Badge, Countdown, Fact, List } from './parts.js';

const Letter = ({ letter: { id, subject, from, wants_reply: wants, at }, body }) => html`
    <${Fact} key=${id} head=${html`<b>${subject || 'no subject'}</b> from ${from}
            ${wants && html` <${Badge} word="wants a reply" tone="warm"/>`}`}
        side=${html`<${Ago} at=${at} long/>`}>${body !== undefined && html`<${Value} value=${body}/>`}<//>`;

const Exchange = ({ id, peer, receipt, expires_at: until }) => html`
    <${Fact} key=${id} head=${html`<code>${id}</code> ${peer} <${Badge} word=${receipt ?? 'open'}/>`}
        side=${until && !receipt && html`<${Countdown} deadline=${until}/>`}/>`;

export function Messages({ state }) {
    const [messages, setMessages] = useState();
    useEffect(() => {
        let gone = false;
        get(url`/v1/sessions/${state.session}/messages`).then((page) => gone || setMessages(page.messages ?? []), () => {});
        return () => { gone = true; };
    }, [state.session, state.n]);
    return html`
        <${List} title="Mailbox" rows=${messages} empty="Its mailbox is empty.">${Letter}<//>
        <${List} title="Requests it waits for" rows=${state.asked} empty="It waits for no answer.">${Exchange}<//>
        <${List} title="Requests it owes an answer" rows=${state.owed} empty="Nobody waits for it.">${Exchange}<//>`;
}
