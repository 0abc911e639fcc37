import { isMajorityLost } from '../assess/lost-stores.js';
import { ACTIONS } from '../actions/index.js';
import { findingsIn } from '../assess/assess.js';
import { isHalfDone, rotationOf } from '../assess/rotation.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { surplusSpans } from '../assess/surplus.js';
import { isAsideOf } from '../model/aside.js';
import { isInFlight } from '../model/ledger.js';
import { membersTouched, type Plan } from '../model/plan.js';
import { isOffer, openRun, settingsOfRun, type ProcedureRun } from '../model/procedure-run.js';
import type { States } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { remember } from '../machines/memory.js';
import { advance } from '../machines/reduce.js';
import { observe } from '../observe/observe.js';
import type { ObserveOptions } from '../observe/pass.js';
import { checkingOf } from './keep-checks.js';
import { isHurried, mayBeDead } from './period.js';
import { isEnforcing, type Session } from './session.js';

/** Something is suspected, active with a remedy, or in flight: passes come faster and ask more. */
export function isSuspect(session: Session): boolean {
  return (
    session.ledger.remediations.some(isInFlight) ||
    // What its next stage rests on is read in every pass.
    openRun(session.ledger.procedures)?.phase === 'running' ||
    session.states.problems.some((problem) => problem.level !== 'info' || problem.phase === 'suspect')
  );
}

const awaitingSlowFacts = ({ ledger }: Session): readonly string[] =>
  ledger.remediations.filter((row) => isInFlight(row) && awaitsSlowFacts(row.plan)).map((row) => row.plan.target);

/** What runs an etcd member is read seldom, and what is done to one is judged by it. */
const awaitsSlowFacts = ({ action }: Plan): boolean =>
  ACTIONS[action].awaitsSlowFacts === true || ACTIONS[action].worksOn === 'store';

/** Ours on paper, and readers still read there: whether the file has our tag or somebody took it out is asked in every pass. */
const halfDrained = ({ ledger, view }: Session): readonly string[] =>
  ledger.drains.flatMap(({ member: name, actuators, shadow }) => {
    const member = view === null ? null : memberOf(view, name);
    const isOpen = view !== null && member !== null && isHalfDone(rotationOf(view, member), actuators);
    return isOpen && !shadow ? [name] : [];
  });

/** Whose readings the look before a request must have anew: the members that it touches, and who leads. */
const touchedBy = ({ view }: Session, plan: Plan): ReadonlySet<string> => {
  const holder = view === null ? null : leaderKeyHolder(view);
  return new Set([...membersTouched(plan), ...(holder === null ? [] : [holder])]);
};

/** A data directory is moved aside or removed there, or was and is not listed yet: by what its request and the goal of its run name. */
function asidesAwaited({ ledger, view }: Session): ReadonlySet<string> {
  const flying = ledger.remediations
    .filter(
      (row) =>
        isInFlight(row) && row.phase !== 'planned' && ('suffix' in row.plan.params || 'directory' in row.plan.params),
    )
    .map(({ plan }) => plan.target as string);
  const run = openRun(ledger.procedures);
  const { member, members, suffix } = run?.goal ?? {};
  if (run?.phase !== 'running' || typeof suffix !== 'string') return new Set(flying);
  // Not before it was sent: the list and the move would be in each other's way.
  const isSent = (name: string): boolean =>
    ledger.remediations.some(
      ({ phase, plan }) => phase !== 'planned' && plan.params['suffix'] === suffix && plan.target === name,
    );
  const due = [member, ...(Array.isArray(members) ? (members as readonly unknown[]) : [])].filter(
    (name): name is string =>
      typeof name === 'string' && isSent(name) && !(view !== null && isAsideOf(view, name, suffix)),
  );
  return new Set([...flying, ...due]);
}

