import { describe, expect, it } from 'vitest';
import { openPlaces } from '../../../src/actions/servers.js';
import type { Remediation } from '../../../src/model/ledger.js';
import type { ActionName } from '../../../src/model/plan.js';
import type { ProcedureRun } from '../../../src/model/procedure-run.js';
import { unknown } from '../../../src/model/reading.js';
import { rebuildMember } from '../../../src/procedures/rebuild-member.js';
import { inMaintenance, withChange } from '../../support/staged/add-replica.js';
import { REBUILD_MEMBER } from '../../support/staged/rebuild-member.js';
import {
  all,
  ledgerOf,
  member,
  NOW_MS,
  planOf,
  remediationOf,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const MEMBER = 'patroni3';
const MINUTE_MS = 60_000;
const SERVERS = [...openPlaces(viewOf(), MEMBER)];
const servers = SERVERS.map((place) => ({ ...place }));

/** A rebuild of it that a person ended two minutes ago. */
const ended = (part: Partial<ProcedureRun> = {}): ProcedureRun => ({
  id: 'r-1',
  name: 'rebuild-member',
  goal: { member: MEMBER, suffix: 'ekimi-20260115T015000Z', servers },
  by: 'dba',
  reason: 'wrong pages',
  phase: 'aborted',
  agreed: [],
  startedAtMs: NOW_MS - 10 * MINUTE_MS,
  endedAtMs: NOW_MS - 2 * MINUTE_MS,
  detail: '',
  continuedAtMs: NOW_MS - 10 * MINUTE_MS,
  ...part,
});
const later = (part: Partial<ProcedureRun>): ProcedureRun =>
  ended({ id: 'r-2', endedAtMs: NOW_MS - MINUTE_MS, ...part });

/** A stage of a run on it. */
const sent = (action: ActionName, part: Partial<Remediation> = {}, run = 'r-1'): Remediation =>
  remediationOf(action, MEMBER, {
    id: `${action} ${run}`,
    plan: {
      ...planOf(action, MEMBER),
      because: { code: 'operator', subject: MEMBER, run, stage: `${action} ${MEMBER}` },
    },
    ...part,
  });

function asked(change: Change, procedures: readonly ProcedureRun[], remediations: readonly Remediation[]) {
  const [of] = REBUILD_MEMBER;
  if (of === undefined) throw new Error('there is no case');
  const input = { ...withChange(of.begins, change), ledger: ledgerOf({ procedures, remediations }) };
  return rebuildMember.goal(input, { member: MEMBER, candidate: null, back: false, parameters: {} });
}

describe('a member whose rebuild was ended before its end', () => {
  const opened = (procedures: readonly ProcedureRun[], remediations = [sent('close-servers')]): readonly unknown[] => {
    const bound = asked(inMaintenance(MEMBER, true), procedures, remediations);
    if (bound.kind === 'refused') throw new Error(bound.why);
    return bound.goal.servers;
  };

  it.each<readonly [string, readonly ProcedureRun[]]>([
    ['it closed them', [ended()]],
    ['it was begun anew and ended once more', [ended(), later({})]],
    [
      'another one was offered since, and not begun',
      [ended(), later({ proposed: { code: 'data-corruption', subject: MEMBER, word: 'gone' } })],
    ],
    ['another member was taken out since', [ended(), later({ name: 'evacuate-member', goal: { member: 'patroni2' } })]],
  ])('has its servers opened in the end: %s', (_, runs) => {
    expect(SERVERS).not.toEqual([]);
    expect(opened(runs)).toEqual(servers);
  });

  it.each<readonly [string, readonly ProcedureRun[]]>([
    ['it is longer ago than a day', [ended({ endedAtMs: NOW_MS - 25 * 60 * MINUTE_MS })]],
    ['it was done to its end since', [ended(), later({ phase: 'succeeded' })]],
    ['it was taken out and given back since', [ended(), later({ name: 'give-back', phase: 'succeeded' })]],
    [
      'it was brought back from a partition since',
      [ended(), later({ name: 'recover-partition', phase: 'succeeded', goal: { members: ['patroni2', MEMBER] } })],
    ],
  ])('keeps closed what somebody closed: %s', (_, runs) => {
    expect(opened(runs)).toEqual([]);
  });

  it('keeps closed what that run had not closed', () => {
    expect(opened([ended()], [])).toEqual([]);
    expect(opened([ended()], [sent('close-servers', { sentAtMs: null, phase: 'abandoned' })])).toEqual([]);
  });
});

describe('a member that is stopped, of whose disk nobody can tell', () => {
  const unreadable: Change = all(
    inMaintenance(MEMBER, true),
    stopped(MEMBER),
    member(MEMBER, () => ({ disk: unknown('not-read-yet', 'it does not run', NOW_MS, 'disk') })),
  );
  const kind = (...remediations: readonly Remediation[]): string => asked(unreadable, [ended()], remediations).kind;

  it('is rebuilt further where the run that was ended has stopped it', () => {
    expect(kind(sent('close-servers'), sent('stop-member'))).toBe('goal');
  });

  it.each<readonly [string, readonly Remediation[]]>([
    ['that run never stopped it', [sent('close-servers')]],
    ['the stop failed', [sent('stop-member', { phase: 'failed' })]],
    ['another one stopped it', [sent('stop-member', {}, 'r-0')]],
    ['it was started since', [sent('stop-member'), remediationOf('start-member', MEMBER)]],
  ])('is not rebuilt where %s: room for both was asked by nobody', (_, remediations) => {
    expect(kind(...remediations)).toBe('refused');
  });
});
