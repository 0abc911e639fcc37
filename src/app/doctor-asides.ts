import { removeAside } from '../actions/remove-aside.js';
import type { ClusterView } from '../model/view.js';
import { remedyFor } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What a host driver without the means to keep old data aside costs; nothing where it has them, or where there is none. */
export const asideRows = ({
  actuators,
  asides,
}: Pick<ClusterView, 'actuators' | 'asides'>): readonly DoctorFinding[] =>
  !actuators.host || asides !== undefined
    ? []
    : [
        {
          check: 'old data aside',
          verdict: 'off',
          detail:
            'the host driver cannot list, move and delete data directories that lie aside, nor tell whether an etcd member has data (docs/generated/host-drivers.md)',
          disables: ['rebuild-member', removeAside.name, 'reseed-dcs'],
          remedy: remedyFor('hosts', 'not-configured'),
        },
      ];
