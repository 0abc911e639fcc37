import { ACTION_ROWS, type ActionName, type Plan, type Risk } from '../model/plan.js';
import { counted, spanText } from './amounts.js';
import { clockText } from './moments.js';

/** What a person agrees to, in three sentences, before anything is sent. */
export interface Consequence {
  /** What is gone or broken off afterwards, at most. */
  readonly destroys: string;
  /** Who still takes writes and reads meanwhile, as the proxy was seen last. */
  readonly remains: string;
  /** After how long it counts as without effect. */
  readonly takes: string;
}

/** One member as far as the sentences need it. `leads` null: nobody can be sure that it takes writes; `takesReads` null: no proxy tells. */
export interface Serving {
  readonly name: string;
  readonly leads: boolean | null;
  readonly takesReads: boolean | null;
}

/** Why a person is asked, by what is seen now; what was true when it was asked is said as of then, and only where nothing else is. */
export const approvalWhy = (one: {
  readonly why: string;
  readonly now: string | null;
  readonly requestedAtMs: number;
}): string => one.now ?? `Nothing calls for it now. It was asked at ${clockText(one.requestedAtMs)}: ${one.why}`;

const BY_RISK: Readonly<Record<Risk, (target: string) => string>> = {
  none: () => 'Nothing: no data, and no session of a client.',
  sessions: (target) => `Sessions of clients on ${target} may be broken off. No data is lost.`,
  writes: (target) =>
    `Writes stop for a time, and sessions on ${target} are broken off. What no successor has received is lost.`,
  data: (target) => `Data on ${target}.`,
};

const WITHOUT_LOSS = (target: string): string =>
  `Writes stop for a time, and sessions on ${target} are broken off. No committed data is lost.`;

/** Where the risk alone says too little. */
const BY_ACTION: Partial<Readonly<Record<ActionName, (target: string) => string>>> = {
  'reinitialize-replica': (target) => `The whole copy on ${target}. It is copied anew from the leader.`,
  'drop-inactive-slot': (target) =>
    `A replication slot on ${target}. Whoever used it must be copied anew if WAL that it needs is gone.`,
  'start-member': (target) =>
    `No session. If ${target} led before, what only it holds is discarded when it rejoins: Patroni rewinds it.`,
  'restart-leader': WITHOUT_LOSS,
  switchover: WITHOUT_LOSS,
  'pause-pooler': (target) => `Nothing: clients of ${target} wait. No data, and no session.`,
  'pause-cluster': () => 'Nothing now. Until it is resumed, Patroni elects nobody: writes stop if the leader dies.',
  'fence-member': (target) => `${target} stops: every session on it is broken off. Its data stays as it is.`,
};

function destroysText({ action, target }: Pick<Plan, 'action' | 'target'>): string {
  const own = BY_ACTION[action] ?? BY_RISK[ACTION_ROWS[action].risk];
  return own(target);
}

function remainsText(target: string, members: readonly Serving[]): string {
  const others = members.filter(({ name }) => name !== target);
  const writer = others.find(({ leads }) => leads === true);
  const isUntold = others.some(({ takesReads }) => takesReads === null);
  const readers = others
    .filter(({ takesReads, leads }) => takesReads === true && leads !== true)
    .map(({ name }) => name);
  const writes = writer === undefined ? 'nobody is sure to take writes' : `${writer.name} takes writes`;
  const reads =
    readers.length === 0
      ? isUntold
        ? 'who takes reads is not known'
        : 'no other server takes reads'
      : `${readers.join(' and ')} ${readers.length === 1 ? 'takes' : 'take'} reads (${counted(readers.length, 'server')})`;
  return `Meanwhile ${writes}; ${reads}.`;
}

/** `timeoutMs`: the policy's time for this action to take effect. */
export const consequenceOf = (
  plan: Pick<Plan, 'action' | 'target'>,
  members: readonly Serving[],
  timeoutMs: number,
): Consequence => ({
  destroys: destroysText(plan),
  remains: remainsText(plan.target, members),
  takes: `At most ${spanText(timeoutMs)} a request to take effect; after that it counts as without effect, and you are told.`,
});
