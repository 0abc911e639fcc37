import { linesOf } from '../assess/proxy-lines.js';
import { staleLines, staleText } from '../assess/stale-sessions.js';
import { ownerOf } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';
import type { DoctorFinding } from './doctor-finding.js';

const check = 'proxy on-marked-down';
const WANTED = '`on-marked-down shutdown-sessions` at each server of the write pool';

/**
 * Whether a proxy cuts the sessions of a server that it finds down. HAProxy tells no server's `on-marked-down` (not in `show stat`, `show servers
 * state`, `show info`): only one that is down and keeps sessions shows that it does not.
 */
export function sessionRows(view: ClusterView): readonly DoctorFinding[] {
  if (linesOf(view, 'writes').length === 0) return [];
  const owners = new Set(linesOf(view, 'writes').map(({ row }) => ownerOf(row) ?? ''));
  const stale = [...owners].flatMap((name) => staleLines(view, name));
  if (stale.length === 0) {
    const detail = `cannot be asked of a running HAProxy, and no server shows that it lacks it: look for ${WANTED} in haproxy.cfg`;
    return [{ check, verdict: 'off', detail, disables: [] }];
  }
  const detail = `${stale.map((line) => staleText(view, line)).join('; ')}: write ${WANTED}`;
  return [{ check, verdict: 'warn', detail, disables: [] }];
}
