// The nodes, as they say they are. What they say comes with heartbeats, which are no events: so it is looked at.
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { get } from './api.js';
import { coalesce } from './live.js';

const SELDOM = 5000, OFTEN = 1000; // ms between two looks

export const hosts = signal(undefined);
export const hostsProblem = signal(undefined);

export const refreshHosts = coalesce(async () => {
    try {
        hosts.value = (await get('/v1/nodes')).nodes ?? [];
        hostsProblem.value = undefined;
    } catch (problem) {
        hostsProblem.value = problem;
    }
}, 200);

// Looks while the component is there; often while something moves.
export function useHosts(often) {
    useEffect(() => {
        refreshHosts();
        const timer = setInterval(() => document.hidden || refreshHosts(), often ? OFTEN : SELDOM);
        return () => clearInterval(timer);
    }, [often]);
    return hosts.value;
}

// How far a workspace is on its way, as its target says: { done, total } in bytes.
export const arriving = (session, number) => (hosts.value ?? []).flatMap((node) => node.arriving ?? [])
    .find((one) => one.session === session && one.migration === number);
