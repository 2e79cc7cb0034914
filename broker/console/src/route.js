// Where we are: all of it is in the address, behind a hash, so that a link shows another person the same.
import { signal } from '@preact/signals';

function decoded(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part; // somebody has typed it
    }
}

function read() {
    const [path, search = ''] = location.hash.slice(1).split('?');
    return { parts: path.split('/').filter(Boolean).map(decoded), params: new URLSearchParams(search) };
}

export const route = signal(read());
addEventListener('hashchange', () => { route.value = read(); });

export function link(parts, params = {}) {
    const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
    return `#/${parts.map(encodeURIComponent).join('/')}${query && `?${query}`}`;
}

export const go = (parts, params) => { location.hash = link(parts, params); };

// Changes what stands behind the "?", without a step for the back button.
export function refine(changes) {
    const params = { ...Object.fromEntries(route.value.params), ...changes };
    history.replaceState(null, '', link(route.value.parts, params));
    route.value = read();
}
