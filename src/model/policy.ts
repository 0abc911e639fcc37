import type { ActionName } from './plan.js';
import type { ProblemCode } from './problem.js';
import type { StagedName } from './staged.js';

/** Nothing exceeds the mode. `observe` < `dry-run` < `enforce`. */
export const MODES = ['observe', 'dry-run', 'enforce'] as const;
export type Mode = (typeof MODES)[number];

/** What one action may do: `off` plans nothing, `observe` only names it, `approve` waits for a person. */
export const ACTION_MODES = ['off', 'observe', 'approve', 'auto'] as const;
export type ActionMode = (typeof ACTION_MODES)[number];

/** When an action may begin: at any time, or only inside a maintenance window. */
export const ACTION_WINDOWS = ['any', 'maintenance'] as const;
export type ActionWindow = (typeof ACTION_WINDOWS)[number];

/** What a problem that calls for a procedure of several stages may make of it: nothing, a question to a person, its begin. */
export const PROCEDURE_MODES = ['off', 'approve', 'auto'] as const;
export type ProcedureMode = (typeof PROCEDURE_MODES)[number];

export interface ProcedurePolicy {
  readonly mode: ProcedureMode;
  /** When it may begin by itself. */
  readonly window: ActionWindow;
}

export interface ActionPolicy {
  readonly mode: ActionMode;
  readonly window: ActionWindow;
  /** Least time after one such action before the next of its class on the cluster; of risk `none`: before it runs again on that member. */
  readonly cooldownMs: number;
  /** Tries of this rung within one chain before the ladder moves on. */
  readonly attempts: number;
  /** How long the effect may take before the try counts as ineffective. */
  readonly timeoutMs: number;
}

/** Around what clients can be held. */
export const POOLER_AROUND = ['switchover'] as const;

export interface PoolerPolicy {
  readonly around: readonly (typeof POOLER_AROUND)[number][];
  /** No client is held for longer than this. */
  readonly maxPauseMs: number;
  /** Transactions have so long to end before a pause is given up. */
  readonly pauseWithinMs: number;
  /** Where it was given up: the leader is left in place and the pause tried again, or the switchover goes on without it. */
  readonly whenNotPaused: 'wait' | 'go-on';
  /** Of somebody else's: after so long it is told. */
  readonly pausedWarningMs: number;
  /** A client that waits longer than this for a server is told. */
  readonly waitWarningMs: number;
}

/** What holds where a policy of an older journal says nothing. */
export const POOLER_DEFAULTS: PoolerPolicy = {
  around: [],
  maxPauseMs: 3_000,
  pauseWithinMs: 1_000,
  whenNotPaused: 'wait',
  pausedWarningMs: 60_000,
  waitWarningMs: 10_000,
};

export interface AsidePolicy {
  /** One that lies there for longer is told. */
  readonly keepForMs: number;
  /** Of the data volume, for all of a member together. */
  readonly maxSharePercent: number;
}

/** What holds where a policy of an older journal says nothing. */
export const ASIDE_DEFAULTS: AsidePolicy = { keepForMs: 7 * 86_400_000, maxSharePercent: 50 };

export interface VetoPolicy {
  /** What no answer of the hook means. */
  readonly onSilence: 'hold' | 'go';
  /** It is asked also about what ends an outage. */
  readonly emergencies: boolean;
}

/** What holds where a policy of an older journal says nothing. */
export const VETO_DEFAULTS: VetoPolicy = { onSilence: 'hold', emergencies: false };

/** How long, and in how many samples, a problem must be seen before it is actionable, and be gone before it is over. */
export interface Grace {
  readonly forMs: number;
  readonly samples: number;
  readonly clearForMs: number;
}

export interface CronWindow {
  readonly cron: string;
  readonly forMs: number;
  readonly timezone: string;
  readonly reason: string;
}

