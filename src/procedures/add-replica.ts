import { z } from 'zod';
import { isPaused, leadershipOf } from '../assess/leader.js';
import { silentProxies } from '../assess/proxy-lines.js';
import { strangersIn } from '../assess/strangers.js';
import { whyNoCopy } from '../assess/copy-proof.js';
import { closedByUs } from '../actions/servers.js';
import { evacuationOf } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { answers, hostOf, opening, proxiesWithout, waitCopy } from './member-stages.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { follows, onMember, takenFrom, waitFor } from './stages.js';

const shape = z.object({ member: z.string() });
type AddReplicaGoal = z.infer<typeof shape>;

/** Whoever starts Patroni by hand has this long. */
const BY_HAND_MS = 3_600_000;

/** The inventory is the operator's: what is not in it is not known by address, and nothing is guessed. */
function unknownMember(view: ClusterView, name: string): string {
  const inEtcd = strangersIn(view)?.includes(name) === true ? ` (etcd names it: it runs already)` : '';
  return `${name} is not configured${inEtcd}: add it to clusters[].patroni.members of ekimi.yaml (and to postgres.members and hosts.members), reload Ekimi (kill -HUP PID), and ask again; configured are ${view.members.map((row) => row.name).join(', ')}`;
}

/** Who is kept back by a person or by Ekimi is no new one, and neither its start nor its servers are this one's; who was removed may be added again. */
function keptBack({ ledger }: Pick<ProcedureInput, 'ledger'>, member: string): string | null {
  const taken = evacuationOf(ledger, member)?.removed === true ? null : takenFrom(ledger, member);
  return taken ?? closedByUs(ledger, member);
}

function bind({ view, ...input }: ProcedureInput, member: string): Goal<AddReplicaGoal> {
  const refused = (why: string) => ({ kind: 'refused', why }) as const;
  const row = memberOf(view, memberName(member));
  if (row === null) return refused(unknownMember(view, member));
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return refused('nobody is proven to lead: there is nothing to copy');
  const silent = silentProxies(view);
  if (silent.length > 0)
    return refused(`proxy ${silent.join(', ')} does not answer: what it has of ${member} is not known`);
  if (leadership.member.name === member) return refused(`${member} leads: it is no new replica`);
  const no = keptBack(input, member) ?? (follows(view, member) ? null : whyNoCopy({ view, ...input }, row));
  return no === null ? { kind: 'goal', goal: { member } } : refused(no);
}

/** Runbook, Adding a New Replica: what runs it is prepared and named in the configuration; from there on it is started, followed and opened. */
export const addReplica: ProcedureRecord<AddReplicaGoal> = {
  name: 'add-replica',
  shape,
  goal: (input, { member }) => bind(input, member ?? ''),
  refuse: ({ view }, { member }) => {
    if (memberOf(view, memberName(member)) === null) return unknownMember(view, member);
    // In a pause Patroni begins no copy.
    if (isPaused(view)) return 'Patroni is paused: it begins no copy; patronictl resume';
    if (leadershipOf(view).kind !== 'proven') return 'nobody is proven to lead';
    // A proxy that is silent for a moment has no server to open and none that is missing: it is neither done nor a question.
    const silent = follows(view, member) ? silentProxies(view) : [];
    return silent.length === 0 ? null : `proxy ${silent.join(', ')} does not answer`;
  },
  *remaining(input: ProcedureInput, { member }) {
    const { view, confirmed } = input;
    if (!follows(view, member)) {
      const host = hostOf(view, member);
      if (host?.state === 'stopped' && !answers(view, member))
        yield onMember('begin-copy', member, `start ${member}: its Patroni copies the leader`);
      else if (host?.state !== 'running' && !answers(view, member))
        yield waitFor(
          `start ${member}`,
          `wait until Patroni on ${member} is started by hand: its host driver ${host === null ? 'says nothing of it' : `says ${host.state}`}`,
          BY_HAND_MS,
        );
      yield waitCopy(input, member);
    }
    const without = proxiesWithout(view, member);
    const key = `no server of ${member}`;
    if (without.length > 0 && !confirmed.includes(key))
      yield {
        kind: 'confirm',
        key,
        text: `${without.join(', ')} has no server of ${member}: add one to its configuration and reload it, then continue; continue without one where it is to get nothing from there`,
      };
    const open = opening(view, member, null);
    if (open !== null) yield open;
  },
  leaves: ({ view }, { member }) => {
    const without = proxiesWithout(view, member);
    const served = follows(view, member)
      ? `${member} runs and streams`
      : `${member} does not stream yet; what runs is left running`;
    return [
      served,
      ...(opening(view, member, null) === null ? [] : ['servers of it are closed in a proxy']),
      ...(without.length === 0 ? [] : [`${without.join(', ')} has no server of it`]),
    ].join('; ');
  },
  onward: (_, { member }) => `ekimi run-procedure add-replica ${member}`,
};
