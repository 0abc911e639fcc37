import { describe, expect, it } from 'vitest';
import { EKIMI_SCHEMA } from '../../../src/config/ekimi-schema.js';
import { POLICY_SCHEMA } from '../../../src/config/policy-schema.js';
import type { Part, Shape } from '../../../src/config/schema.js';
import { changed, configFrom, CONTRACT_CONFIG, CONTRACT_POLICY, policyFrom } from './files.js';

/**
 * Every figure of both files at its ends: either it means something or it is refused. A new key without a row here fails, so that somebody
 * thinks of what nothing of it, the least of it, and far too much of it would do.
 */
type Verdict = 'means' | 'warns' | 'refused';
type Row = readonly [zero: Verdict, one: Verdict, huge: Verdict];

const EXTREMES = {
  duration: ['0s', '1ms', '366d', '-1s'],
  size: ['0B', '1B', '1024TB', '-1MB'],
  'whole number': [0, 1, 1_000_000, -1],
  number: [0, 1, 1_000_000, -1],
  percentage: ['0%', '1%', '101%', '-1%'],
} as const;

const POLICY: Readonly<Record<string, Row>> = {
  'poll.interval': ['refused', 'refused', 'refused'],
  'poll.suspectInterval': ['refused', 'refused', 'refused'],
  // Zero: always reached. Huge: out of order, or never told, which is a choice.
  'lag.warning': ['refused', 'refused', 'refused'],
  'lag.critical': ['refused', 'refused', 'refused'],
  'lag.emergency': ['refused', 'refused', 'means'],
  'lag.for': ['warns', 'warns', 'refused'],
  'lag.recovered': ['refused', 'warns', 'refused'],
  'lag.recoveredFor': ['means', 'means', 'refused'],
  // Less than a second would make a busy replica old; ages must rise from left to right.
  'lag.warningAge': ['refused', 'refused', 'refused'],
  'lag.criticalAge': ['refused', 'refused', 'refused'],
  'lag.emergencyAge': ['refused', 'refused', 'refused'],
  'grace.PROBLEM.for': ['means', 'means', 'refused'],
  'grace.PROBLEM.samples': ['refused', 'means', 'refused'],
  'grace.PROBLEM.clearFor': ['means', 'means', 'refused'],
  'actions.ACTION.cooldown': ['means', 'means', 'refused'],
  'actions.ACTION.attempts': ['refused', 'means', 'refused'],
  'actions.ACTION.timeout': ['refused', 'refused', 'refused'],
  'blockers.olderThan': ['means', 'means', 'refused'],
  'limits.concurrent': ['refused', 'means', 'refused'],
  'limits.perHour': ['refused', 'means', 'refused'],
  'limits.minHealthyReplicas': ['means', 'means', 'refused'],
  'limits.minReadPool': ['means', 'means', 'refused'],
  'limits.minReadPoolPerSite': ['means', 'means', 'refused'],
  'limits.stormMembers': ['refused', 'refused', 'refused'],
  'limits.stormQuiet': ['means', 'means', 'refused'],
  'startGrace.passes': ['means', 'means', 'refused'],
  'startGrace.for': ['means', 'means', 'refused'],
  chain: ['refused', 'refused', 'refused'],
  // At 1 the first failure already makes a member one that flaps. Huge: nothing flaps, which is a choice.
  'flap.threshold': ['refused', 'refused', 'means'],
  'flap.halfLife': ['refused', 'refused', 'refused'],
  'approvals.expire': ['refused', 'refused', 'refused'],
  'connections.warning': ['refused', 'means', 'refused'],
  'pause.remindAfter': ['refused', 'refused', 'refused'],
  'slots.dropWithin': ['refused', 'refused', 'refused'],
  'slots.awaitMember': ['refused', 'refused', 'refused'],
  'slots.retainWarning': ['refused', 'refused', 'means'],
  'aside.keepFor': ['refused', 'refused', 'refused'],
  'aside.maxShareOfDisk': ['refused', 'means', 'refused'],
  'disks.warnWithin': ['refused', 'refused', 'refused'],
  'pooler.maxPause': ['refused', 'refused', 'refused'],
  'pooler.pauseWithin': ['refused', 'refused', 'refused'],
  'pooler.pausedWarning': ['refused', 'refused', 'refused'],
  'pooler.waitWarning': ['refused', 'refused', 'refused'],
  'windows.maintenance.0.for': ['refused', 'refused', 'refused'],
  'windows.freeze.0.for': ['refused', 'refused', 'refused'],
};

