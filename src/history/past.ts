import { holdsPolicy, type EntryKind, type JournalEntry } from '../model/entry.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { Policy } from '../model/policy.js';
import { passText } from '../words/decision.js';
import { unreadableParts } from '../words/foreign.js';

/** Of these entries a past pass needs the last one before it: by which policy it was decided, and by whom. */
export const BEGINNINGS: readonly EntryKind[] = ['start', 'policy'];

/** What of a past moment stands in other entries than its own. */
export interface Around {
  readonly policy: Policy | null;
  readonly version: string | null;
  readonly instance: string | null;
  readonly startedAtMs: number | null;
}

export const NOTHING_AROUND: Around = { policy: null, version: null, instance: null, startedAtMs: null };

/** The policy of this hash and the start of the run, from the entries before a pass, oldest first. */
export function aroundOf(before: readonly JournalEntry[], policyHash: string): Around {
  let around = NOTHING_AROUND;
  for (const { atMs, body } of before) {
    if (body.kind === 'start')
      around = { ...around, version: body.version, instance: body.instance, startedAtMs: atMs };
    if (holdsPolicy(body) && policyHash === (body.kind === 'start' ? body.policyHash : body.hash))
      around = { ...around, policy: body.policy as Policy };
  }
  return around;
}

export type PassBody = Extract<JournalEntry['body'], { kind: 'pass' }>;
/** A pass with all that it was decided on. */
export type WholePass = JournalEntry & {
  readonly body: PassBody & { readonly [key in 'view' | 'states' | 'circumstances']: NonNullable<PassBody[key]> };
};

/** The last pass of a run, which only remembers, one of an old version, and one that cannot be rebuilt, show no whole moment. */
export function isWholePass(entry: JournalEntry): entry is WholePass {
  const { body } = entry;
  return body.kind === 'pass' && body.view != null && body.states != null && body.circumstances != null;
}

/** A pass as it was shown then. What the journal does not keep of it is null, absent or "unknown", never as it is now. */
export function pastSnapshot(
  { scope, body }: WholePass,
  around: Around & { readonly policy: Policy },
): ClusterSnapshot {
  const { view, states, circumstances, decisions, tick } = body;
  const { ledger, windows, tenure, impaired, policyHash } = circumstances;
  return {
    scope,
    version: around.version ?? 'unknown',
    instance: around.instance ?? 'unknown',
    startedAtMs: around.startedAtMs,
    atMs: view.atMs,
    tick,
    passMs: null,
    tenure,
    policy: around.policy,
    policyHash,
    policyError: null,
    windows,
    view,
    states,
    decisions,
    ledger,
    sentence: passText({ scope, state: states.cluster.state, decisions, view }),
    impaired: [...impaired, ...unreadableParts(ledger)],
  };
}
