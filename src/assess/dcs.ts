import type { Finding } from '../model/problem.js';
import { freshValue, isSilent } from '../model/reading.js';
import type { Evidence } from '../model/channel.js';
import { says, seen, type Assess } from './finding.js';

/** etcd's own health: one member gone, quorum lost, an alarm raised. `dcs_last_seen` proves nothing. [patroni.md fact 4] */
export const assessDcs: Assess = ({ view }) => {
  const findings: Finding[] = [];
  let silent = 0;
  for (const endpoint of view.dcs.endpoints) {
    const status = freshValue(endpoint.status);
    if (status?.healthy === true) continue;
    if (status === null && !isSilent(endpoint.status)) continue;
    silent += 1;
    const evidence: Evidence[] = [
      says(
        'dcs',
        status === null ? `${endpoint.name} does not answer` : `${endpoint.name} says that it is not healthy`,
        view.atMs,
      ),
    ];
    const host = freshValue(endpoint.host);
    if (host !== null && host.state !== 'running')
      evidence.push(says('host', `${endpoint.name} is ${host.state} by its host driver`, view.atMs));
    findings.push(seen('dcs-member-down', endpoint.name, evidence));
  }
  const keys = view.dcs.keys;
  if (keys.kind === 'unknown' && silent * 2 > view.dcs.endpoints.length)
    findings.push(
      seen('dcs-quorum-lost', view.scope, [
        says(
          'dcs',
          `${silent} of ${view.dcs.endpoints.length} etcd members do not serve; linearizable read: ${keys.reason}`,
          view.atMs,
        ),
      ]),
    );
  for (const alarm of freshValue(view.dcs.alarms) ?? [])
    findings.push(
      seen('dcs-alarm', alarm.memberId, [says('dcs', `etcd raised ${alarm.alarm}`, view.atMs)], { alarm: alarm.alarm }),
    );
  return findings;
};
