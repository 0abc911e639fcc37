import { bytesText } from '../words/amounts.js';
import { clockText } from '../words/moments.js';
import type { Finding } from '../model/problem.js';
import { freshValue, recentValue } from '../model/reading.js';
import { majorOf, serverVersionText } from '../model/versions.js';
import type { ClusterView } from '../model/view.js';
import { membershipDiffers } from './etcd-membership.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';

/** What the cluster stands on: an etcd that is slow, restless or nearly full, its members, and the versions of all. */
export const assessPlatform: Assess = (input) => [
  ...slow(input),
  ...electing(input),
  ...nearlyFull(input),
  ...membershipDiffers(input),
  ...versionsDiffer(input),
];

/** Of retry_timeout: a loop of Patroni sends several requests, and each etcd member gets its part of that time. */
const SLOW_PART = 1 / 20;
const DEFAULT_RETRY_TIMEOUT_MS = 10_000;

function slow({ view }: Assessment): readonly Finding[] {
  const retryMs = view.config.kind === 'unknown' ? DEFAULT_RETRY_TIMEOUT_MS : view.config.value.retryTimeoutMs;
  const limitMs = Math.round(retryMs * SLOW_PART);
  const { keys } = view.dcs;
  if (keys.kind === 'unknown') return [slowOrSilent(view, keys.fault, keys.reason)];
  const tookMs = keys.value.tookMs;
  if (keys.kind === 'stale' || tookMs === undefined || tookMs < limitMs) return [];
  const text = `etcd took ${tookMs} ms for a linearizable read, limit ${limitMs} ms; Patroni gives up after retry_timeout, ${retryMs} ms`;
  return [seen('dcs-slow', view.scope, [says('dcs', text, view.atMs)], { tookMs, limitMs })];
}

/** Who answers for itself, knows a leader, and gets no read through in time, has an etcd that is slow and not one that is gone. */
function slowOrSilent(view: ClusterView, fault: string, reason: string): Finding {
  const { endpoints } = view.dcs;
  const healthy = endpoints.filter(({ status }) => recentValue(status)?.healthy === true).length;
  if (fault !== 'timeout' || healthy * 2 <= endpoints.length)
    return cannotTell('dcs-slow', view.scope, 'etcd gave no linearizable answer', view.atMs);
  const text = `${healthy} of ${endpoints.length} etcd members answer, and no linearizable read comes through: ${reason}`;
  return seen('dcs-slow', view.scope, [says('dcs', text, view.atMs)], { tookMs: null });
}

/** So many in an hour are more than a restart of every member brings. */
const MANY_ELECTIONS = 4;

function electing({ view, memory }: Assessment): readonly Finding[] {
  const elections = memory.etcd?.elections ?? [];
  const last = elections.at(-1);
  if (last === undefined || elections.length < MANY_ELECTIONS) return [];
  const text = `etcd elected a leader ${elections.length} times within an hour, last at ${clockText(last)}, term ${memory.etcd?.term ?? 'unknown'}`;
  return [seen('dcs-electing', view.scope, [says('dcs', text, view.atMs)], { elections: elections.length })];
}

const FULL_SOON = 0.75;

function nearlyFull({ view }: Assessment): readonly Finding[] {
  const rows = view.dcs.endpoints.flatMap(({ name, status }) => {
    const told = recentValue(status);
    if (told === null || told.dbSizeBytes === null || told.quotaBytes === undefined || told.quotaBytes <= 0) return [];
    return [{ name, bytes: told.dbSizeBytes, quota: told.quotaBytes, part: told.dbSizeBytes / told.quotaBytes }];
  });
  const full = rows.filter(({ part }) => part >= FULL_SOON);
  if (full.length === 0)
    return rows.length < view.dcs.endpoints.length
      ? [cannotTell('dcs-nearly-full', view.scope, 'not every etcd member tells its size', view.atMs)]
      : [];
  const evidence = full.map(({ name, bytes, quota, part }) =>
    says(
      'dcs',
      `the database of ${name} has ${bytesText(bytes)}, quota ${bytesText(quota)} (${Math.floor(part * 100)}%)`,
      view.atMs,
    ),
  );
  const percent = Math.floor(Math.max(...full.map(({ part }) => part)) * 100);
  return [seen('dcs-nearly-full', view.scope, evidence, { percent })];
}

interface Told<V = string> {
  readonly name: string;
  readonly version: V;
}

function versionsDiffer({ view }: Assessment): readonly Finding[] {
  const servers = view.members.flatMap(({ name, sql, api }) => {
    const version = freshValue(sql)?.serverVersion ?? freshValue(api)?.serverVersion ?? null;
    return version === null ? [] : [{ name, number: version, version }];
  });
  const patroni = view.members.flatMap(({ name, api }): Told[] => {
    const version = freshValue(api)?.version;
    return version === undefined ? [] : [{ name, version }];
  });
  const etcd = view.dcs.endpoints.flatMap(({ name, status }): Told[] => {
    const version = recentValue(status)?.version ?? null;
    return version === null ? [] : [{ name, version }];
  });
  const texts = [drift('PostgreSQL', servers, serverVersionText), drift('Patroni', patroni), drift('etcd', etcd)];
  const evidence = texts.flatMap((text, index) =>
    text === null ? [] : [says(index === 2 ? 'dcs' : 'api', text, view.atMs)],
  );
  const isMajor = new Set(servers.map(({ number }) => majorOf(number))).size > 1;
  if (evidence.length > 0) return [seen('versions-differ', view.scope, evidence, { isMajor })];
  // An etcd that keeps its version to root never tells it: nobody waits for it.
  const etcdTold = view.dcs.endpoints.filter(({ status }) => recentValue(status) !== null);
  const isAllTold = patroni.length === view.members.length && etcdTold.length === view.dcs.endpoints.length;
  return isAllTold ? [] : [cannotTell('versions-differ', view.scope, 'not all tell their version', view.atMs)];
}

function drift<V>(what: string, told: readonly Told<V>[], textOf: (version: V) => string = String): string | null {
  if (told.every(({ version }) => version === told[0]?.version)) return null;
  const versions = [...new Set(told.map(({ version }) => version))];
  const who = versions.map((version) => {
    const names = told.filter((row) => row.version === version).map(({ name }) => name);
    return `${textOf(version)} on ${names.join(', ')}`;
  });
  return `${what} differs: ${who.join('; ')}`;
}
