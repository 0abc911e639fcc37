import { poolerPolicy } from '../assess/poolers.js';
import type { Policy } from '../model/policy.js';
import { freshValue, lastValue } from '../model/reading.js';
import { isSince } from '../model/versions.js';
import type { ClusterView } from '../model/view.js';
import { REMEDY } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

const check = 'before_stop';

/** The first Patroni that runs it before it stops PostgreSQL. [its release notes] */
const SINCE = [3, 0, 3] as const;

interface Told {
  readonly isSet: boolean;
  /** Members whose Patroni has no such setting, with its version. */
  readonly tooOld: readonly string[];
}

/** By what was read; the first that holds is said. `GET /config` has what is set for all members, and nothing of the file of each. */
const ROWS: readonly { readonly when: (told: Told) => boolean; readonly say: (told: Told) => DoctorFinding }[] = [
  {
    when: ({ tooOld }) => tooOld.length > 0,
    say: ({ tooOld }) => ({
      check,
      verdict: 'ok',
      detail: `not asked for: Patroni has no such setting before 3.0.3 (${tooOld.join(', ')})`,
      disables: [],
    }),
  },
  {
    when: ({ isSet }) => isSet,
    say: () => ({
      check,
      verdict: 'ok',
      detail:
        'postgresql.before_stop is set for all members: where it stops PostgreSQL, clients behind a pooler wait about a second less in a switchover',
      disables: [],
    }),
  },
  {
    when: () => true,
    say: () => ({
      check,
      verdict: 'off',
      detail:
        "postgresql.before_stop is not set for all members, and whether a member's own patroni.yml has it nobody tells: with one that stops PostgreSQL, clients behind a pooler wait about a second less in a switchover",
      disables: [],
      remedy: REMEDY['before-stop'],
    }),
  },
];

/**
 * Whether Patroni ends PostgreSQL before it first looks for its end, where clients wait for that behind a pooler in a switchover. Advice alone:
 * never a fault. None where no pooler holds them, and none until the configuration and a version were read.
 */
export function beforeStopRows(view: ClusterView, policy: Policy): readonly DoctorFinding[] {
  if ((view.poolers ?? []).length === 0 || !poolerPolicy(policy).around.includes('switchover')) return [];
  const isSet = lastValue(view.config)?.beforeStop;
  const versions = view.members.flatMap(({ name, api }) => {
    const version = freshValue(api)?.version ?? '';
    return version === '' ? [] : [{ name, version }];
  });
  if (isSet === undefined || versions.length === 0) return [];
  const tooOld = versions.flatMap(({ name, version }) => (isSince(version, SINCE) ? [] : [`${name} runs ${version}`]));
  const told = { isSet, tooOld };
  const row = ROWS.find(({ when }) => when(told));
  return row === undefined ? [] : [row.say(told)];
}