/** The operator's policy after defaults and validation. Pure data: it is journaled by its hash and replayed. */
export interface Policy {
  readonly mode: Mode;
  readonly poll: { readonly intervalMs: number; readonly suspectIntervalMs: number };
  readonly lag: {
    readonly warningBytes: number;
    readonly criticalBytes: number;
    readonly emergencyBytes: number;
    readonly forMs: number;
    readonly recoveredBytes: number;
    readonly recoveredForMs: number;
    /** The same levels by time: how old what a replica shows may be, however few bytes are missing. */
    readonly warningAgeMs: number;
    readonly criticalAgeMs: number;
    readonly emergencyAgeMs: number;
  };
  /** Overrides of the catalogue's grace, by problem code. */
  readonly grace: Readonly<Partial<Record<ProblemCode, Partial<Grace>>>>;
  readonly actions: Readonly<Record<ActionName, ActionPolicy>>;
  /** Absent, or without a row, in older journals: off. */
  readonly procedures?: Readonly<Partial<Record<StagedName, ProcedurePolicy>>>;
  readonly drain: {
    readonly actuators: readonly ('proxy' | 'tag')[];
    readonly shutdownSessions: boolean;
    /** What a drain, or its end, does while one of several proxies gives no answer. Absent in older journals: hold. */
    readonly whileProxySilent?: 'hold' | 'go-on';
  };
  /** How clients are held in poolers. Absent in older journals: the defaults. */
  readonly pooler?: PoolerPolicy;
  readonly blockers: {
    /** A backend younger than this is never cancelled. */
    readonly olderThanMs: number;
    /** Users, applications or databases that are never cancelled (backups, for one). */
    readonly neverUsers: readonly string[];
    readonly neverApplications: readonly string[];
    readonly neverDatabases: readonly string[];
  };
  readonly limits: {
    readonly concurrent: number;
    readonly perHour: number;
    readonly minHealthyReplicas: number;
    /** The read pool never has fewer servers UP than this because of us. */
    readonly minReadPool: number;
    /** The same on each site. Absent in older journals: 0. */
    readonly minReadPoolPerSite?: number;
    /** This many problems of replicas at once is a storm: suspect the observer or the network, act on nothing. */
    readonly stormMembers: number;
    readonly stormQuietMs: number;
  };
  /** After start, takeover, clock jump, un-pause or a policy reload that widens rights. */
  readonly startGrace: { readonly passes: number; readonly forMs: number };
  /** A problem that comes back within this time after an action belongs to the same chain: the action did not help. */
  readonly chainMs: number;
  readonly flap: { readonly threshold: number; readonly halfLifeMs: number };
  /** Absent `twoPersonsFor`: one person's word is enough for every action. */
  readonly approvals: { readonly expiresMs: number; readonly twoPersonsFor?: readonly ActionName[] };
  /** Absent in older journals: the defaults. `remindAfterMs` null: nobody is reminded. */
  readonly pages?: { readonly remindAfterMs: number | null; readonly remindWarnings: boolean };
  /** Absent in older journals: the defaults. */
  readonly veto?: VetoPolicy;
  readonly connections: { readonly warningPercent: number };
  /** After so long a pause of Patroni is told as one that somebody may have forgotten. */
  readonly pause: { readonly remindAfterMs: number };
  /** The last three are absent in older journals, in which no slot was dropped. */
  readonly slots: {
    readonly retainWarningBytes: number;
    readonly dropWithinMs?: number;
    readonly awaitMemberMs?: number;
    readonly dropLogical?: readonly string[];
  };
  /** A volume that is full within so long at its present rate is told. Absent in older journals: the default. */
  readonly disks?: { readonly warnWithinMs: number };
  /** Old data directories that were moved aside. Absent in older journals: the defaults. */
  readonly aside?: AsidePolicy;
  /** Absent in older journals: true. */
  readonly rebuild?: { readonly readSurplus: boolean };
  readonly windows: { readonly maintenance: readonly CronWindow[]; readonly freeze: readonly CronWindow[] };
}

/** The calendar's answer for one moment, computed by the shell so that the core has no clock. */
export interface WindowFacts {
  readonly freeze: { readonly reason: string; readonly untilMs: number } | null;
  readonly maintenance: { readonly untilMs: number } | null;
  /** When the next maintenance window opens, while none is open; null when none does within a year. Absent in older journals. */
  readonly maintenanceOpensAtMs?: number | null;
}
