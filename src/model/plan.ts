import type { HostTarget, HostVerb } from './host.js';
import type { MemberName } from './names.js';
import type { ProblemCode } from './problem.js';
import type { StandbySetting } from './sql.js';

/** How much an action can cost: nothing, client sessions, write availability, a copy of the data. */
export const RISKS = ['none', 'sessions', 'writes', 'data'] as const;
export type Risk = (typeof RISKS)[number];

/** What is asked of an action without its record, by every command that reads a policy: what it can cost at most, and what the policy says of it by default. */
export interface ActionRow {
  readonly risk: Risk;
  readonly mode: 'off' | 'observe' | 'approve' | 'auto';
  readonly cooldown: string;
  readonly timeout: string;
}

const row = (risk: Risk, mode: ActionRow['mode'], cooldown: string, timeout: string): ActionRow => ({
  risk,
  mode,
  cooldown,
  timeout,
});

/** All actions by name, in the order of every table that lists them. What they do is in `src/actions`, a file and an entry of its registry each. */
export const ACTION_ROWS = {
  'drain-replica': row('sessions', 'auto', '30s', '30s'),
  'undrain-replica': row('none', 'auto', '30s', '30s'),
  'cancel-blocking-queries': row('sessions', 'approve', '1m', '30s'),
  'terminate-blocking-queries': row('sessions', 'approve', '1m', '30s'),
  'resume-replay': row('sessions', 'approve', '1m', '30s'),
  'restart-member': row('sessions', 'approve', '10m', '5m'),
  'start-member': row('none', 'approve', '5m', '2m'),
  'stop-member': row('sessions', 'approve', '1s', '2m'),
  'start-store': row('none', 'approve', '1m', '30s'),
  'move-store-aside': row('data', 'approve', '1s', '2m'),
  'stop-without-etcd': row('writes', 'approve', '1s', '2m'),
  'defragment-store': row('none', 'approve', '1s', '5m'),
  'disarm-store': row('none', 'approve', '1s', '30s'),
  'move-aside': row('data', 'approve', '1s', '2m'),
  'remove-aside': row('data', 'approve', '1s', '10m'),
  'begin-copy': row('none', 'approve', '1s', '2m'),
  'close-servers': row('sessions', 'approve', '1s', '1m'),
  'open-servers': row('none', 'approve', '1s', '30s'),
  'start-first': row('writes', 'approve', '1m', '10m'),
  'drop-inactive-slot': row('data', 'off', '10m', '30s'),
  'reinitialize-replica': row('data', 'off', '30m', '4h'),
  'proxy-nudge': row('none', 'auto', '1s', '15s'),
  'open-traffic': row('none', 'auto', '1s', '15s'),
  'shut-sessions': row('sessions', 'off', '30s', '10s'),
  'expedite-failover': row('writes', 'approve', '5m', '30s'),
  'fence-member': row('writes', 'off', '5m', '30s'),
  'fence-leader': row('writes', 'off', '5m', '30s'),
  'pause-pooler': row('writes', 'approve', '1s', '10s'),
  'resume-pooler': row('none', 'auto', '1s', '5s'),
  failover: row('writes', 'approve', '5m', '1m'),
  'restart-leader': row('writes', 'approve', '10m', '5m'),
  // Nothing but a person starts these, and the start is the approval.
  switchover: row('writes', 'approve', '30s', '2m'),
  'cancel-switchover': row('none', 'approve', '1s', '30s'),
  'patch-config': row('sessions', 'approve', '1s', '1m'),
  'pause-cluster': row('writes', 'approve', '1s', '1m'),
  'resume-cluster': row('none', 'approve', '1s', '1m'),
} as const satisfies Readonly<Record<string, ActionRow>>;
export type ActionName = keyof typeof ACTION_ROWS;
export const ACTION_NAMES = Object.keys(ACTION_ROWS) as readonly ActionName[];

