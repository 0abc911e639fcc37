import type { MemberName } from './names.js';
import type { ProblemCode } from './problem.js';
import type { StandbySetting } from './sql.js';

/** How much an action can cost: nothing, client sessions, write availability, a copy of the data. */
export const RISKS = ['none', 'sessions', 'writes', 'data'] as const;
export type Risk = (typeof RISKS)[number];

/** All actions by name, in the order of every table that lists them, with what each can cost at most. What they do is in `src/actions`. */
export const ACTION_RISKS = {
  'drain-replica': 'sessions',
  'undrain-replica': 'none',
  'cancel-blocking-queries': 'sessions',
  'terminate-blocking-queries': 'sessions',
  'resume-replay': 'sessions',
  'restart-member': 'sessions',
  'start-member': 'none',
  'reinitialize-replica': 'data',
  'proxy-nudge': 'none',
  'open-traffic': 'none',
  'expedite-failover': 'writes',
  'fence-member': 'writes',
  failover: 'writes',
  switchover: 'writes',
  'cancel-switchover': 'none',
} as const satisfies Readonly<Record<string, Risk>>;
export type ActionName = keyof typeof ACTION_RISKS;
export const ACTION_NAMES = Object.keys(ACTION_RISKS) as readonly ActionName[];

/** What it can cost; null for a name that this version does not know. */
export const riskOf = (name: string): Risk | null =>
  Object.hasOwn(ACTION_RISKS, name) ? ACTION_RISKS[name as ActionName] : null;

/** Cool-downs are counted by class, so that a small repair can never stand in the way of a large one. */
export const ACTION_CLASSES = ['traffic', 'sessions', 'replica', 'rebuild', 'fencing', 'leadership'] as const;
export type ActionClass = (typeof ACTION_CLASSES)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

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
  };
  readonly params: Readonly<Record<string, Json>>;
}

/** Parameters that follow what others do meanwhile (the proxy's own checks find a dead leader): they change a step, not what a person agreed to. */
const PASSING: readonly string[] = ['routed'];

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
  | { readonly port: 'proxy'; readonly command: string }
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
  | {
      readonly port: 'host';
      readonly member: MemberName;
      readonly verb: 'start' | 'stop' | 'restart' | 'kill';
      /** The driver's own identity of what was looked at: what bears the member's name by then may be something else. */
      readonly id?: string;
      /** Of a stop: how long it may take to end cleanly before the driver kills it. */
      readonly graceMs?: number;
    }
  /** One transaction: the leader key goes only if it still names `holder` at exactly this revision. */
  | {
      readonly port: 'dcs';
      readonly call: 'delete-leader-key';
      readonly holder: MemberName;
      readonly modRevision: string;
      /** And only if Patroni's configuration is the one that was read: a cluster that was paused since keeps its key. */
      readonly configRevision?: string;
    };

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
}
