import type { ChecksKept } from './data-check.js';
import type { ForeignRow } from './foreign.js';
import type { Incident } from './incident.js';
import type { AgreedLoss } from './loss.js';
import type { PageRow } from './page.js';
import type { Plan, Reply } from './plan.js';
import type { ProcedureRun } from './procedure-run.js';
import type { ProxyProcess, ServerPlace } from './proxy.js';

/** Where a remediation stands. `unknown` is re-observed, never blindly repeated. */
export type RemediationPhase =
  'planned' | 'sending' | 'verifying' | 'succeeded' | 'ineffective' | 'failed' | 'unknown' | 'abandoned';

/** One try of one action, from intent to verdict; survives our own restart. */
export interface Remediation {
  readonly id: string;
  readonly plan: Plan;
  readonly phase: RemediationPhase;
  /** The dry-run twin: counted apart, sent nowhere. */
  readonly shadow: boolean;
  /** The tenure under which the intent was committed. */
  readonly epoch: string;
  readonly stepIndex: number;
  readonly steps: number;
  readonly createdAtMs: number;
  readonly sentAtMs: number | null;
  /** A request of it never took effect, by proof, and was sent a second time. */
  readonly sentAgain?: true;
  /** No answer came to an earlier request of it, whose effect was seen: it may be somebody else's doing. */
  readonly unanswered?: true;
  /**
   * Mod revision of Patroni's key `failover` in the look before its last request for another leader; null: there was none. Absent: it has asked for
   * none, or an older version did.
   */
  readonly wishBefore?: string | null;
  /** Its present step was refused without effect, and is sent again from then on. */
  readonly retryAtMs?: number;
  /** When the present step counts as ineffective; before it is sent: until when it may wait for that. */
  readonly deadlineMs: number;
  readonly endedAtMs: number | null;
  readonly lastReply: Reply | null;
  readonly detail: string;
  /** What later decisions ask of how it ended; `detail` is for people alone. Absent: nothing of the kind. */
  readonly ending?: Ending;
}

/**
 * `scheduled`: Patroni keeps the appointment, nobody has yet seen what became of it. `overridden`: somebody undid it by hand. `forgotten`: the
 * proxy that was told restarted. `not-ours`: what was to come about did, by somebody else. `copy-failed`: the copy was begun and failed. `busy`: Patroni was at another task for a moment, nothing was begun.
 */
export type Ending = 'scheduled' | 'overridden' | 'forgotten' | 'not-ours' | 'copy-failed' | 'busy';

/** A drain that is ours: what we did and through which actuator, so that an operator's own drain is never undone. */
export interface DrainRecord {
  readonly member: string;
  readonly actuators: readonly ('proxy' | 'tag')[];
  readonly sinceMs: number;
  readonly remediationId: string;
  readonly shadow: boolean;
  /** The person who asked for it: it stays until a person ends it, however well the replica does. */
  readonly by?: string;
  /** The only proxy's process that was told: its number and when it began. Absent: a version that did not ask, or a proxy that does not tell. */
  readonly process?: ProxyProcess;
  /** The same of each proxy, where there are several. */
  readonly processes?: Readonly<Record<string, ProxyProcess>>;
  /** The servers that were told. Absent: those of the member's own name in the read pools of the only proxy. */
  readonly at?: readonly ServerPlace[];
}

/** A member that we made unable to accept writes: until it has rejoined and takes traffic again, its state is our doing. */
export interface FenceRecord {
  /** The servers that it closed; empty: none. Absent: that of the member's own name in the write pool of the only proxy. */
  readonly at?: readonly ServerPlace[];
  readonly member: string;
  readonly sinceMs: number;
  readonly remediationId: string;
  readonly shadow: boolean;
}

/** Clients that we hold in a pooler. Whoever finds it when its time is over ends it, with or without tenure. */
export interface PauseRecord {
  readonly pooler: string;
  /** Who led when it began: once another one serves there is no more to wait for. */
  readonly leader: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly remediationId: string;
  /** A person asked for it by name: it lasts until its time is over, whoever leads. */
  readonly lasts?: true;
}

/** A member that a person took out (`evacuate-member`): no ladder touches it until it is given back. */
export interface Evacuation {
  readonly member: string;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** The run of the procedure that took it out. */
  readonly run: string;
  /** It was taken out for good: `add-replica` may have it back. Absent: whoever took it gives it back. */
  readonly removed?: boolean;
}