const CONFIG: Readonly<Record<string, Row>> = {
  // Zero: no page would be live. Huge: more than sockets and memory carry.
  'api.streams': ['refused', 'means', 'refused'],
  'clusters.0.dcs.tenureTtl': ['refused', 'refused', 'refused'],
  'clusters.0.dcs.quota': ['refused', 'refused', 'means'],
  'clusters.0.deadlines.read': ['refused', 'refused', 'refused'],
  'clusters.0.deadlines.slowRead': ['refused', 'refused', 'refused'],
  'clusters.0.deadlines.sql': ['refused', 'refused', 'refused'],
  'clusters.0.deadlines.dcs': ['refused', 'refused', 'refused'],
  'clusters.0.deadlines.proxy': ['refused', 'refused', 'refused'],
  'clusters.0.deadlines.host': ['refused', 'refused', 'refused'],
  'clusters.0.postgres.check.within': ['refused', 'refused', 'refused'],
  'clusters.0.postgres.check.statementTimeout': ['refused', 'refused', 'refused'],
  'notifications.deadline': ['refused', 'refused', 'refused'],
  'notifications.digest.count': ['refused', 'means', 'refused'],
  'notifications.digest.within': ['refused', 'refused', 'refused'],
  'notifications.escalation.0.after': ['refused', 'refused', 'refused'],
  'notifications.reports.0.covers': ['refused', 'refused', 'refused'],
  'notifications.veto.deadline': ['refused', 'refused', 'refused'],
  'notifications.routes.0.during.for': ['refused', 'refused', 'refused'],
  // Huge: messages of months of outage, which is a choice.
  'notifications.spool.maxSize': ['refused', 'refused', 'means'],
  // Zero or one byte: a file for every entry. Huge: one file for ever, which is a choice.
  'journal.maxFile': ['refused', 'refused', 'means'],
  // Zero keeps all. One: all history goes with each new file.
  'journal.keepFiles': ['means', 'refused', 'refused'],
};

interface Figure {
  readonly name: string;
  readonly place: string;
  readonly type: keyof typeof EXTREMES;
}

/** Families of like sections count once, by their first member; for actions by one that is on. */
const FIRST: Readonly<Record<string, string>> = {
  PROBLEM: 'member-down',
  ACTION: 'drain-replica',
  PROCEDURE: 'rolling-restart',
};

function figuresIn(shape: Shape, name = '', place = ''): Figure[] {
  const below = (above: string, step: string): string => (above === '' ? step : `${above}.${step}`);
  return Object.entries(shape).flatMap(([step, part]: [string, Part]) => {
    const [named, placed] = [below(name, step), below(place, step)];
    if (part.kind === 'key') {
      const type = part.format.type as Figure['type'];
      return type in EXTREMES ? [{ name: named, place: placed, type }] : [];
    }
    if (part.kind === 'section' && part.family !== null) {
      const member = FIRST[part.family] ?? '';
      const kin = part.keys[member];
      if (kin === undefined || kin.kind === 'key') throw new Error(`no ${member} in ${named}`);
      return figuresIn(kin.keys, below(named, part.family), below(placed, member));
    }
    const index = part.kind === 'list' ? '.0' : '';
    return figuresIn(part.keys, `${named}${index}`, `${placed}${index}`);
  });
}

const FREEZE = changed(CONTRACT_POLICY, 'windows.freeze', [{ cron: '0 1 * * *', for: '1h' }]);
const BASE = changed(FREEZE, 'actions.drain-replica', { mode: 'auto' });

const FILES = [
  [
    'policy.yaml',
    POLICY_SCHEMA as Shape,
    POLICY,
    (place: string, value: unknown) => policyFrom(changed(BASE, place, value)),
  ],
  [
    'ekimi.yaml',
    EKIMI_SCHEMA as Shape,
    CONFIG,
    (place: string, value: unknown) => configFrom(changed(CONTRACT_CONFIG, place, value)),
  ],
] as const;

describe.each(FILES)('a figure of %s', (_file, schema, table, load) => {
  const figures = figuresIn(schema);

  it('has a row here, and no row is of a key that is gone', () => {
    expect(figures.map(({ name }) => name).sort()).toEqual(Object.keys(table).sort());
  });

  const cases = figures.flatMap(({ name, place, type }) =>
    EXTREMES[type].map((value, index) => ({
      name,
      place,
      value,
      verdict: table[name]?.[index] ?? ('refused' as const),
    })),
  );

  it.each(cases)('$name: $value $verdict', ({ place, value, verdict }) => {
    const loaded = load(place, value);
    const rows = loaded.ok ? loaded.warnings : loaded.errors;
    expect(loaded.ok ? (rows.length > 0 ? 'warns' : 'means') : 'refused').toBe(verdict);
    for (const row of rows) {
      expect(row).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
      for (const text of [row.key, row.found, row.expected, row.remedy]) expect(text).not.toBe('');
    }
  });
});
