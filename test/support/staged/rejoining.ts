import { asideSuffix, isAsideOf } from '../../../src/model/aside.js';
import { fresh } from '../../../src/model/reading.js';
import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import {
  all,
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

const SUFFIX = asideSuffix(NOW_MS);

/** What lies aside of it by its host driver: nothing, or the directory of this run. */
const asides =
  (isMoved: boolean): Change =>
  (view) => ({
    ...view,
    asides: Object.fromEntries(
      view.members.map(({ name }) => {
        const row = { name: `data.${SUFFIX}`, path: `/data/data.${SUFFIX}`, bytes: 1024 };
        return [name, fresh(isMoved && name === OLD ? [row] : [], NOW_MS, 'asides')];
      }),
    ),
  });

/** The host driver can move it aside. */
const asideOf = (title: string, begins: Change, comesBack: boolean): StagedCase => ({
  title: `${title}; its directory can be moved aside`,
  begins: at(begins, asides(false)),
  effect: (stage, before) => {
    const asIs = (...changes: readonly Change[]): ProcedureInput => ({ ...before, view: viewOf(...changes) });
    if (stage.key === `stop-member ${OLD}`) return asIs(stopped(OLD), asides(false));
    if (stage.key === `move-aside ${OLD}`) return asIs(stopped(OLD), asides(true));
    if (stage.key === `begin-copy ${OLD}`)
      return asIs(notStreaming(OLD), api(OLD, { state: 'creating-replica' }), asides(true));
    const next = effectOf(comesBack)(stage, before);
    const wasMoved = isAsideOf(before.view, OLD, SUFFIX);
    return next === before ? before : { ...next, view: asides(wasMoved)(next.view) };
  },
});

export const AFTER_FAILOVER: readonly StagedCase[] = [
  asideOf('stopped, and rewound by Patroni', stopped(OLD), true),
  asideOf('stopped, and beyond a rewind', stopped(OLD), false),
  asideOf('runs, and its log says that it cannot', damaged(OLD), false),
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
  asideOf('a second primary', all(isPrimary(OLD), notStreaming(OLD)), false),
  {
    title: 'one that nobody reaches, and that is a second primary then',
    begins: at(silent(OLD, 'api'), silent(OLD, 'sql')),
    effect: effectOf(true),
  },
  { title: 'a second primary', begins: at(isPrimary(OLD), notStreaming(OLD)), effect: effectOf(false) },
];
