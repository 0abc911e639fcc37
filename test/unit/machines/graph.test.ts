import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { clusterMachine, dcsMachine, memberMachine, proxyMachine } from '../../../src/machines/parts.js';
import { problemMachine } from '../../../src/machines/problem.js';
import { stateOfFact } from '../../../src/machines/reduce.js';
import { remediationMachine } from '../../../src/machines/remediation.js';
import { stepPart, stepRemediation } from '../../../src/machines/step.js';
import type { RemediationPhase } from '../../../src/model/ledger.js';

type Event = { readonly type: string };

const stateOf = (snapshot: unknown): string => String((snapshot as { readonly value: unknown }).value);
const eventsOf = (machine: AnyStateMachine): readonly Event[] =>
  (machine.events as readonly string[]).filter((type) => !type.startsWith('xstate.')).map((type) => ({ type }));

/** Every (state, event) that can come to pass, and where it leads. */
function tableOf(machine: AnyStateMachine): readonly (readonly [from: string, event: string, to: string])[] {
  const map = getAdjacencyMap(machine, { events: [...eventsOf(machine)], serializeState: stateOf } as never);
  return adjacencyMapToArray(map).map(({ state, event, nextState }) => [
    stateOf(state),
    (event as Event).type,
    stateOf(nextState),
  ]);
}

const MACHINES = {
  cluster: clusterMachine,
  member: memberMachine,
  dcs: dcsMachine,
  proxy: proxyMachine,
  remediation: remediationMachine,
} as const;
const NAMES = Object.keys(MACHINES) as (keyof typeof MACHINES)[];
const PARTS = ['cluster', 'member', 'dcs', 'proxy'] as const;

describe.each(NAMES.map((name) => [name] as const))('the machine %s', (name) => {
  const machine: AnyStateMachine = MACHINES[name];
  const known = Object.keys(machine.states);
  const table = tableOf(machine);

  it('is what was reviewed', () => {
    const lines = new Map<string, string[]>();
    for (const [from, event, to] of table) lines.set(from, [...(lines.get(from) ?? []), `${event} > ${to}`]);
    expect(Object.fromEntries(lines)).toMatchSnapshot();
  });

  it('leads from every state with every event to a state that it has', () => {
    expect(table.length).toBe(known.length * eventsOf(machine).length);
    for (const [from, event, to] of table) expect(known, `${from} ${event}`).toContain(to);
  });

  it('reaches every one of its states', () => {
    const reached = getShortestPaths(machine, {
      events: [...eventsOf(machine)],
      serializeState: stateOf,
    } as never).map((path) => stateOf(path.state));
    expect([...new Set(reached)].sort()).toEqual([...known].sort());
  });
});

describe.each(PARTS.map((part) => [part] as const))('the summary %s', (part) => {
  it('goes where its fact says, from everywhere', () => {
    for (const [from, event, to] of tableOf(MACHINES[part])) {
      if (part === 'cluster' && event === 'IS_SPLIT') continue;
      expect(to, `${from} ${event}`).toBe(stateOfFact(event));
    }
  });

  it('throws nothing for an event that it does not know, and stays where it is', () => {
    expect(stepPart(part, 'unknown', { type: 'IS_NO_FACT' })).toBe('unknown');
  });
});

describe('a split brain', () => {
  const intoSplit = tableOf(clusterMachine).filter(([, , to]) => to === 'split-brain');

  it('is entered only from its suspicion', () => {
    const from = intoSplit.filter(([state]) => state !== 'split-brain').map(([state]) => state);
    expect(from).toEqual(['split-brain-suspected']);
  });

  it('is only ever suspected by the first pass that confirms it', () => {
    for (const [from, event, to] of tableOf(clusterMachine))
      if (event === 'IS_SPLIT' && !from.startsWith('split-brain')) expect(to, from).toBe('split-brain-suspected');
  });

  it('takes the same path through stepPart as in the graph', () => {
    const once = stepPart('cluster', 'healthy', { type: 'IS_SPLIT' });
    expect([once, stepPart('cluster', once, { type: 'IS_SPLIT' })]).toEqual(['split-brain-suspected', 'split-brain']);
  });
});

describe('losing sight', () => {
  it.each(PARTS.map((part) => [part] as const))('of %s leads to unknown from everywhere', (part) => {
    for (const [from, event, to] of tableOf(MACHINES[part]))
      if (event === 'IS_UNKNOWN') expect(to, from).toBe('unknown');
  });
});

describe('a remediation', () => {
  const table = tableOf(remediationMachine);
  const reach = (from: string): ReadonlySet<string> => {
    const seen = new Set([from]);
    for (let grown = true; grown;) {
      grown = false;
      for (const [state, , to] of table)
        if (seen.has(state) && !seen.has(to)) {
          seen.add(to);
          grown = true;
        }
    }
    return seen;
  };

  it('never goes back from unknown to sending: what may have happened is watched, not repeated', () => {
    expect(table.filter(([from, , to]) => from === 'unknown' && to === 'sending')).toEqual([]);
  });

  it('comes to sending from nowhere but planned, and to planned only by a step whose effect was seen, or proven not to be, or that was refused', () => {
    expect(table.filter(([from, , to]) => to === 'sending' && from !== 'sending').map(([from]) => from)).toEqual([
      'planned',
    ]);
    const back = table.filter(([from, , to]) => to === 'planned' && from !== 'planned');
    expect(back.map(([from, event]) => `${from} ${event}`).sort()).toEqual([
      'sending NOT_YET',
      'unknown NEXT_STEP',
      'unknown UNDONE',
      'verifying NEXT_STEP',
    ]);
  });

  it.each(['succeeded', 'ineffective', 'failed', 'abandoned'])('that is %s stays so', (end) => {
    expect([...reach(end)]).toEqual([end]);
  });

  it('can come to an end from everywhere', () => {
    for (const from of Object.keys(remediationMachine.states)) {
      const ends = [...reach(from)].filter((state) =>
        ['succeeded', 'ineffective', 'failed', 'abandoned'].includes(state),
      );
      expect(ends.length, from).toBeGreaterThan(0);
    }
  });

  it.each<[RemediationPhase, Parameters<typeof stepRemediation>[1]['type'], RemediationPhase]>([
    ['planned', 'SEND', 'sending'],
    ['sending', 'ANSWERED', 'verifying'],
    ['sending', 'REFUSED', 'failed'],
    ['sending', 'LOST', 'unknown'],
    ['verifying', 'MET', 'succeeded'],
    ['verifying', 'EXPIRED', 'ineffective'],
    ['unknown', 'MET', 'succeeded'],
    ['unknown', 'EXPIRED', 'ineffective'],
    ['unknown', 'SEND', 'unknown'],
    ['unknown', 'ANSWERED', 'unknown'],
    ['succeeded', 'EXPIRED', 'succeeded'],
    ['verifying', 'SEND', 'verifying'],
  ])('from %s by %s is %s', (from, type, to) => {
    expect(stepRemediation(from, { type })).toBe(to);
  });
});

describe('the machine of a problem', () => {
  it('knows four phases, of which only one is actionable', () => {
    expect(Object.keys(problemMachine.states)).toEqual(['clear', 'suspect', 'active', 'recovering']);
    const actionable = Object.entries(problemMachine.states).filter(([, node]) => node.tags.includes('actionable'));
    expect(actionable.map(([name]) => name)).toEqual(['active']);
  });
});