/** What it can cost; null for a name that this version does not know. */
export const riskOf = (name: string): Risk | null =>
  Object.hasOwn(ACTION_ROWS, name) ? ACTION_ROWS[name as ActionName].risk : null;

/** Cool-downs are counted by class, so that a small repair can never stand in the way of a large one. */
export const ACTION_CLASSES = ['store', 'traffic', 'sessions', 'replica', 'rebuild', 'fencing', 'leadership'] as const;
export type ActionClass = (typeof ACTION_CLASSES)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Patroni's dynamic configuration, or a part of it that is to become so; null in a part removes. */
export type ConfigDocument = Readonly<Record<string, Json>>;

/** A remediation bound to one target. Exactly one: an empty or plural target list cannot be written down. */
export interface Plan {
  readonly action: ActionName;
  readonly target: MemberName;
  readonly because: {
    readonly code: ProblemCode | 'operator';
    readonly subject: string;
    /** `operator` only: who started it, and their words for it. */
    readonly by?: string;
    readonly reason?: string;
    /** It is a stage of this run of a procedure. */
    readonly run?: string;
    readonly stage?: string;
  };
  readonly params: Readonly<Record<string, Json>>;
}

/**
 * Parameters that follow what others do meanwhile (the proxy's own checks find a dead leader, a proxy falls silent): they change a step, not what
 * a person agreed to.
 */
const PASSING: readonly string[] = ['routed', 'servers', 'downServers', 'back', 'left', 'poolers', 'closes'];

/** Same action, same target, same parameters: the same plan, whatever pass it was made in. */
export function fingerprint(plan: Plan): string {
  const params = Object.keys(plan.params)
    .filter((key) => !PASSING.includes(key))
    .sort()
    .map((key) => `${key}=${JSON.stringify(plan.params[key])}`);
  return [plan.action, plan.target, plan.because.code, ...params].join(' ');
}

/** Everybody whose work it changes: a kill switch on any of them holds it. */
export const membersTouched = ({ target, params }: Plan): readonly string[] => [
  ...new Set([target, params['leader'], params['candidate']].filter((name) => typeof name === 'string')),
];

