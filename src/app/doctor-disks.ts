import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { remedyFor } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { row } from './doctor-row.js';

const disablesOn = (who: string): readonly string[] => [
  `disk-filling on ${who}`,
  `rebuild-member on ${who}`,
  `disk-full on ${who} before its log tells it`,
];

/**
 * Whose volumes nobody reads, and what that costs: a row for all of whom it is not configured, one for each of whom it fails. Nothing where there is no
 * host driver, nor of a member of which the driver has no word or which does not run: another row tells that.
 */
export function diskRows({ actuators, members }: Pick<ClusterView, 'actuators' | 'members'>): readonly DoctorFinding[] {
  if (!actuators.host) return [];
  const unset = members.filter((member) => faultOf(member) === 'not-configured').map(({ name }) => name);
  const failing = members.filter(
    (member) =>
      ![null, 'not-configured', 'not-read-yet'].includes(faultOf(member)) &&
      freshValue(member.host)?.state === 'running',
  );
  return [
    ...(unset.length === 0
      ? []
      : [
          {
            check: 'room on disks',
            verdict: 'off' as const,
            detail: `the host driver tells no volumes of ${unset.join(', ')} (docs/generated/host-drivers.md)`,
            disables: unset.flatMap(disablesOn),
            remedy: remedyFor('disk', 'not-configured'),
          },
        ]),
    ...failing.flatMap(({ name, disk }) =>
      disk === undefined ? [] : [row(`${name} disk`, disk, `the volumes of ${name}`, disablesOn(name), 'warn', 'disk')],
    ),
  ];
}

const faultOf = ({ disk }: MemberView): string | null => (disk?.kind === 'unknown' ? disk.fault : null);
