import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aborted } from '../scenarios/aborted.js';
import { aReplicaThatLags } from '../scenarios/lagging.js';
import { anOperatorsDay } from '../scenarios/operating.js';
import { blockedReplay } from '../scenarios/blocked.js';
import { leadership } from '../scenarios/leading.js';
import { fourthMember } from '../scenarios/fourth-member.js';
import { fullDisks, aFullDiskOfTheLeader } from '../scenarios/disks.js';
import { broughtBack } from '../scenarios/cold.js';
import { cutLinks } from '../scenarios/cut-links.js';
import { etcdWithoutData } from '../scenarios/etcd-lost.js';
import { etcdFaults, etcdWithoutMajority } from '../scenarios/etcd-faults.js';
import { aSecondDeath, deathsInBadCompany } from '../scenarios/hanging.js';
import { heard } from '../scenarios/heard.js';
import { leftAlone } from '../scenarios/left-alone.js';
import { misconfigured } from '../scenarios/misconfigured.js';
import { aLeaderThatDoesNotServe, heldUp } from '../scenarios/not-serving.js';
import { anInstanceThatStoodStill } from '../scenarios/suspended.js';
import { parted } from '../scenarios/parted.js';
import { aDestroyedReplica } from '../scenarios/rebuilding.js';
import { aLeaderWithoutPower, forgottenSlot, sessionsThatStay } from '../scenarios/off-by-default.js';
import { whatAPersonStarts } from '../scenarios/procedures.js';
import { configurationChanges } from '../scenarios/configuration.js';
import { corrupted } from '../scenarios/corrupted.js';
import { setUpOtherwise } from '../scenarios/set-up-otherwise.js';
import { takenOut } from '../scenarios/taken-out.js';
import { drainByTag } from '../scenarios/tagging.js';
import { twoProxies } from '../scenarios/two-proxies.js';
import { upgradeAndBack } from '../scenarios/upgrade.js';
import { behindPooler } from '../scenarios/behind-pooler.js';
import { anUnroutedLeader } from '../scenarios/unrouted.js';
import { Lab, whyNoLab, type PatroniLine } from './lab.js';

type Scenario = (lab: Lab) => void;

/** What `npm test` plays on both lines, in short: of a scenario only what `lab.plays` and `lab.isWhole` leave. */
export const SHORT: readonly Scenario[] = [
  anOperatorsDay,
  aReplicaThatLags,
  aDestroyedReplica,
  leadership,
  leftAlone,
  parted,
  whatAPersonStarts,
];

/** What `npm run lab:smoke` plays, on the line between: a drain, a rebuild, a leader that dies or hangs, a switchover. */
export const SMOKE: readonly Scenario[] = [
  anOperatorsDay,
  aReplicaThatLags,
  aDestroyedReplica,
  leadership,
  whatAPersonStarts,
];

/** What `npm run lab:field` plays: those of `npm test` whole, and all that was reported from the field. */
export const FIELD: readonly Scenario[] = [
  ...SHORT,
  misconfigured,
  drainByTag,
  blockedReplay,
  aLeaderThatDoesNotServe,
  heldUp,
  etcdFaults,
  cutLinks,
  anInstanceThatStoodStill,
  deathsInBadCompany,
  aSecondDeath,
  aFullDiskOfTheLeader,
  fullDisks,
  setUpOtherwise,
  anUnroutedLeader,
  forgottenSlot,
  sessionsThatStay,
  aLeaderWithoutPower,
  etcdWithoutMajority,
  takenOut,
  configurationChanges,
  broughtBack,
  etcdWithoutData,
  corrupted,
  aborted,
  fourthMember,
  upgradeAndBack,
  heard,
];

/** The same on a lab with two HAProxies, servers not called like members and an address that moves. */
export const TWO_PROXIES: readonly Scenario[] = [twoProxies];

/** The same with PgBouncer in front of HAProxy. */
export const BEHIND_POOLER: readonly Scenario[] = [behindPooler];

/** Scenarios on a real cluster of this Patroni: brought up for it, taken down after it. */
export function suite(
  patroni: PatroniLine,
  scenarios: readonly Scenario[],
  made: { readonly proxies?: 1 | 2; readonly isWhole?: boolean; readonly pooler?: boolean; readonly of?: string } = {},
): void {
  const reason = whyNoLab();
  if (reason !== null)
    console.warn(
      `\n*** THE REAL CLUSTER IS NOT TESTED: every e2e test of Patroni ${patroni} is skipped. ${reason} ***\n`,
    );
  describe.skipIf(reason !== null)(
    `Patroni ${patroni}${made.proxies === 2 ? ', two proxies' : ''}${made.pooler === true ? ', behind PgBouncer' : ''}${made.of === undefined ? '' : `, ${made.of}`}`,
    () => {
      const lab = new Lab(patroni, made);
      beforeAll(async () => {
        await lab.up();
      }, 600_000);
      afterAll(() => lab.down());

      for (const scenario of scenarios) scenario(lab);
      // Not tried again where CI tries a failed test once more: this is about all tries.
      test('nothing destructive was sent twice, by any controller in any of these', { retry: 0 }, () => {
        expect(lab.sentTwice).toEqual([]);
      });
      test('every decision of every controller comes out of its journal again, byte for byte', { retry: 0 }, () => {
        expect(lab.notReplayed).toEqual([]);
      });
    },
  );
}
