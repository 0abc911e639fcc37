import { linesOf } from '../assess/proxy-lines.js';
import { staleLines, staleText } from '../assess/stale-sessions.js';
import { ownerOf } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';
import { REMEDY } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

const check = 'proxy on-marked-down';

/**
 * Whether a proxy cuts the sessions of a server that it finds down. HAProxy tells no server's `on-marked-down` (not in `show stat`, `show servers
 * state`, `show info`): only one that is down and keeps sessions shows that it does not.
 */
export function sessionRows(view: ClusterView): readonly DoctorFinding[] {
  if (linesOf(view, 'writes').length === 0) return [];
  const owners = new Set(linesOf(view, 'writes').map(({ row }) => ownerOf(row) ?? ''));
  const stale = [...owners].flatMap((name) => staleLines(view, name));
  if (stale.length === 0) {
    const detail = 'cannot be asked of a running HAProxy, and no server shows that it lacks it';
    return [{ check, verdict: 'off', detail, disables: [], remedy: REMEDY['marked-down'] }];
  }
  const detail = stale.map((line) => staleText(view, line)).join('; ');
  return [{ check, verdict: 'warn', detail, disables: [], remedy: REMEDY['marked-down'] }];
}
