// The keyboard. What is open last goes first: each view adds its keys while it is there.
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';

const layers = [];
export const helpShown = signal(false);
let prefix = '';

const typing = (target) => target.closest?.('input, textarea, select, [contenteditable]');

addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
    const inField = typing(event.target);
    if (inField && event.key === 'Escape') {
        event.target.blur();
        return;
    }
    if (inField || document.querySelector('dialog[open]'))
        return;
    const name = prefix + event.key;
    prefix = event.key === 'g' && !prefix ? 'g ' : '';
    for (let at = layers.length - 1; at >= 0; at--) {
        const found = layers[at].current.find(([key]) => key === name);
        const onButton = event.key === 'Enter' && event.target.closest?.('a, button, summary');
        if (!found || onButton)
            continue;
        event.preventDefault();
        found[2]();
        return;
    }
});

// keys: [key, what it does, function] each.
export function useKeys(keys) {
    const layer = useRef(keys);
    layer.current = keys;
    useEffect(() => {
        layers.push(layer);
        return () => { layers.splice(layers.indexOf(layer), 1); };
    }, []);
}

export function allKeys() {
    const known = new Set();
    return [...layers].reverse().map((layer) => layer.current.filter(([key, what]) =>
        what && !known.has(key) && known.add(key))).filter((keys) => keys.length);
}
