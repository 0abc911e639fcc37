import { z } from 'zod';
import { isPaused, leaderKeyHolder, leadershipOf, primaryChannels } from '../assess/leader.js';
import { isOurPause, pauseWords } from '../assess/cluster-pause.js';
import { momentOf } from '../decide/moment.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { action, actionPolicy, bound, met, pending, type Sight, type Wish } from './action.js';
import { CONFIG_BOND, configNow, standsForCluster, whyChanged, writeStep } from './cluster-config.js';

/** `for` and `until` as they were written: one of them, or none. */
const PAUSE = CONFIG_BOND.extend({ for: z.string().exactOptional(), until: z.string().exactOptional() });
type Pause = z.infer<typeof PAUSE>;

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 31 * 86_400_000;

/** `30m`, `2h`, `1d` in milliseconds; null: it is none of these, or longer than 31 days. */
function spanOf(text: string): number | null {
  const [, figure, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ms = Number(figure) * (UNIT_MS[unit ?? ''] ?? 0);
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

/** When it is to end, or what is wrong with how that was written; null: it has no end. */
function endOf({ for: span, until }: Partial<Pause>, nowMs: number): number | string | null {
  if (span !== undefined && until !== undefined) return 'a pause has one end: for or until, not both';
  if (span !== undefined) {
    const ms = spanOf(span);
    return ms === null ? `for=${span} is no span of up to 31 days: write 30m, 2h or 1d` : nowMs + ms;
  }
  return until === undefined ? null : momentOf(until, nowMs);
}

/** What of the wish is an end; anything else is refused with it. */
function endAsked(wish: Wish | undefined): Pick<Pause, 'for' | 'until'> {
  const { for: span, until } = wish?.parameters ?? {};
  return {
    ...(typeof span === 'string' ? { for: span } : {}),
    ...(typeof until === 'string' ? { until } : {}),
  };
}

/** As `patronictl pause --wait` waits: etcd has it, and every member that answers says so. */
function isKnownToAll(view: ClusterView, paused: boolean): Sight {
  const now = configNow(view);
  if (typeof now === 'string') return pending(now);
  if ((now.document['pause'] === true) !== paused)
    return pending(`Patroni's configuration in etcd says that it is ${paused ? 'not ' : ''}paused`);
  const others = view.members.filter((member) => {
    const api = freshValue(member.api);
    return api !== null && api.paused !== paused;
  });
  const word = paused ? 'paused' : 'resumed';
  return others.length === 0
    ? met(`Patroni is ${word}, by the word of every member that answers`)
    : pending(`${others.map(({ name }) => name).join(', ')} did not yet say ${word}`);
}

/** A person takes the cluster: Patroni goes on running and neither elects, starts nor demotes anybody until it is resumed. */
export const pauseCluster = action({
  name: 'pause-cluster',
  params: PAUSE,
  class: 'leadership',
  runbook: 'Quick Reference > Common Commands',
  summary: 'pause Patroni: nobody fails over until it is resumed',
  inverse: 'resume-cluster',
  inverseNote: 'resume-cluster, or patronictl resume',
  refusals:
    "Patroni's configuration in etcd cannot be read or was changed since; nobody is proven to lead: a paused cluster elects nobody",
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  countsSuccess: false,
  targetAsked: standsForCluster,
  claims: (_, { id: remediationId, plan: { because, params }, createdAtMs }) => {
    const end = endOf(params, createdAtMs);
    return {
      clusterPause: {
        by: because.by ?? 'somebody',
        reason: because.reason ?? '',
        sinceMs: createdAtMs,
        untilMs: typeof end === 'number' ? end : null,
        remediationId,
      },
    };
  },
  bind: ({ view, ledger }, _target, _problem, wish) => {
    if (isPaused(view)) return { kind: 'nothing', why: `Patroni is paused already: ${pauseWords(view, ledger)}` };
    const now = configNow(view);
    if (typeof now === 'string') return { kind: 'nothing', why: now };
    const asked = endAsked(wish);
    const end = endOf(asked, view.atMs);
    return typeof end === 'string'
      ? { kind: 'nothing', why: end }
      : bound({ patch: { pause: true }, configRevision: now.revision, ...asked });
  },
  alreadyTrue: () => false,
  refuse: ({ view }, { params }) => {
    const leadership = leadershipOf(view);
    if (leadership.kind === 'none') return 'nobody leads, and a paused cluster elects nobody';
    if (leadership.kind === 'claimed' || leadership.kind === 'unknown')
      return `${leadership.why}, and a paused cluster elects nobody`;
    return whyChanged(view, params.configRevision);
  },
  steps: ({ policy }, { params }) => [
    {
      step: writeStep(params),
      withinMs: actionPolicy(policy, 'pause-cluster').timeoutMs,
      expect: ({ view }) => isKnownToAll(view, true),
    },
  ],
});

/** Gives the cluster back to Patroni: by a person, whoever paused it, or at the end that was named with a pause of ours. */
export const resumeCluster = action({
  name: 'resume-cluster',
  params: CONFIG_BOND,
  class: 'leadership',
  runbook: 'Quick Reference > Common Commands',
  summary: 'resume Patroni',
  inverse: 'pause-cluster',
  inverseNote: 'pause-cluster, or patronictl pause',
  refusals:
    "Patroni's configuration in etcd cannot be read or was changed since; another member than the holder of the leader key is primary: Patroni would demote and rewind it, and what was written there would be lost",
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  countsSuccess: false,
  releases: 'clusterPause',
  targetAsked: standsForCluster,
  target: ({ view }) => standsForCluster(view),
  permits: {
    'patroni-pause': { when: 'always: it ends that pause', holds: () => true },
    window: { when: 'always: it ends a pause', holds: () => true },
  },
  grounds: ({ view, ledger }) => pauseWords(view, ledger),
  bind: ({ view, ledger }, _target, problem) => {
    if (!isPaused(view)) return { kind: 'nothing', why: 'Patroni is not paused' };
    const end = ledger.clusterPause?.untilMs ?? null;
    if (problem !== null && (end === null || view.atMs < end))
      return { kind: 'nothing', why: `the pause has no end that is over: ${pauseWords(view, ledger)}` };
    if (problem !== null && !isOurPause(view, ledger))
      return { kind: 'nothing', why: `only a person ends another's pause: ${pauseWords(view, ledger)}` };
    const now = configNow(view);
    if (typeof now === 'string') return { kind: 'nothing', why: now };
    return now.document['pause'] === true
      ? bound({ patch: { pause: false }, configRevision: now.revision })
      : { kind: 'nothing', why: 'etcd says that it is resumed: members follow in their next loop' };
  },
  alreadyTrue: () => false,
  refuse: ({ view }, { params }) => {
    const holder = leaderKeyHolder(view);
    const second = view.members.find((member) => member.name !== holder && primaryChannels(member).length > 0);
    if (second !== undefined)
      return `${second.name} is primary by its ${primaryChannels(second).join(' and ')} and does not hold the leader key: resumed, Patroni would demote and rewind it; look at what it holds, and stop it first`;
    return whyChanged(view, params.configRevision);
  },
  steps: ({ policy }, { params }) => [
    {
      step: writeStep(params),
      withinMs: actionPolicy(policy, 'resume-cluster').timeoutMs,
      expect: ({ view }) => isKnownToAll(view, false),
    },
  ],
});
