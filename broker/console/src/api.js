// Requests to the broker, by the routes of docs/methods.md.
import { signal } from '@preact/signals';

// Whether the broker knows who we are: undefined until it has answered.
export const signedIn = signal(undefined);

// A problem document (RFC 9457), or that no answer came at all.
export class Problem extends Error {
    constructor(document) {
        super(document.detail || document.title || 'The request failed.');
        Object.assign(this, document);
    }
}

// url`/v1/sessions/${id}`: each value is one segment.
export const url = (parts, ...values) =>
    parts.reduce((text, part, at) => text + encodeURIComponent(values[at - 1]) + part);

// A breakpoint's own place.
export const roomPath = (session, number) => url`/v1/sessions/${session}/breakpoints/${number}`;

function query(params) {
    const pairs = new URLSearchParams();
    for (const [name, value] of Object.entries(params))
        if (value && typeof value === 'object')
            for (const [key, inner] of Object.entries(value))
                pairs.append(name, `${key}=${inner}`);
        else if (value !== undefined && value !== '' && value !== false)
            pairs.append(name, value);
    const text = pairs.toString();
    return text && `?${text}`;
}

// What a change has to show besides the cookie: the broker tells it to pages of its own, with each answer.
let csrf = '';

async function ask(verb, path, body, options = {}) {
    const headers = { Accept: 'application/json' };
    if (verb !== 'GET') {
        headers['Idempotency-Key'] = options.key ?? crypto.randomUUID();
        headers['Baton-CSRF'] = csrf;
    }
    if (body !== undefined)
        headers['Content-Type'] = 'application/json';
    let answer;
    try {
        answer = await fetch(path, { method: verb, headers, body: body && JSON.stringify(body), signal: options.signal,
                                     keepalive: options.keepalive, credentials: 'same-origin' });
    } catch (error) {
        if (error.name === 'AbortError')
            throw error;
        throw new Problem({ reason: 'unreachable', retry: true, detail: 'The broker cannot be reached.',
                            hint: 'the page goes on by itself when it is back' });
    }
    csrf = answer.headers.get('Baton-CSRF') ?? csrf;
    if (answer.status === 401)
        signedIn.value = false;
    const type = answer.headers.get('Content-Type') ?? '';
    const document = type.includes('json') ? await answer.json() : { detail: `The broker answered ${answer.status}.` };
    if (!answer.ok)
        throw new Problem(document);
    return document;
}

export const get = (path, params = {}, options = {}) => ask('GET', path + query(params), undefined, options);
export const post = (path, body = {}, options = {}) => ask('POST', path, body, options);
export const del = (path, params = {}) => ask('DELETE', path + query(params));

// All pages of a list, handed on one by one as they come.
export async function pages(path, params, take, options) {
    for (let after; ;) {
        const page = await get(path, { ...params, after }, options);
        if (take(page) === false || !page.cursor)
            return;
        after = page.cursor;
    }
}

// Ends this browser's cookie, and begins anew.
export async function signOut() {
    await post('/signout');
    location.reload();
}