/** Patroni was paused through us: whose pause it is, until when. Gone as soon as it is seen to be paused no more. */
export interface ClusterPause {
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** The hour that they named; null: none. */
  readonly untilMs: number | null;
  readonly remediationId: string;
  /**
   * Mod revision of Patroni's configuration in etcd that our own request made. At another one it may be another's pause. Absent: its answer was
   * lost, or an older version wrote it.
   */
  readonly configRevision?: string;
}

export interface Approval {
  readonly id: string;
  readonly fingerprint: string;
  readonly plan: Plan;
  readonly why: string;
  /** The loss that it was asked for: it passes no larger one. null: none. Absent in one of an older version, which passes none either. */
  readonly loss?: AgreedLoss | null;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'waiting' | 'approved' | 'rejected' | 'expired' | 'used';
  readonly by: string | null;
  readonly reason: string | null;
  readonly decidedAtMs: number | null;
  /** The first word, where the policy asks for two persons. */
  readonly first?: { readonly by: string; readonly reason: string; readonly atMs: number };
  /** Why it expired. */
  readonly ended?: string;
}

/** A person's off switch. `subject` is `global`, `cluster`, `member:NAME` or `action:NAME`. */
export interface KillSwitch {
  /** Its key in etcd; absent in one that an older version keeps in the ledger, or that is not written yet. */
  readonly id?: string;
  readonly subject: string;
  readonly owner: string;
  readonly reason: string;
  readonly sinceMs: number;
  readonly expiresAtMs: number | null;
}

/** What must outlive the process: cool-downs, budgets, attempts, approvals, work in flight. Pure data. */
export interface Ledger {
  /** Whose it is, by PostgreSQL's system identifier: that of another cluster counts for nothing here. Absent in older ledgers. */
  readonly systemIdentifier?: string;
  readonly remediations: readonly Remediation[];
  readonly drains: readonly DrainRecord[];
  readonly fences: readonly FenceRecord[];
  /** Absent in the ledger of an older version, and where nobody is held. */
  readonly pauses?: readonly PauseRecord[];
  /** Absent or null: Patroni is not paused, or was not through us, and in the ledger of an older version. */
  readonly clusterPause?: ClusterPause | null;
  readonly approvals: readonly Approval[];
  readonly switches: readonly KillSwitch[];
  readonly breaker: { readonly openSinceMs: number; readonly reason: string } | null;
  readonly stormUntilMs: number | null;
  /** Healthy-to-unhealthy changes by member, for the flap score. */
  readonly flaps: Readonly<Record<string, readonly number[]>>;
  /** Leader changes that we saw and that nobody had asked for, newest last. */
  readonly leaderChanges: readonly {
    readonly atMs: number;
    readonly from: string | null;
    readonly to: string | null;
  }[];
  /** What another version wrote and this one cannot read; absent when there is nothing of the kind. */
  readonly foreign?: readonly ForeignRow[];
  /** What persons have been told and is not over. */
  readonly pages: readonly PageRow[];
  /** The open ones, and the last that ended. Absent in the ledger of an older version. */
  readonly incidents?: readonly Incident[];
  /** The procedure of several stages that is under way, and the last that ended. Absent: there was none. */
  readonly procedures?: readonly ProcedureRun[];
  /** Absent in the ledger of an older version, and where nobody has taken a member out. */
  readonly evacuations?: readonly Evacuation[];
  /** The last report of each schedule that was told. Absent in the ledger of an older version, and where none is configured. */
  readonly reports?: readonly ReportTold[];
  /** Checks of the data. Absent in the ledger of an older version, and while there was none. */
  readonly checks?: ChecksKept;
}

export interface ReportTold {
  /** Names it by what it is, the same in every instance. */
  readonly schedule: string;
  readonly dueMs: number;
}

export const EMPTY_LEDGER: Ledger = {
  remediations: [],
  drains: [],
  fences: [],
  approvals: [],
  switches: [],
  breaker: null,
  stormUntilMs: null,
  flaps: {},
  leaderChanges: [],
  pages: [],
};

export const isInFlight = (remediation: Remediation): boolean =>
  remediation.phase === 'planned' ||
  remediation.phase === 'sending' ||
  remediation.phase === 'verifying' ||
  remediation.phase === 'unknown';

/** The run of a plan that has begun and not ended. */
export const runUnderWay = ({ remediations }: Ledger, { action, target }: Plan): Remediation | undefined =>
  remediations.find((row) => isInFlight(row) && row.plan.action === action && row.plan.target === target);

/** What was sent for a run of a procedure, the oldest first; empty where it is of none. */
export const sentFor = (
  { remediations }: Pick<Ledger, 'remediations'>,
  run: string | undefined,
): readonly Remediation[] => (run === undefined ? [] : remediations.filter(({ plan }) => plan.because.run === run));