/** One port call, complete: dry-run prints exactly this, enforce sends exactly this. */
export type Step =
  | {
      readonly port: 'patroni';
      readonly member: MemberName;
      readonly method: 'POST' | 'DELETE';
      readonly path: '/reload' | '/restart' | '/reinitialize' | '/switchover' | '/failover';
      readonly body: Json;
      readonly timeoutMs: number;
    }
  /** `proxy`: which one. Absent in older journals, which knew one. */
  | { readonly port: 'proxy'; readonly command: string; readonly proxy?: string }
  /** All proxies at the same time, each in this order. Who has not answered within `withinMs` is not waited for. */
  | {
      readonly port: 'proxies';
      readonly tells: readonly { readonly proxy: string; readonly command: string }[];
      readonly withinMs: number;
    }
  | { readonly port: 'tags'; readonly member: MemberName; readonly tag: 'noloadbalance'; readonly value: boolean }
  | {
      readonly port: 'sql';
      readonly member: MemberName;
      readonly statement: 'cancel-backend' | 'terminate-backend';
      readonly pid: number;
      readonly backendStart: string;
    }
  | {
      readonly port: 'sql';
      readonly member: MemberName;
      readonly statement: 'resume-replay';
      /** Only the pause that was seen: replay still stands at this position. */
      readonly at: string;
      /** And none of the server's own settings is below these, which are the leader's: to resume would shut it down. */
      readonly atLeast: Readonly<Record<StandbySetting, number>>;
    }
  /** All that is dirty is written now, so that the checkpoint of a shutdown finds little. It changes no data. */
  | { readonly port: 'sql'; readonly member: MemberName; readonly statement: 'checkpoint'; readonly withinMs: number }
  | {
      readonly port: 'sql';
      readonly member: MemberName;
      readonly statement: 'drop-slot';
      readonly slot: string;
      readonly kind: 'physical' | 'logical';
      /** Only while it keeps WAL from here on: it has not been read since, and is no other one of that name. */
      readonly restartLsn: string;
    }
  | {
      readonly port: 'host';
      readonly target: HostTarget;
      readonly verb: HostVerb;
      /** The driver's own identity of what was looked at: what bears the target's name by then may be something else. */
      readonly id?: string;
      /** Of a stop: how long it may take to end cleanly before the driver kills it. */
      readonly graceMs?: number;
    }
  /** The data directory of a stopped member is renamed beside itself, to NAME.`suffix`. `id`: the run that was looked at, by its host driver. */
  | {
      readonly port: 'aside';
      readonly call: 'move';
      readonly member: MemberName;
      readonly id: string;
      readonly suffix: string;
    }
  /** The data of an etcd member that is stopped is renamed beside itself, to member.`suffix` in its data directory. */
  | {
      readonly port: 'aside';
      readonly call: 'move-store';
      readonly store: string;
      readonly id: string;
      readonly suffix: string;
      /** That run was stopped just before. */
      readonly ended?: true;
    }
  /** One that lies aside is deleted, by the name of its folder. */
  | { readonly port: 'aside'; readonly call: 'remove'; readonly member: MemberName; readonly directory: string }
  /** The machine loses its power at once, with all that runs on it. */
  | { readonly port: 'power'; readonly member: MemberName; readonly verb: 'off'; readonly outlet: string }
  /**
   * Clients of all these are held between two transactions until they are resumed, at most `forMs`; whoever cannot be held within `withinMs`
   * is let go at once, and with `isAllOrNone` so are the others.
   */
  | {
      readonly port: 'pooler';
      readonly verb: 'pause';
      readonly poolers: readonly string[];
      readonly withinMs: number;
      readonly forMs: number;
      readonly isAllOrNone: boolean;
      /** It was asked for by name: it is not over because nothing is waited for. */
      readonly lasts?: true;
    }
  | { readonly port: 'pooler'; readonly verb: 'resume'; readonly pooler: string }
  /** One transaction: the leader key goes only if it still names `holder` at exactly this revision. */
  | {
      readonly port: 'dcs';
      readonly call: 'delete-leader-key';
      readonly holder: MemberName;
      readonly modRevision: string;
      /** And only if Patroni's configuration is the one that was read: a cluster that was paused since keeps its key. */
      readonly configRevision?: string;
    }
  /** One transaction: merged into Patroni's dynamic configuration as PATCH /config would, only if that is still at exactly this revision. */
  | {
      readonly port: 'dcs';
      readonly call: 'write-config';
      readonly patch: ConfigDocument;
      readonly configRevision: string;
    }
  /** The history of all keys before this revision goes, on every member; what a key holds now stays. */
  | { readonly port: 'store'; readonly call: 'compact'; readonly endpoint: string; readonly revision: string }
  /** This member alone writes its file anew without the holes, and answers nobody meanwhile, for at most `withinMs`. */
  | { readonly port: 'store'; readonly call: 'defragment'; readonly endpoint: string; readonly withinMs: number }
  /** The alarm NOSPACE of every member; no other one. */
  | { readonly port: 'store'; readonly call: 'disarm'; readonly endpoint: string };

/** Whether anything may have happened. A timeout on a POST is not "failed", it is "maybe". */
export interface Reply {
  readonly effect: 'done' | 'none' | 'maybe';
  /** HTTP status where there is one. */
  readonly status: number | null;
  /** The other end's words, cut to 300 characters. */
  readonly text: string;
  readonly tookMs: number;
  /** The other end was at another task in that moment: nothing was begun, and a moment later it may be. Absent: no such word. */
  readonly busy?: true;
  /** Mod revision in etcd that this very write made. Absent: it wrote no key, its answer was lost, or an older version sent it. */
  readonly revision?: string;
}
