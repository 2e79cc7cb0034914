// A session's family as a picture: parents and children, forks, and merges.
import { get, pages, url } from './api.js';
import { html } from './html.js';
import { Failed, Loading, useLoad } from './parts.js';
import { link } from './route.js';
import { plain } from './words.js';

const MOST = 80;                  // sessions in a picture
const WIDTH = 208, HEIGHT = 44;   // of a session
const ARCH = 40;                  // that a merge's line rises
const RIGHT = 60, DOWN = 16;      // between two

// Everybody that is reached from the session by parents, children and forks, with what they have taken in.
async function gather(session) {
    const rows = new Map(), near = new Map();
    const tie = (a, b) => near.set(a, [...near.get(a) ?? [], b]);
    await pages('/v1/sessions', { limit: 1000 }, (page) => {
        for (const row of page.sessions ?? []) {
            rows.set(row.session, row);
            for (const other of [row.parent, row.forked_from].filter(Boolean)) {
                tie(row.session, other);
                tie(other, row.session);
            }
        }
        return rows.size < 20000;
    });
    const family = new Set([session]), states = new Map();
    for (const one of family) {
        if (family.size >= MOST)
            break;
        (near.get(one) ?? []).forEach((other) => family.size < MOST && family.add(other));
        const state = await get(url`/v1/sessions/${one}`).catch(() => undefined);
        states.set(one, state);
        (state?.ancestors ?? []).forEach((ancestor) => family.size < MOST && family.add(ancestor.session));
    }
    return [...family].map((one) => ({ ...rows.get(one), session: one, merged: mergedInto(one, rows, states) }));
}

// What is part of a session's past, and not by the forks that it comes from, was merged into it; or into what was.
function mergedInto(session, rows, states) {
    const past = (one) => (states.get(one)?.ancestors ?? []).map((ancestor) => ancestor.session);
    const line = new Set([session]);
    for (const one of line)
        [rows.get(one)?.forked_from].filter(Boolean).forEach((from) => line.add(from));
    const found = past(session).filter((one) => !line.has(one));
    return found.filter((one) => !found.some((other) => other !== one && past(other).includes(one)));
}

// Columns by generation, rows so that whoever came from a session stands beside or below it.
function arrange(family) {
    const known = new Map(family.map((member) => [member.session, member])), below = new Map(), places = new Map();
    const origin = ({ parent, forked_from: fork }) => [parent, fork].find((from) => known.has(from));
    const roots = family.filter((member) => {
        const from = origin(member);
        if (from)
            below.set(from, [...below.get(from) ?? [], member]);
        return !from;
    });
    let line = 0;
    const place = (member, column) => {
        if (places.has(member.session))
            return;
        places.set(member.session, { member, column, line });
        (below.get(member.session) ?? []).sort((a, b) => a.created_at - b.created_at).forEach((next, at) => {
            if (at > 0)
                line++;
            place(next, column + 1);
        });
    };
    roots.forEach((root) => { place(root, 0); line++; });
    return { places, columns: 1 + Math.max(...[...places.values()].map(({ column }) => column)), lines: line };
}

const at = ({ column, line }) => [column * (WIDTH + RIGHT) + 8, line * (HEIGHT + DOWN) + 8];

function Edge({ from, to, kind }) {
    const [x1, y1] = at(from), [x2, y2] = at(to), middle = HEIGHT / 2;
    const curve = (...points) => `M${points[0]} C${points.slice(1).join(' ')}`, over = x1 + WIDTH / 2, bend = RIGHT / 2;
    const path = kind === 'merge' // over the top, back into what it has come from
        ? curve([over, y1], [over, y1 - ARCH], [x2 + WIDTH / 2, y2 - ARCH], [x2 + WIDTH / 2, y2 - 3])
        : curve([x1 + WIDTH, y1 + middle], [x1 + WIDTH + bend, y1 + middle], [x2 - bend, y2 + middle], [x2 - 3, y2 + middle]);
    return html`<path class=${`edge ${kind}`} d=${path} marker-end="url(#arrow)"/>`;
}

const cut = (text = '', most = 24) => [...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text;

function Member({ place, self }) {
    const [x, y] = at(place), { session, title, state, cause } = place.member;
    const how = [state, cause && plain(cause)].filter(Boolean).join(', ');
    return html`<a href=${link(['s', session])} aria-current=${self ? 'page' : undefined}>
        <title>${title ?? session}</title>
        <rect class=${`member ${state ?? ''} ${self ? 'self' : ''}`} x=${x} y=${y} width=${WIDTH} height=${HEIGHT} rx="8"/>
        <circle class=${`dot ${state ?? ''}`} cx=${x + 13} cy=${y + HEIGHT / 2} r="4"/>
        <text x=${x + 26} y=${y + 19} class="member-title">${cut(title ?? session)}</text>
        <text x=${x + 26} y=${y + 34} class="member-sub">${cut(how, 28)}</text></a>`;
}

function edges(places) {
    const found = [];
    for (const place of places.values()) {
        const { parent, forked_from: fork, merged } = place.member;
        const add = (from, to, kind) => from && to && found.push({ from, to, kind });
        add(places.get(parent), place, 'child');
        add(places.get(fork), place, 'fork');
        merged.forEach((from) => add(places.get(from), place, 'merge'));
    }
    return found;
}

export function Picture({ session }) {
    const { data, problem, reload } = useLoad(() => gather(session), [session]);
    if (!data)
        return problem ? html`<${Failed} problem=${problem} retry=${reload}/>` : html`<${Loading}/>`;
    const { places, columns, lines } = arrange(data);
    const width = columns * (WIDTH + RIGHT) + 16;
    const over = data.some(({ merged }) => merged.length) ? ARCH : 0, height = lines * (HEIGHT + DOWN) + 12 + over;
    const members = [...places.values()];
    return html`<div class="picture" tabindex="0"><svg width=${width} height=${height} viewBox=${`0 ${-over} ${width} ${height}`}
            role="group" aria-label=${`Family of ${data.length} sessions`}>
        <defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8z"/></marker></defs>
        ${edges(places).map((edge, number) => html`<${Edge} key=${number} ...${edge}/>`)}
        ${members.map((place) => html`<${Member} key=${place.member.session} place=${place}
            self=${place.member.session === session}/>`)}</svg></div>
        <p class="legend quiet"><span class="sample child"/> child <span class="sample fork"/> fork
            <span class="sample merge"/> merged into ${data.length >= MOST && html` — the nearest ${MOST} of them`}</p>`;
}

export const Family = ({ session, onClose }) => html`<section class="family" aria-label="Family">
    <header><h2>Family</h2><button class="plain" aria-label="Close" onClick=${onClose}>✕</button></header>
    <${Picture} session=${session}/></section>`;
