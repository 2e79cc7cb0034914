// The table of sessions: only what is seen is there, whatever the number of rows.
import { useEffect, useRef, useState } from 'preact/hooks';
import { anyFilter } from './filters.js';
import { html } from './html.js';
import { useKeys } from './keys.js';
import { Ago, Badge, Countdown, Empty, Loading, Meter } from './parts.js';
import { go, link, refine, route } from './route.js';
import { count, plain, STATES } from './words.js';

const ROW = 44;     // px, as in style/fleet.css
const AROUND = 8;   // rows that are there beyond what is seen

// ---- order ----

const share = ({ activity, window }) => (activity?.tokens ?? 0) / (window || 200000);
const last = ({ activity, created_at: created }) => activity?.at ?? created ?? 0;

const ORDERS = {
    title: (a, b) => a.title.localeCompare(b.title),
    state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
    node: (a, b) => (a.node ?? '~').localeCompare(b.node ?? '~'),
    context: (a, b) => share(b) - share(a),
    active: (a, b) => last(b) - last(a),
};
const COLUMNS = [['title', 'Session'], ['state', 'State'], ['node', 'Node'], ['context', 'Context'], ['active', 'Active']];
const FALLING = ['context', 'active'];

function Heading({ name, label, order }) {
    const chosen = order === name, direction = FALLING.includes(name) ? 'descending' : 'ascending';
    return html`<span role="columnheader" class=${`td ${name}`} aria-sort=${chosen ? direction : undefined}>
        <button class="plain" onClick=${() => refine({ sort: chosen ? '' : name })}>${label}${chosen && ' ↓'}</button></span>`;
}

// ---- a row ----

function Title({ row }) {
    const origin = [row.agent, row.forked_from && 'fork', row.parent && 'child', row.session].filter(Boolean).join(' · ');
    return html`<span role="cell" class="td title">
        <span class="name"><a href=${link(['s', row.session])} tabindex="-1">${row.title}</a>
            ${row.breakpoints > 0 && html`<span class="asks-mark" title="Waits for people">${row.breakpoints} ?</span>`}</span>
        <span class="quiet sub">${origin}</span></span>`;
}

function Context({ row }) {
    const tokens = row.activity?.tokens ?? 0, full = share(row);
    return html`<span role="cell" class="td context">
        <${Meter} value=${tokens} most=${row.window || 200000} label=${`${Math.round(full * 100)} % of the window`}
            tone=${full > 0.9 ? 'bad' : full > 0.7 ? 'warm' : ''}/><span class="number">${count(tokens)}</span></span>`;
}

function Row({ row, at, selected, onSelect }) {
    return html`<div class=${`tr ${selected ? 'selected' : ''}`} role="row" aria-rowindex=${at + 2} aria-selected=${selected}
            style=${{ top: `${at * ROW}px` }} onMouseDown=${onSelect} onClick=${() => go(['s', row.session])}>
        <${Title} row=${row}/>
        <span role="cell" class="td state"><${Badge} word=${row.state}/>
            <span class="quiet sub">${plain(row.state === 'running' ? row.phase : row.cause)}</span></span>
        <span role="cell" class="td node">${row.node ?? (row.waiting
            && html`<span class="quiet" title=${row.waiting}>waits</span>`)}</span>
        <${Context} row=${row}/>
        <span role="cell" class="td active">${row.deadline && row.breakpoints > 0
            ? html`<${Countdown} deadline=${row.deadline}/>` : html`<${Ago} at=${last(row)}/>`}</span></div>`;
}

// ---- all that is seen ----

// Where the frame is scrolled to, and how high it is.
function useFrame() {
    const frame = useRef(), [view, setView] = useState({ top: 0, height: 800 });
    useEffect(() => {
        const element = frame.current, look = () => setView({ top: element.scrollTop, height: element.clientHeight });
        look();
        const watcher = new ResizeObserver(look);
        watcher.observe(element);
        element.addEventListener('scroll', look, { passive: true });
        return () => watcher.disconnect();
    }, []);
    return { frame, ...view };
}

function scrollTo(element, row) {
    const head = element.querySelector('.thead').offsetHeight, top = row * ROW;
    if (top < element.scrollTop)
        element.scrollTop = top;
    else if (top + ROW + head > element.scrollTop + element.clientHeight)
        element.scrollTop = top + ROW + head - element.clientHeight;
}

const Nothing = () => anyFilter()
    ? html`<${Empty} title="No sessions here">Other filters may show some.<//>`
    : html`<${Empty} title="No sessions yet">They appear here as they are created.<//>`;

export function Table({ rows, whole }) {
    const { frame, top, height } = useFrame(), [at, setAt] = useState(0);
    const order = route.value.params.get('sort');
    const sorted = ORDERS[order] ? [...rows].sort(ORDERS[order]) : rows, chosen = Math.min(at, sorted.length - 1);
    const select = (wanted) => {
        const next = Math.max(0, Math.min(sorted.length - 1, wanted));
        setAt(next);
        scrollTo(frame.current, next);
    };
    const seen = Math.max(1, Math.floor(height / ROW) - 2), session = sorted[chosen]?.session;
    useKeys([['j', 'Next', () => select(chosen + 1)], ['k', 'Previous', () => select(chosen - 1)],
             ['ArrowDown', '', () => select(chosen + 1)], ['ArrowUp', '', () => select(chosen - 1)],
             ['PageDown', '', () => select(chosen + seen)], ['PageUp', '', () => select(chosen - seen)],
             ['g g', 'First', () => select(0)], ['G', 'Last', () => select(sorted.length - 1)],
             ['Enter', 'Open', () => session && go(['s', session])],
             ['l', 'Show its family', () => session && refine({ family: session })]]);
    const first = Math.max(0, Math.floor(top / ROW) - AROUND), shown = sorted.slice(first, first + seen + 2 * AROUND + 3);
    return html`<div class="table" role="table" aria-label="Sessions" aria-rowcount=${sorted.length + 1} ref=${frame} tabindex="0">
        <div role="rowgroup" class="thead"><div class="tr head" role="row">${COLUMNS.map(([name, label]) => html`
            <${Heading} key=${name} name=${name} label=${label} order=${order}/>`)}</div></div>
        <div role="rowgroup" class="tbody" style=${{ height: `${sorted.length * ROW}px` }}>${shown.map((row, number) => html`
            <${Row} key=${row.session} row=${row} at=${first + number} selected=${first + number === chosen}
                onSelect=${() => setAt(first + number)}/>`)}</div>
        ${!rows.length && (whole ? html`<${Nothing}/>` : html`<${Loading}/>`)}</div>`;
}
