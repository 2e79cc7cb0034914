// What is being decided, said or kept: a diff, JSON or text. It is never taken for markup.
import { useState } from 'preact/hooks';
import { html } from './html.js';

const LINES = 400; // that are shown before somebody asks for all

export function kindOf(text) {
    if (/^(diff --git |Index: |--- .+\n\+\+\+ |@@ -\d)/m.test(text))
        return 'diff';
    const first = text.trimStart()[0];
    if (first === '{' || first === '[')
        try {
            JSON.parse(text);
            return 'json';
        } catch {
            return 'text';
        }
    return 'text';
}

function diffTone(line) {
    if (/^(\+\+\+|---) /.test(line) || /^(diff |index |new file|deleted file|similarity|rename )/.test(line))
        return 'file';
    return line.startsWith('@@') ? 'hunk' : { '+': 'added', '-': 'removed' }[line[0]] ?? '';
}

// [old number, new number, tone, text] of each line.
function diffLines(text) {
    let before, after;
    return text.replace(/\n$/, '').split('\n').map((line) => {
        const tone = diffTone(line), hunk = tone === 'hunk' && line.match(/^@@ -(\d+)(?:,\d+)? \+(\d+)/);
        if (hunk)
            [before, after] = [Number(hunk[1]), Number(hunk[2])];
        if (tone === 'file')
            before = after = undefined;
        if (hunk || before === undefined)
            return ['', '', tone, line];
        return [tone === 'added' ? '' : before++, tone === 'removed' ? '' : after++, tone, line];
    });
}

const Diff = ({ lines }) => html`<table class="diff" aria-label="Diff"><tbody>${lines.map(([before, after, tone, text]) => html`
    <tr class=${tone}><td class="number">${before}</td><td class="number">${after}</td>
        <td class="line">${text || ' '}</td></tr>`)}</tbody></table>`;

// JSON with its parts told apart: tokens are cut out of the text, and shown as text.
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function jsonParts(text) {
    const parts = [];
    let from = 0;
    for (const found of text.matchAll(TOKEN)) {
        const [whole, string, colon, word] = found;
        const tone = colon ? 'name' : string ? 'string' : word ? 'word' : 'amount';
        parts.push(text.slice(from, found.index), html`<span class=${`json-${tone}`}>${colon ? string : whole}</span>`,
                   colon ?? '');
        from = found.index + whole.length;
    }
    return [...parts, text.slice(from)];
}

export const Json = ({ value }) => html`<pre class="content" tabindex="0">${jsonParts(JSON.stringify(value, null, 2) ?? '')}</pre>`;

export function Content({ text = '' }) {
    const [all, setAll] = useState(false);
    const kind = kindOf(text);
    if (kind === 'json')
        return html`<${Json} value=${JSON.parse(text)}/>`;
    const lines = kind === 'diff' ? diffLines(text) : text.split('\n');
    const shown = all ? lines : lines.slice(0, LINES);
    return html`
        ${kind === 'diff' ? html`<div class="content scroll" tabindex="0"><${Diff} lines=${shown}/></div>`
                          : html`<div class="content prose" tabindex="0">${shown.join('\n')}</div>`}
        ${shown.length < lines.length && html`
            <button class="wide" onClick=${() => setAll(true)}>Show all ${lines.length} lines</button>`}`;
}

// A value of a memory, a message or an answer.
export const Value = ({ value }) => value !== null && typeof value === 'object' ? html`<${Json} value=${value}/>` :
    html`<${Content} text=${typeof value === 'string' ? value : JSON.stringify(value) ?? ''}/>`;
