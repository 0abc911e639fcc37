import type { Finding } from '../model/problem.js';
import { lastValue, recentValue } from '../model/reading.js';
import type { Evidence } from '../model/channel.js';
import type { DcsAlarm } from '../model/dcs.js';
import type { ClusterView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';
import { isMajorityStopped, isOutOfService } from './stores.js';
import { primaryChannels } from './leader.js';

/** etcd's own health: one member gone, quorum lost, an alarm raised. `dcs_last_seen` proves nothing. [patroni.md fact 4] */
export const assessDcs: Assess = ({ view, memory }) => {
  const findings: Finding[] = [];
  let silent = 0;
  const stopped: Evidence[] = [];
  for (const endpoint of view.dcs.endpoints) {
    if (!isOutOfService(endpoint)) continue;
    const status = recentValue(endpoint.status);
    silent += 1;
    const evidence: Evidence[] = [
      says(
        'dcs',
        status === null ? `${endpoint.name} does not answer` : `${endpoint.name} says that it is not healthy`,
        view.atMs,
      ),
    ];
    const host = recentValue(endpoint.host);
    if (host !== null && host.state !== 'running') {
      evidence.push(says('host', `${endpoint.name} is ${host.state} by its host driver`, view.atMs));
      stopped.push(says('host', `${endpoint.name} is ${host.state} by its host driver`, view.atMs));
    }
    findings.push(seen('dcs-member-down', endpoint.name, evidence));
  }
  const keys = view.dcs.keys;
  if (keys.kind === 'unknown' && silent * 2 > view.dcs.endpoints.length)
    findings.push(
      seen(
        'dcs-quorum-lost',
        view.scope,
        [
          says(
            'dcs',
            `${silent} of ${view.dcs.endpoints.length} etcd members do not serve; linearizable read: ${keys.reason}`,
            view.atMs,
          ),
          ...stopped,
          says('self', whatFollows(view), view.atMs),
        ],
        { isStopped: isMajorityStopped(view, memory) },
      ),
    );
  return [...findings, ...alarmFindings(view)];
};

/** Every member raises NOSPACE for itself, at its own moment: one problem of etcd, and one page, not one of each. */
function alarmFindings(view: ClusterView): readonly Finding[] {
  const alarms = alarmsIn(view);
  if (alarms.length === 0) return [];
  const known = lastValue(view.dcs.membership)?.members ?? [];
  const nameOf = (id: string): string => known.find((member) => member.id === id)?.name ?? id;
  const kinds = [...new Set(alarms.map(({ alarm }) => alarm))].sort();
  const evidence = kinds.map((kind) => {
    const by = alarms.filter(({ alarm }) => alarm === kind).map(({ memberId }) => nameOf(memberId));
    return says('dcs', `etcd raised ${kind} (${by.sort().join(', ')})`, view.atMs);
  });
  return [seen('dcs-alarm', view.scope, evidence, { alarm: kinds.join(', ') })];
}

const alarmsIn = (view: ClusterView): readonly DcsAlarm[] => recentValue(view.dcs.alarms) ?? [];

/** Why etcd refuses every write, ours and Patroni's, although it answers; null: it says nothing of the kind. */
export const refusesWrites = (view: ClusterView): string | null =>
  alarmsIn(view).some(({ alarm }) => alarm === 'NOSPACE')
    ? 'etcd refuses every write: its database is full (alarm NOSPACE)'
    : null;

/** What Patroni makes of it: only where failsafe_mode is off does the leader demote itself at once. */
function whatFollows(view: ClusterView): string {
  const config = lastValue(view.config);
  const writer = view.members.find((member) => primaryChannels(member).length > 0);
  if (writer === undefined) return 'no member that answers us takes writes';
  if (config === null) return `${writer.name} is primary still; whether failsafe_mode keeps it so is not known`;
  return config.failsafeMode
    ? `${writer.name} stays primary by failsafe_mode for as long as all members answer it`
    : `${writer.name} demotes itself within retry_timeout (${config.retryTimeoutMs / 1000} s), and the cluster is read-only until etcd is back`;
}
