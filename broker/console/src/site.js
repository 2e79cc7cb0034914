// What every view needs to know of the site: who we are, and what waits for people.
import { computed, signal } from '@preact/signals';
import { get, pages, signedIn } from './api.js';
import { coalesce, lostLine } from './live.js';
import { followTogether } from './together.js';
import { skew } from './words.js';

export const about = signal(undefined);
export const waiting = signal(undefined); // open breakpoints, most urgent first
export const waitingProblem = signal(undefined);
export const me = computed(() => about.value?.you);
export const may = computed(() => ({ operate: ['admin', 'operator'].includes(about.value?.role),
                                     admin: about.value?.role === 'admin' }));

const hears = new Set();
// Calls it when the line is there again, for whoever could not even begin; gives a function that ends it.
export function onAgain(work) {
    hears.add(work);
    return () => hears.delete(work);
}

const MOST = 2000;    // breakpoints that are listed

// By deadline; those without one by age, after them.
const urgency = ({ breakpoint }) => breakpoint.deadline || Number.MAX_SAFE_INTEGER;

export const refreshWaiting = coalesce(async () => {
    const rows = [];
    try {
        await pages('/v1/breakpoints', { order: 'urgent', limit: 500 }, (page) => {
            rows.push(...page.breakpoints ?? []);
            return rows.length < MOST;
        });
    } catch (problem) {
        waitingProblem.value = problem;
        throw problem;
    }
    waiting.value = rows.sort((a, b) => urgency(a) - urgency(b) || a.breakpoint.opened_at - b.breakpoint.opened_at);
    waitingProblem.value = undefined;
}, 60);

export async function askWho() {
    const asked = Date.now(), site = await get('/v1/site');
    skew.value = (site.now ?? Date.now()) - (asked + Date.now()) / 2;
    signedIn.value = Boolean(site.you);
    about.value = site;
}

lostLine.hear = coalesce(askWho, 2000);

let following = false;
export async function begin() {
    try {
        await askWho();
    } catch (problem) {
        if (signedIn.value !== false)
            setTimeout(begin, 1000);
        return;
    }
    if (!signedIn.value || following)
        return;
    following = true;
    refreshWaiting();
    followTogether({ class: 'breakpoint' }, {
        take: refreshWaiting,
        again: () => {
            refreshWaiting();
            askWho().catch(() => {});
            hears.forEach((hear) => hear());
        },
    });
}
