import type { Policy } from '../model/policy.js';
import { backendsOf, ONLY_PROXY, ownerOf, type ProxySeen, type ProxyServer } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';
import { placeText } from '../model/address.js';
import { remedyFor } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { lostWithout } from './doctor-rights.js';
import { row } from './doctor-row.js';

const WHAT = 'HAProxy statistics and runtime API';

/** One row a proxy: does it answer, and which of its servers is which member. */
export function proxyRows(view: ClusterView, policy: Policy): readonly DoctorFinding[] {
  const disables = lostWithout('haproxy-read', policy);
  if (view.proxies.length === 0)
    return [
      {
        check: 'proxy',
        verdict: 'off',
        detail: `${WHAT} is not configured`,
        disables,
        remedy: remedyFor('proxy', 'not-configured'),
      },
    ];
  return view.proxies.flatMap((proxy) => {
    const check = proxy.name === ONLY_PROXY ? 'proxy' : `proxy ${proxy.name}`;
    const found = row(check, proxy.seen, WHAT, disables, 'fail', 'proxy');
    if (found.verdict !== 'ok' || proxy.seen.kind === 'unknown') return [found];
    return [found, ...poolRows(view, proxy, proxy.seen.value.servers, check)];
  });
}

/** Of each pool which server is which member, and what could not be placed. */
function poolRows(
  view: ClusterView,
  { name, pools }: ProxySeen,
  servers: readonly ProxyServer[],
  check: string,
): readonly DoctorFinding[] {
  const key = name === ONLY_PROXY ? 'proxies.NAME.servers' : `proxies.${name}.servers`;
  const members: readonly string[] = view.members.map((member) => member.name);
  return backendsOf(pools).flatMap((backend): readonly DoctorFinding[] => {
    const rows = servers.filter((server) => server.backend === backend);
    const isPlaced = (server: ProxyServer): boolean => members.includes(ownerOf(server) ?? '');
    const missing = members.filter((member) => !rows.some((server) => ownerOf(server) === member));
    const strange = rows.filter((server) => server.isNobodys !== true && !isPlaced(server));
    const placed = rows.filter(isPlaced).map((server) => {
      const owner = ownerOf(server) ?? '';
      return owner === server.server ? owner : `${server.server} = ${owner}`;
    });
    if (missing.length === 0 && strange.length === 0) {
      const detail = `${backend}: ${placed.join(', ')}`;
      return [{ check: `${check} pool ${backend}`, verdict: 'ok', detail, disables: [] }];
    }
    const told = [
      ...(placed.length === 0 ? [] : [placed.join(', ')]),
      ...(strange.length === 0 ? [] : [`${strange.map(strangeText).join(', ')}: no member by name or address`]),
      ...(missing.length === 0 ? [] : [`no server of ${missing.join(', ')}`]),
    ];
    return [
      {
        check: `${check} pool ${backend}`,
        verdict: 'warn',
        detail: `${backend}: ${told.join('; ')}`,
        remedy: `say which is which in ${key}, or correct the pool`,
        disables: backend === pools.writes ? [] : missing.map((member) => `drain by proxy of ${member}`),
      },
    ];
  });
}

const strangeText = ({ server, address }: ProxyServer): string =>
  address == null ? server : `${server} (${placeText(address)})`;
