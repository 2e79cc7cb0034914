// What happens, as it happens: server-sent events, which go on after the last one that came when the line was cut.
import { computed, signal } from '@preact/signals';

const FIRST_PAUSE = 250, LONGEST_PAUSE = 5000; // ms between two tries
const HIDDEN = 5000; // ms after which a hidden page follows nothing

const streams = signal([]);
export const lostLine = { hear: () => {} }; // told of each cut: it may be that we are signed in no more
const version = signal(0);

// 'live' when all that the page follows comes in, 'lost' when some of it does not, 'opening' before.
export const line = computed(() => {
    version.value;
    const all = streams.value;
    if (all.some((stream) => stream.lost))
        return 'lost';
    return all.length > 0 && all.every((stream) => stream.open) ? 'live' : 'opening';
});

// Stands for a stream that another page has.
export class Mirror {
    constructor() {
        Object.assign(this, { open: false, lost: false, steady: true });
        streams.value = [...streams.value, this];
    }

    set(state) {
        Object.assign(this, state);
        version.value++;
    }

    close() {
        streams.value = streams.value.filter((stream) => stream !== this);
    }
}

// A steady one goes on when the page is hidden; changed (stream) when it was opened or cut.
// take (event) for each event; again () when something may have been missed: at the beginning, and after a cut.
export class Stream {
    constructor(filter, { take, again, changed, steady = false }) {
        Object.assign(this, { filter, take, again, changed, steady, open: false, lost: false, last: 0, pause: FIRST_PAUSE });
        streams.value = [...streams.value, this];
        this.connect();
    }

    connect() {
        const params = new URLSearchParams(this.filter);
        if (this.last)
            params.set('after', this.last);
        const text = params.toString();
        const source = this.source = new EventSource('/v1/events' + (text && `?${text}`));
        source.onopen = () => {
            this.set({ open: true, lost: false, pause: FIRST_PAUSE });
            this.again?.();
        };
        source.onmessage = (message) => {
            this.last = Number(message.lastEventId) || this.last;
            if (message.data)
                this.take(JSON.parse(message.data).data);
        };
        source.addEventListener('resync', () => {
            this.last = 0;
            this.again?.();
        });
        source.onerror = () => {
            source.close();
            this.set({ open: false, lost: true });
            lostLine.hear();
            this.timer = setTimeout(() => this.connect(), this.pause);
            this.pause = Math.min(this.pause * 1.6, LONGEST_PAUSE);
        };
    }

    rest() {
        clearTimeout(this.timer);
        this.source.close();
        this.set({ open: false, lost: false, asleep: true });
    }

    goOn() {
        if (!this.asleep)
            return;
        this.asleep = false;
        this.connect();
    }

    set(state) {
        Object.assign(this, state);
        version.value++;
        this.changed?.(this);
    }

    close() {
        clearTimeout(this.timer);
        this.source.close();
        streams.value = streams.value.filter((stream) => stream !== this);
    }
}

// A browser keeps few connections to one place, for all its tabs: one that nobody sees lets go of its own.
let hiding;
addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    const own = () => streams.value.filter((stream) => !stream.steady);
    if (document.hidden)
        hiding = setTimeout(() => own().forEach((stream) => stream.rest()), HIDDEN);
    else
        own().forEach((stream) => stream.goOn());
});

// Runs work at once, and once more if it is asked for meanwhile: never twice at a time. With a pause, not sooner after
// the last time than that.
export function coalesce(work, pause = 0) {
    let running = false, wanted = false;
    return async function run() {
        wanted = true;
        if (running)
            return;
        running = true;
        while (wanted) {
            wanted = false;
            try {
                await work();
            } catch (error) {
                if (error.name === 'AbortError')
                    continue; // somebody waits for the next one
                console.warn(error.message);
            }
            if (pause)
                await new Promise((resolve) => setTimeout(resolve, pause));
        }
        running = false;
    };
}
