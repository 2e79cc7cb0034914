// What a run prints, as it prints it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, url } from './api.js';
import { html } from './html.js';
import { Empty, Failed } from './parts.js';
import { textOf } from './words.js';

const MOST = 400000;  // letters that are kept
const RUNS = 200;     // that can be chosen
const LOOK = 700;     // ms between two looks at a run that goes on
const CONTROLS = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f]/g; // colours and the like

export function Logs({ state }) {
    const last = state.run?.number ?? 0, [run, setRun] = useState(last), [text, setText] = useState('');
    const [problem, setProblem] = useState(), [ended, setEnded] = useState(false);
    const element = useRef(), stick = useRef(true);
    useEffect(() => { setRun(last); }, [last]);
    useEffect(() => {
        let gone = false, timer, offset = 0;
        setText('');
        setProblem();
        setEnded(false);
        async function look() {
            let page = {};
            try {
                page = await get(url`/v1/sessions/${state.session}/runs/${run}/log`,
                                 { offset: offset || undefined, limit: 65536 });
                gone || setProblem();
            } catch (wrong) {
                gone || setProblem(wrong);
            }
            if (gone)
                return;
            const grown = (page.next ?? offset) > offset;
            if (page.content)
                setText((old) => (old + textOf(page.content).replace(CONTROLS, '')).slice(-MOST));
            offset = page.next ?? offset;
            if (page.end)
                setEnded(true);
            else
                timer = setTimeout(look, grown ? 30 : LOOK);
        }
        if (run)
            look();
        return () => { gone = true; clearTimeout(timer); };
    }, [state.session, run]);
    useEffect(() => {
        if (stick.current && element.current)
            element.current.scrollTop = element.current.scrollHeight;
    }, [text]);
    if (!last)
        return html`<${Empty} title="No run yet">What a run prints appears here.<//>`;
    const scrolled = ({ target }) => { stick.current = target.scrollHeight - target.scrollTop - target.clientHeight < 30; };
    const numbers = Array.from({ length: Math.min(last, RUNS) }, (_, at) => last - at);
    return html`<div class="logs"><div class="buttons"><label class="filter"><span>Run</span>
            <select value=${run} onChange=${({ target }) => setRun(Number(target.value))}>${numbers.map((number) => html`
                <option key=${number} value=${number}>${number}</option>`)}</select></label>
            <span class="quiet" role="status">${ended ? 'This is all of it.' : !problem && 'Live'}</span></div>
        ${problem && !text ? html`<${Failed} problem=${problem}/>` : html`<pre class="log" ref=${element} onScroll=${scrolled}
            tabindex="0" aria-label="Output">${text || 'It has printed nothing yet.'}</pre>`}</div>`;
}
