// What a breakpoint's policy says, and how far the votes are. The broker decides; this only shows it.
import { plural } from './words.js';

export const TONES = { approve: 'good', reject: 'bad', stop: 'bad', raise: 'good' };

export function needed({ policy = {}, escalated }) {
    switch (escalated ? 'first' : policy.kind ?? 'first') {
    case 'quorum': return policy.k ?? 1;
    case 'majority': return Math.floor((policy.of ?? 1) / 2) + 1;
    case 'unanimous': return policy.of ?? 1;
    case 'named': return policy.people?.length ?? 1;
    default: return 1;
    }
}

export function sentence({ policy = {}, escalated }) {
    const kind = escalated ? 'first' : policy.kind ?? 'first', votes = needed({ policy, escalated });
    const rule = {
        first: 'The first vote decides',
        quorum: `${plural(votes, 'equal vote')} ${votes === 1 ? 'decides' : 'decide'}`,
        majority: `A majority of ${policy.of} decides (${votes})`,
        unanimous: `All ${policy.of} have to agree`,
        named: `${policy.people?.join(', ')} have to agree`,
    }[kind];
    const notes = [];
    if (escalated)
        notes.push('nobody decided in time');
    if (policy.veto)
        notes.push('one rejection is enough');
    if (policy.people?.length && kind !== 'named')
        notes.push(`only ${policy.people.join(', ')}`);
    if (policy.exclude?.length)
        notes.push(`not ${policy.exclude.join(', ')}`);
    return rule + (notes.length ? `; ${notes.join('; ')}` : '');
}

export function optionsOf({ kind, options }) {
    if (options?.length)
        return options;
    return { approval: ['approve', 'reject'], input: ['answer'], merge_conflict: ['ours', 'theirs', 'edit'],
             budget: ['raise', 'stop'] }[kind] ?? ['approve', 'reject'];
}

export const votesFor = (breakpoint, option, key) =>
    (breakpoint.votes ?? []).filter((vote) => vote.option === option && (!key || vote.key === key));

// The best-placed option's share of what is needed, for a list.
export function lead(breakpoint) {
    const best = Math.max(0, ...optionsOf(breakpoint).map((option) => votesFor(breakpoint, option).length));
    return { best, of: needed(breakpoint) };
}
