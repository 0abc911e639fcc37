import type { Channel, Evidence } from '../model/channel.js';
import type { Finding, ProblemCode } from '../model/problem.js';
import type { Ledger } from '../model/ledger.js';
import type { Policy } from '../model/policy.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';

/** What an assessment may look at: this pass, what earlier passes left behind, our own drains, the thresholds. */
export interface Assessment {
  readonly view: ClusterView;
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly policy: Policy;
}

export type Assess = (input: Assessment) => readonly Finding[];

type Facts = Finding['facts'];

/** A problem that this pass saw; its channels are those of its evidence. What we conclude ourselves (`self`) is no voice beside what it is concluded from. */
export function seen(code: ProblemCode, subject: string, evidence: readonly Evidence[], facts: Facts = {}): Finding {
  const channels: Channel[] = [];
  for (const { channel } of evidence) if (channel !== 'self' && !channels.includes(channel)) channels.push(channel);
  return { code, subject, verdict: 'seen', channels, evidence, facts };
}

/** This pass cannot say whether the problem is there: it neither advances nor clears. */
export function cannotTell(code: ProblemCode, subject: string, why: string, atMs: number): Finding {
  return {
    code,
    subject,
    verdict: 'unknown',
    channels: [],
    evidence: [{ channel: 'self', text: why, atMs }],
    facts: {},
  };
}

export const says = (channel: Channel, text: string, atMs: number): Evidence => ({ channel, text, atMs });
