import { leaderKeyHolder } from '../assess/leader.js';
import { rotationOf, takesNew } from '../assess/rotation.js';
import type { MemberName } from '../model/names.js';
import type { ProxyServer } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { met, pending, type ActionStep } from './action.js';
import { rereadMs, type RequestWaits } from './waits.js';

type Pools = ClusterView['pools'];

/** A drain is of one pool: what others of the same proxy go on giving it is said. */
function elsewhere(view: ClusterView, member: MemberName): string {
  const others = (freshValue(view.proxy)?.servers ?? [])
    .filter(
      (row) => row.server === member && row.backend !== view.pools?.replica && row.backend !== view.pools?.primary,
    )
    .filter(takesNew)
    .map((row) => row.backend);
  return others.length === 0 ? '' : `, and still takes connections in ${others.join(', ')}: drain it there by hand`;
}

/** What was set, and what the proxy makes of it now: "ready" is our word, "UP" is its check's, and some checks later. */
function readyText(server: string, row: ProxyServer, leads: boolean): string {
  if (takesNew(row)) return `${server} is ${row.status} in the proxy`;
  const set = `HAProxy set ${server} to ready`;
  if (!row.up)
    return leads
      ? `${set} (${row.status} now): as the leader it stays out by its check, and is back once it follows`
      : `${set}; its check brings it UP in a moment (${row.status} now)`;
  const weight = row.weight === 0 ? ', weight 0' : '';
  return `${set}; the proxy still gives it nothing new (${row.status}${weight})`;
}

/** HAProxy's runtime API: at once, and forgotten when HAProxy restarts. [patroni.md section 4.1] */
export function proxySteps(
  pools: Pools,
  member: MemberName,
  drain: boolean,
  closeSessions: boolean,
): readonly ActionStep[] {
  if (pools === null) return [];
  const server = `${pools.replica}/${member}`;
  const steps: ActionStep[] = [
    {
      step: { port: 'proxy', command: `set server ${server} state ${drain ? 'drain' : 'ready'}` },
      withinMs: 15_000,
      expect: ({ view }) => {
        const target = memberOf(view, member);
        const rotation = target === null ? null : rotationOf(view, target);
        if (rotation?.drainedByProxy == null) return pending('the proxy did not answer');
        if (rotation.server === null || rotation.drainedByProxy !== drain)
          return pending(`${server} is still ${rotation.server?.status ?? ''}`);
        return met(
          drain
            ? `${server} is ${rotation.server.status} in the proxy${elsewhere(view, member)}`
            : readyText(server, rotation.server, leaderKeyHolder(view) === member),
        );
      },
    },
  ];
  // Readers that stay connected keep reading old data; a policy may cut them.
  if (drain && closeSessions)
    steps.push({
      step: { port: 'proxy', command: `shutdown sessions server ${server}` },
      withinMs: 15_000,
      expect: ({ view }) => {
        const target = memberOf(view, member);
        const sessions = target === null ? null : rotationOf(view, target).server?.sessions;
        return sessions === 0
          ? met(`no session is left on ${server}`)
          : pending(`${sessions ?? 'unknown'} sessions on ${server}`);
      },
    });
  return steps;
}

/**
 * The member's own tag: survives the proxy's restart, and Patroni's `/replica` itself says 503. The runbook's `PATCH /config` with tags
 * answers 200 and changes nothing. [field-notes: runbook steps that do nothing; patroni.md fact 1]
 */
export function tagSteps(member: MemberName, drained: boolean, waits: RequestWaits): readonly ActionStep[] {
  return [
    {
      step: { port: 'tags', member, tag: 'noloadbalance', value: drained },
      // Our own driver writes it; then whoever takes over must still find it in time.
      withinMs: rereadMs(waits),
      expect: ({ view }) => {
        const tag = freshValue(
          memberOf(view, member)?.fileTag ?? {
            kind: 'unknown',
            fault: 'not-read-yet',
            reason: '',
            atMs: 0,
            source: '',
          },
        );
        return tag === drained
          ? met(`tags.noloadbalance is ${drained} in the file`)
          : pending('the file does not have it yet');
      },
    },
    {
      step: { port: 'patroni', member, method: 'POST', path: '/reload', body: {}, timeoutMs: 5_000 },
      withinMs: rereadMs(waits),
      expect: ({ view }) => {
        const target = memberOf(view, member);
        const api = target === null ? null : freshValue(target.api);
        if (target === null || api === null) return pending('the member did not answer');
        if (api.tags.noloadbalance !== drained)
          return pending(`waiting for Patroni to reread its file (loop_wait ${waits.loopWaitMs / 1000} s)`);
        const check = freshValue(target.replicaCheck);
        if (check === null) return pending('GET /replica did not answer');
        if (drained)
          return check === 200
            ? pending('GET /replica is still 200')
            : met(`the tag is in force and GET /replica is ${check}`);
        return met(`the tag is gone and GET /replica is ${check}`);
      },
    },
  ];
}
