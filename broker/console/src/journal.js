// A session's journal: its end, kept up to date, and what lies before when somebody looks back.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { coalesce } from './live.js';

const TAIL = 500;  // events that are loaded at first, and at a time
const PAGE = 1000;

// The events past one position, up to another.
async function range(session, after, upTo) {
    const found = [];
    for (let more = true; more && after < upTo;) {
        const page = await get(url`/v1/sessions/${session}/events`, { after: after || undefined, limit: PAGE });
        found.push(...(page.events ?? []).filter(({ n }) => n <= upTo));
        more = page.last > after;
        after = page.last ?? after;
    }
    return found;
}

// events: what there is up to `at`, or all that is loaded; undefined while it is fetched.
export function useJournal(session, at) {
    const [tail, setTail] = useState([]), [past, setPast] = useState(), head = useRef(0);
    const readOn = useMemo(() => coalesce(async () => {
        const { n } = await get(url`/v1/sessions/${session}`), after = head.current || Math.max(0, n - TAIL);
        const found = await range(session, after, n);
        head.current = Math.max(head.current, n);
        if (found.length)
            setTail((old) => [...old, ...found]);
    }, 60), [session]);
    const first = tail[0]?.n, before = Boolean(at && first && at < first);
    useEffect(() => {
        let gone = false;
        setPast();
        if (before)
            range(session, Math.max(0, at - TAIL), at).then((found) => gone || setPast(found), () => {});
        return () => { gone = true; };
    }, [session, before && at]);
    const events = before ? past : at ? tail.filter(({ n }) => n <= at) : tail;
    const earlier = async () => {
        const end = (events[0]?.n ?? 1) - 1, found = await range(session, Math.max(0, end - TAIL), end);
        (before ? setPast : setTail)((old) => [...found, ...old]);
    };
    return { events, last: tail[tail.length - 1]?.n ?? 0, readOn, earlier };
}
