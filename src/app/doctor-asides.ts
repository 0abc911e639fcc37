import { removeAside } from '../actions/remove-aside.js';
import type { ClusterView } from '../model/view.js';
import { remedyFor } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What a host driver without the means to keep old data aside costs; nothing where it has them, or where there is none. */
export function asideRows({
  actuators,
  asides,
  hostNeedsTenure,
}: Pick<ClusterView, 'actuators' | 'asides' | 'hostNeedsTenure'>): readonly DoctorFinding[] {
  if (!actuators.host) return [];
  // Behind other instances there may be a driver of another kind at each.
  const without = Object.entries(asides ?? {}).flatMap(([name, reading]) =>
    reading.kind === 'unknown' && reading.fault === 'not-configured' ? [name] : [],
  );
  const off = (detail: string, disables: readonly string[], check = 'old data aside'): DoctorFinding => ({
    check,
    verdict: 'off',
    detail: `${detail} (docs/generated/host-drivers.md)`,
    disables,
    remedy: remedyFor('hosts', 'not-configured'),
  });
  if (asides === undefined)
    return [
      off(
        'the host driver cannot list, move and delete data directories that lie aside, nor tell whether an etcd member has data',
        ['rebuild-member', removeAside.name, 'reseed-dcs'],
      ),
    ];
  return [
    ...(without.length === 0
      ? []
      : [
          off(`the host driver of ${without.join(', ')} cannot list data directories that lie aside`, [
            'rebuild-member',
            removeAside.name,
          ]),
        ]),
    ...(hostNeedsTenure === true
      ? [
          off(
            'what other instances lend does nothing while nobody can hold tenure',
            ['reseed-dcs'],
            'hosts without etcd',
          ),
        ]
      : []),
  ];
}
