// One page of a browser follows for all of its pages: a browser keeps few connections to one place, for all its windows.
import { Mirror, Stream } from './live.js';

// As Stream, of live.js. Who holds the lock has the stream, and tells the others; when that page goes, the next one takes over.
export function followTogether(filter, { take, again }) {
    if (!navigator.locks)
        return new Stream(filter, { take, again });
    const name = `baton ${new URLSearchParams(filter)}`, channel = new BroadcastChannel(name), mirror = new Mirror();
    let leader;
    const tell = (message) => channel.postMessage(message), state = ({ open, lost }) => ({ state: { open, lost } });
    channel.onmessage = ({ data }) => {
        if (leader) {
            data.asks && tell(state(leader));
            return;
        }
        const opens = data.state?.open && !mirror.open;
        data.state && mirror.set(data.state);
        data.event && take(data.event);
        (data.anew || opens) && again();
    };
    tell({ asks: true });
    navigator.locks.request(name, () => {
        mirror.close();
        leader = new Stream(filter, {
            take: (event) => { tell({ event }); take(event); },
            again: () => { tell({ anew: true }); again(); },
            changed: (stream) => tell(state(stream)),
            steady: true,
        });
        return new Promise(() => {}); // as long as the page is there
    });
}
