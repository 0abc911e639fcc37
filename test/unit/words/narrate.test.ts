import { describe, expect, it } from 'vitest';
import { narrate } from '../../../src/words/narrate.js';
import type { EntryBody } from '../../../src/model/entry.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS, plan, remediation } from '../../support/snapshots.js';

const drain = plan('drain-replica', 'patroni2', 'replica-lag-emergency');
const { problems } = SCENARIOS.lagHeld().states!;
const pass = { kind: 'pass', tick: 7, cluster: 'lagging', view: null, states: null } as const;
const reply = { effect: 'done', status: 200, text: '', tookMs: 12.4 } as const;

const cases: readonly { body: EntryBody; tone: string; text: string }[] = [
  {
    body: {
      kind: 'start',
      version: '0.1.0',
      instance: 'c1:7',
      configHash: 'a',
      policyHash: 'c0ffee0123456789',
      policy: {},
    },
    tone: 'plain',
    text: 'ekimi 0.1.0 started as c1:7, policy c0ffee012345',
  },
  { body: { ...pass, problems: [], decisions: [] }, tone: 'good', text: 'no problem in sight' },
  {
    body: { ...pass, problems, decisions: [] },
    tone: 'warn',
    text: 'sees replica-lag-emergency patroni2 (active), replay-blocked patroni2 (suspect); nothing to do yet',
  },
  {
    body: { ...pass, problems, decisions: [{ kind: 'act', plan: drain, why: 'far behind', steps: [] }] },
    tone: 'plain',
    text: 'drain-replica patroni2: far behind',
  },
  {
    body: {
      ...pass,
      problems,
      decisions: [
        {
          kind: 'waiting',
          code: 'member-down',
          subject: 'p2',
          why: 'counts at 02:00:04Z if it persists',
          untilMs: null,
        },
        { kind: 'page', code: 'leaderless', subject: 'c', why: 'nobody leads' },
        {
          kind: 'waiting',
          code: 'too-few-replicas',
          subject: 'c',
          why: 'counts at 02:00:04Z if it persists',
          untilMs: null,
        },
      ],
    },
    tone: 'bad',
    text: 'a person must act on leaderless c; waiting on member-down p2, too-few-replicas c: counts at 02:00:04Z if it persists',
  },
  {
    body: { kind: 'intent', id: 'r1', plan: drain, step: 0, request: 'haproxy> x', shadow: true, epoch: '1' },
    tone: 'quiet',
    text: 'dry-run: drain-replica patroni2, step 1: would send haproxy> x',
  },
  {
    body: { kind: 'intent', id: 'r1', plan: drain, step: 1, request: 'haproxy> x', shadow: false, epoch: '1' },
    tone: 'plain',
    text: 'drain-replica patroni2, step 2: sends haproxy> x',
  },
  { body: { kind: 'outcome', id: 'r1', step: 0, reply, shadow: false }, tone: 'plain', text: 'done 200 in 12 ms' },
  {
    body: {
      kind: 'outcome',
      id: 'r1',
      step: 0,
      reply: { ...reply, effect: 'maybe', status: null, text: 'timeout' },
      shadow: false,
    },
    tone: 'bad',
    text: 'no answer says whether it happened: timeout; Ekimi looks before it does anything else',
  },
  {
    body: {
      kind: 'outcome',
      id: 'r1',
      step: 0,
      reply: { ...reply, effect: 'none', status: 503, text: 'busy' },
      shadow: false,
    },
    tone: 'warn',
    text: 'refused, nothing happened 503 in 12 ms: busy',
  },
  {
    body: {
      kind: 'verdict',
      id: 'r1',
      remediation: remediation(drain, 'ineffective', NOW_MS, { detail: 'still routed' }),
    },
    tone: 'warn',
    text: 'drain-replica patroni2 ineffective: still routed',
  },
  {
    body: { kind: 'approval', id: 'a-1', state: 'approved', by: 'dba', reason: 'ok', plan: drain },
    tone: 'plain',
    text: 'approval a-1 of drain-replica patroni2 is approved by dba: ok',
  },
  {
    body: {
      kind: 'switch',
      change: 'on',
      switch: { subject: 'cluster', owner: 'dba', reason: 'upgrade', sinceMs: 0, expiresAtMs: null },
      by: 'dba',
    },
    tone: 'warn',
    text: 'paused cluster by dba: upgrade',
  },
  {
    body: { kind: 'tenure', change: 'lost', detail: '' },
    tone: 'bad',
    text: 'this instance lost tenure: it sends nothing until it holds it again',
  },
  {
    body: { kind: 'policy', change: 'refused', hash: 'x', detail: 'mode: "on" is not a mode', policy: null },
    tone: 'bad',
    text: 'policy refused: mode: "on" is not a mode',
  },
  {
    body: { kind: 'page', code: 'leaderless', subject: 'c', text: 'look' },
    tone: 'bad',
    text: 'paged for leaderless c: look',
  },
  {
    body: {
      kind: 'evidence',
      id: 'r2',
      plan: plan('fence-member', 'patroni2', 'leader-frozen'),
      moment: 'after',
      leaderKey: { holder: 'patroni2', modRevision: '77', leaseTtlMs: 8_400, optimeLsn: '0/5000028' },
      members: [
        {
          member: 'patroni1',
          role: 'replica',
          position: { timeline: 3, lsn: '0/5000060', atMs: NOW_MS },
          says: 'running',
          host: unknown('timeout', 'no answer', NOW_MS, 'docker'),
        },
        {
          member: 'patroni2',
          role: null,
          position: null,
          says: 'no answer in time',
          host: fresh(
            {
              state: 'stopped',
              id: 'c',
              startedAtMs: null,
              finishedAtMs: Date.UTC(2026, 0, 15, 2, 0, 30),
              exitCode: 137,
              oomKilled: true,
              restartCount: 0,
            },
            NOW_MS,
            'docker',
          ),
        },
      ],
      log: fresh(['LOG: ready', 'INFO: no action', ''], NOW_MS, 'docker'),
    },
    tone: 'quiet',
    text: 'evidence after fence-member patroni2: patroni2 holds the leader key at revision 77, 8 s of its lease left; patroni2 silent position unknown, stopped with exit code 137 (out of memory) since 2026-01-15 02:00:30Z; patroni1 replica at 0/5000060 on timeline 3, its host does not say; log of patroni2: 3 lines, the last: INFO: no action',
  },
  {
    body: {
      kind: 'evidence',
      id: 'r2',
      plan: plan('expedite-failover', 'patroni2', 'leader-down'),
      moment: 'before',
      leaderKey: null,
      members: [],
      log: unknown('not-configured', 'log of patroni2 is not configured', NOW_MS, 'log'),
    },
    tone: 'quiet',
    text: 'evidence before expedite-failover patroni2: the leader key could not be read; log of patroni2 is not configured',
  },
  { body: { kind: 'stop', reason: 'SIGTERM' }, tone: 'plain', text: 'ekimi stopped: SIGTERM' },
];

describe('an entry as a sentence', () => {
  it.each(cases)('$text', ({ body, tone, text }) => {
    const entry = { seq: 5, atMs: NOW_MS, scope: 'c', body, prev: 'p', hash: 'h' };
    expect(narrate(entry)).toEqual({ seq: 5, atMs: NOW_MS, scope: 'c', kind: body.kind, tone, text });
  });

  it('of a kind from a newer version is said to be unknown and breaks nothing', () => {
    const body = { kind: 'dance' } as unknown as EntryBody;
    expect(narrate({ seq: 1, atMs: 0, scope: 'c', body, prev: '', hash: '' }).text).toContain('dance');
  });
});
