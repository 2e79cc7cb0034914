// Numbers, times and the broker's words, for people.
import { signal } from '@preact/signals';

export const STATES = ['running', 'suspended', 'sleeping', 'terminated'];

// The broker's clock less ours, ms: deadlines are the broker's.
export const skew = signal(0);
export const tick = signal(Date.now());
setInterval(() => { tick.value = Date.now(); }, 1000);
export const now = () => tick.value + skew.value;

const MINUTE = 60, HOUR = 3600, DAY = 86400;

// A duration in ms: two units at most.
export function span(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < MINUTE)
        return `${s}s`;
    if (s < HOUR)
        return s < 10 * MINUTE ? `${Math.floor(s / MINUTE)}m ${s % MINUTE}s` : `${Math.floor(s / MINUTE)}m`;
    if (s < DAY)
        return `${Math.floor(s / HOUR)}h ${Math.floor(s % HOUR / MINUTE)}m`;
    return `${Math.floor(s / DAY)}d ${Math.floor(s % DAY / HOUR)}h`;
}

// How long something took that may have been quick.
export function lasted(ms) {
    if (ms < 1000)
        return `${Math.max(0, Math.round(ms))} ms`;
    return ms < 10000 ? `${(ms / 1000).toFixed(1)}s` : span(ms);
}

export function ago(at) {
    if (!at)
        return '';
    const s = Math.max(0, Math.floor((now() - at) / 1000));
    if (s < 5)
        return 'now';
    if (s < MINUTE)
        return `${s}s`;
    if (s < HOUR)
        return `${Math.floor(s / MINUTE)}m`;
    return s < DAY ? `${Math.floor(s / HOUR)}h` : `${Math.floor(s / DAY)}d`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const clock = (at) => at ? CLOCK.format(at) : '';
export const full = (at) => at ? FULL.format(at) : '';

export function count(number = 0) {
    if (number < 1000)
        return String(number);
    if (number < 1e6)
        return `${(number / 1e3).toFixed(number < 1e4 ? 1 : 0)}k`;
    return `${(number / 1e6).toFixed(number < 1e7 ? 1 : 0)}M`;
}

export function bytes(number = 0) {
    if (number < 1024)
        return `${number} B`;
    const power = Math.min(4, Math.floor(Math.log2(number) / 10));
    return `${(number / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

export const plain = (word = '') => word.replaceAll('_', ' ');
export const title = (word) => word && plain(word)[0].toUpperCase() + plain(word).slice(1);
export const plural = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
export const show = (value) => typeof value === 'string' ? value : JSON.stringify(value);

// What somebody has typed: JSON when it reads as that, text else.
export function typed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

// Bytes of the wire as text; what is no UTF-8 is shown as such.
export const textOf = (base64 = '') =>
    new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