/** etcd members whose data a run is to move aside, or has. */
function movesStores({ goal: { aside } }: ProcedureRun): readonly string[] {
  const stores = typeof aside === 'object' && aside !== null && 'stores' in aside ? aside['stores'] : [];
  return Array.isArray(stores) ? stores.filter((name) => typeof name === 'string') : [];
}

/**
 * etcd members beside whose data older data was seen, or may lie by a run of ours. While a run is open it may be at that very data: then nothing is
 * listed, and what one has moved is listed anew after it.
 */
function storeAsides({
  ledger,
  states,
}: Session): Pick<ObserveOptions, 'storeAsidesOf' | 'storesAtWork' | 'storesMovedAtMs'> {
  const runs = ledger.procedures ?? [];
  const movers = runs.filter((run) => movesStores(run).length > 0);
  const names = new Set([...(states.memory.storesAside ?? []), ...movers.flatMap(movesStores)]);
  if (names.size === 0) return {};
  const run = openRun(runs);
  // What is only offered has sent nothing.
  const storesAtWork = run !== null && !isOffer(run);
  const storesMovedAtMs = Math.max(0, ...movers.map(({ endedAtMs }) => endedAtMs ?? 0));
  return { storeAsidesOf: names, storesAtWork, storesMovedAtMs };
}

/** The heartbeat is written by who may act, and by nobody else. */
const mayBeat = (session: Session): boolean =>
  isEnforcing(session) && !session.isStopping && session.parts.tenure.facts().state === 'held';

/** A proxy's usual checks have found a new leader by then. */
const LEADER_SETTLES_MS = 15_000;

/** Who led in the last pass and long before. */
function settledLeader({ view, states }: Session): string | null {
  const { lastLeader, lastLeaderChangeMs } = states.memory;
  if (view === null) return null;
  return lastLeaderChangeMs === null || view.atMs - lastLeaderChangeMs >= LEADER_SETTLES_MS ? lastLeader : null;
}

/** One look at everything; `plan`: it is the one on which its request is sent. */
export async function look(session: Session, plan: Plan | null = null): Promise<ClusterView> {
  const hurried = isHurried(session, plan);
  const closely = new Set([...awaitingSlowFacts(session), ...halfDrained(session)]);
  const awaited = asidesAwaited(session);
  const settings = settingsOfRun(openRun(session.ledger.procedures));
  const view = await observe(session.parts.ports, session.parts.target, {
    previous: session.view,
    tick: session.tick,
    suspect: isSuspect(session),
    closely,
    beforeRequest: plan === null ? null : touchedBy(session, plan),
    ...(hurried ? { hurried, mayBeDead: mayBeDead(session) } : {}),
    ...(plan !== null && ACTIONS[plan.action].bringsForward === true ? { endsOutage: true as const } : {}),
    asker: session.asker,
    lastPass: session.lastPass,
    notBefore: session.dcsRevision,
    ...(session.view === null ? {} : { spans: surplusSpans(session.view, session.states.memory) }),
    ...(awaited.size === 0 ? {} : { asidesOf: awaited }),
    ...storeAsides(session),
    settledLeader: settledLeader(session),
    ...(settings.length === 0 ? {} : { settings }),
    // Whoever only observes sends nothing that a member could take for a change.
    triesLogin: isEnforcing(session),
    ...(mayBeat(session) ? { beatAs: session.parts.instance } : {}),
  });
  if (view.dcs.keys.kind === 'fresh') session.dcsRevision = view.dcs.keys.value.revision;
  if (isMajorityLost(view)) session.dcsRevision = null;
  return { ...view, ...checkingOf(session, view.atMs) };
}

/** What a view makes of the states so far: assess, then the machines. Pure. */
export function advanceWith(session: Session, view: ClusterView, from: States = session.states): States {
  const memory = remember(from.memory, view);
  const findings = findingsIn({ view, memory, ledger: session.ledger, policy: session.policy });
  return advance(from, memory, view, findings, session.policy);
}
