import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import {
  api,
  CLEAN_MEMORY,
  damaged,
  inputOf,
  isPrimary,
  NOW_MS,
  notStreaming,
  silent,
  stopped,
  viewOf,
  type Change,
} from '../view.js';
import type { StagedCase } from './case.js';

/** It led timeline 7, and patroni1 leads by now. */
const OLD = 'patroni3';
const memory = {
  ...CLEAN_MEMORY,
  formerLeader: OLD,
  lastPrimary: { [OLD]: { timeline: 7, lsn: '0/5000000', atMs: NOW_MS - 60_000 } },
};
const at = (...changes: readonly Change[]): ProcedureInput =>
  runInput(inputOf([], { view: viewOf(...changes), memory }), {});

/** `comesBack`: Patroni rewinds it; else its log says that it could not. */
const effectOf =
  (comesBack: boolean) =>
  (stage: Stage, before: ProcedureInput): ProcedureInput => {
    const asIs = (...changes: readonly Change[]): ProcedureInput => ({ ...before, view: viewOf(...changes) });
    switch (stage.key) {
      case `reach ${OLD}`:
        return asIs(isPrimary(OLD), notStreaming(OLD));
      case `fence-member ${OLD}`:
        return asIs(stopped(OLD));
      case `start-member ${OLD}`:
        return asIs(comesBack ? notStreaming(OLD) : damaged(OLD));
      case `give up ${OLD}`:
        return before;
      default:
        return asIs();
    }
  };

export const AFTER_FAILOVER: readonly StagedCase[] = [
  {
    title: 'stopped, and rewound by Patroni',
    begins: at(stopped(OLD)),
    effect: effectOf(true),
    byHand: [`start-member ${OLD}`],
  },
  { title: 'stopped, and beyond a rewind', begins: at(stopped(OLD)), effect: effectOf(false) },
  { title: 'runs, and its log says that it cannot', begins: at(damaged(OLD)), effect: effectOf(false) },
  {
    title: 'copies the leader already',
    begins: at(notStreaming(OLD), api(OLD, { state: 'creating-replica' })),
    effect: effectOf(true),
  },
];

export const RECOVER_PARTITION: readonly StagedCase[] = [
  {
    title: 'one that nobody reaches, and that is a second primary then',
    begins: at(silent(OLD, 'api'), silent(OLD, 'sql')),
    effect: effectOf(true),
  },
  { title: 'a second primary', begins: at(isPrimary(OLD), notStreaming(OLD)), effect: effectOf(false) },
];
