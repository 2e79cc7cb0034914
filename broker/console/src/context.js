// The context: what the model is shown, and how full its window is.
import { useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Value } from './content.js';
import { html } from './html.js';
import { Badge, Empty, Failed, Loading, useLoad } from './parts.js';
import { clock, count, plural } from './words.js';

const MOST = 3000; // items that are read
const WIDTH = 800, HEIGHT = 150, BOTTOM = 20;

async function readItems(session) {
    const items = [];
    for (let after, more = true; more && items.length < MOST;) {
        const page = await get(url`/v1/sessions/${session}/items`, { after, limit: 1000 });
        items.push(...page.items ?? []);
        after = page.last;
        more = page.more;
    }
    return items;
}

// Tokens in the window, item by item, against what the model takes.
function Chart({ items, window: { size = 200000, pressure = '40,70,90', tokens: inUse = 0 } }) {
    let sum = 0;
    const points = items.map((item) => [item, sum += item.hidden ? 0 : item.tokens ?? 0]);
    const top = Math.min(size, Math.max(sum * 1.15, size * 0.005)), step = WIDTH / Math.max(1, points.length);
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 8) * Math.min(value, top) / top;
    const line = points.map(([, value], at) => `L${((at + 1) * step).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    const levels = pressure.split(',').map(Number).filter((level) => size * level / 100 <= top);
    const roles = ['system', 'user', 'assistant', 'tool'].map((role) => [role, items.filter((item) => item.role === role && !item.hidden)
        .reduce((all, { tokens = 0 }) => all + tokens, 0)]).filter(([, tokens]) => tokens);
    return html`<figure class="chart"><svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
            aria-label=${`${count(inUse)} of ${count(size)} tokens in use, in ${plural(items.length, 'item')}`}>
        ${levels.map((level) => html`<g key=${level}><line class="level" x1="0" x2=${WIDTH} y1=${y(size * level / 100)} y2=${y(size * level / 100)}/></g>`)}
        <path class="area" d=${`M0 ${y(0)}${line}L${WIDTH} ${y(0)}Z`}/><path class="curve" d=${`M0 ${y(0)}${line}`}/>
        ${points.map(([item], at) => html`<rect key=${at} class=${`tick ${item.role} ${item.hidden ? 'off' : ''}`} x=${at * step} y=${HEIGHT - BOTTOM + 5}
            width=${Math.max(0.6, step - (step > 4 ? 1 : 0))} height="10"/>`)}</svg>
        <figcaption><b>${count(inUse)}</b> of ${count(size)} tokens (${(100 * inUse / size).toFixed(1)} %)
            ${roles.map(([role, tokens]) => html`<span key=${role} class="key"><i class=${role}/>${role} ${count(tokens)}</span>`)}</figcaption></figure>`;
}

const Part = ({ part }) => html`<div class=${`piece ${part.error ? 'error' : ''}`}>
    ${part.kind !== 'text' && html`<p class="quiet">${part.kind?.replace('_', ' ')} ${part.tool && html`<code>${part.tool}</code>`} ${part.media_type}</p>`}
    ${part.text !== undefined && html`<${Value} value=${part.text}/>`}${part.value !== undefined && html`<${Value} value=${part.value}/>`}</div>`;

const Item = ({ item }) => html`<li class=${`item ${item.role} ${item.hidden ? 'off' : ''}`}>
    <p class="item-head"><b>${item.role}</b> <span class="number quiet">${item.n}</span> ${item.pinned && html`<${Badge} word="pinned"/>`}
        ${item.merged && html`<${Badge} word="merged"/>`} ${item.hidden && html`<${Badge} word="not shown to the model"/>`}
        <span class="quiet">${item.run && `run ${item.run} · `}${item.estimated && '≈'}${count(item.tokens)} tokens · ${clock(item.at)}</span></p>
    ${(item.parts ?? []).map((part, at) => html`<${Part} key=${at} part=${part}/>`)}</li>`;

export function ContextTab({ state, at }) {
    const { data, problem, reload } = useLoad(() => readItems(state.session), [state.session, state.items]);
    const [most, setMost] = useState(50);
    if (!data)
        return problem ? html`<${Failed} problem=${problem} retry=${reload}/>` : html`<${Loading}/>`;
    const items = at ? data.filter(({ n, session }) => session || n <= at) : data, shown = items.slice(-most);
    if (!items.length)
        return html`<${Empty} title="The context is empty">Items appear as its runs append them.<//>`;
    return html`<${Chart} items=${items} window=${state.window ?? {}}/>
        ${items.length > shown.length && html`<button class="wide" onClick=${() => setMost(most + 200)}>Show earlier ones (${items.length - shown.length})</button>`}
        <ol class="items">${shown.map((item) => html`<${Item} key=${`${item.session}${item.n}`} item=${item}/>`)}</ol>`;
}
