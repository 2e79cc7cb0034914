// The context: what the model is shown, and how full its window is.
import { useState } from 'preact/hooks';
import { get, url } from './api.js';
import { Value } from './content.js';
import { html } from './html.js';
import { Badge, Empty, Failed, Loading, useLoad } from './parts.js';
import { clock, count, plain, plural } from './words.js';

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

const ROLES = ['system', 'user', 'assistant', 'tool'];
const tokensOf = (items) => items.reduce((sum, { hidden, tokens = 0 }) => hidden ? sum : sum + tokens, 0);

const Tick = ({ item, x, width }) => html`<rect class=${`tick ${item.role} ${item.hidden ? 'off' : ''}`} x=${x}
    y=${HEIGHT - BOTTOM + 5} width=${width} height="10"/>`;

// Tokens in the window, item by item, against what the model takes.
function Chart({ items, window: { size = 200000, pressure = '40,70,90', tokens: inUse = 0 } }) {
    const sum = tokensOf(items), top = Math.min(size, Math.max(sum * 1.15, size * 0.005));
    const step = WIDTH / Math.max(1, items.length), wide = Math.max(0.6, step - (step > 4 ? 1 : 0));
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 8) * Math.min(value, top) / top;
    const place = (value) => ({ top: `${100 * y(value) / HEIGHT}%` });
    let soFar = 0;
    const line = items.map((item, at) => `L${((at + 1) * step).toFixed(1)} ${y(soFar += tokensOf([item])).toFixed(1)}`).join('');
    const levels = pressure.split(',').map((level) => [level, size * level / 100]).filter(([, value]) => value <= top);
    const roles = ROLES.map((role) => [role, tokensOf(items.filter((item) => item.role === role))]).filter(([, tokens]) => tokens);
    return html`<figure class="chart"><div class="plot">
            <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
                aria-label=${`${count(inUse)} of ${count(size)} tokens in use, in ${plural(items.length, 'item')}`}>
                ${levels.map(([level, value]) => html`<line key=${level} class="level" x1="0" x2=${WIDTH} y1=${y(value)} y2=${y(value)}/>`)}
                <path class="area" d=${`M0 ${y(0)}${line}L${WIDTH} ${y(0)}Z`}/><path class="curve" d=${`M0 ${y(0)}${line}`}/>
                ${items.map((item, at) => html`<${Tick} key=${at} item=${item} x=${at * step} width=${wide}/>`)}</svg>
            ${levels.map(([level, value]) => html`<span class="mark warm" key=${level} style=${place(value)}>${level} %</span>`)}
            <span class="mark" style=${place(sum)}>${count(sum)}</span></div>
        <figcaption><span><b>${count(inUse)}</b> of ${count(size)} tokens (${(100 * inUse / size).toFixed(1)} %)</span>
            ${roles.map(([role, tokens]) => html`
                <span key=${role} class="key"><i class=${role}/>${role} ${count(tokens)}</span>`)}</figcaption></figure>`;
}

const Piece = ({ part: { kind, tool, media_type: type, text, value, error } }) => html`<div class=${error ? 'piece error' : 'piece'}>
    ${kind !== 'text' && html`<p class="quiet">${plain(kind)} ${tool && html`<code>${tool}</code>`} ${type}</p>`}
    ${text !== undefined && html`<${Value} value=${text}/>`}${value !== undefined && html`<${Value} value=${value}/>`}</div>`;

function Item({ item: { role, n, pinned, merged, hidden, run, estimated, tokens, at, parts = [] } }) {
    const marks = [pinned && 'pinned', merged && 'merged', hidden && 'not shown to the model'].filter(Boolean);
    return html`<li class=${`item ${role} ${hidden ? 'off' : ''}`}>
        <p class="item-head"><b>${role}</b> <span class="number quiet">${n}</span>
            ${marks.map((mark) => html`<${Badge} key=${mark} word=${mark}/>`)}
            <span class="quiet">${run && `run ${run} · `}${estimated && '≈'}${count(tokens)} tokens · ${clock(at)}</span></p>
        ${parts.map((part, number) => html`<${Piece} key=${number} part=${part}/>`)}</li>`;
}

export function ContextTab({ state, at }) {
    const { data, problem, reload } = useLoad(() => readItems(state.session), [state.session, state.items]);
    const [most, setMost] = useState(50);
    if (!data)
        return problem ? html`<${Failed} problem=${problem} retry=${reload}/>` : html`<${Loading}/>`;
    const items = at ? data.filter(({ n, session }) => session || n <= at) : data, shown = items.slice(-most);
    if (!items.length)
        return html`<${Empty} title="The context is empty">Items appear as its runs append them.<//>`;
    return html`<${Chart} items=${items} window=${state.window ?? {}}/>
        ${items.length > shown.length && html`<button class="wide" onClick=${() => setMost(most + 200)}>
            Show earlier ones (${items.length - shown.length})</button>`}
        <ol class="items">${shown.map((item) => html`<${Item} key=${`${item.session}${item.n}`} item=${item}/>`)}</ol>`;
}
