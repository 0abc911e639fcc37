import { clockText } from '../words/moments.js';
import type { Finding } from '../model/problem.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { SqlStatus } from '../model/sql.js';
import type { MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { isStandbyCluster, leaderKeyHolder, primaryChannels } from './leader.js';

/** A leader that runs and whose clients cannot write all the same. */
export const assessLeaderWrites: Assess = (input) => [...ofLeader(input), ...failsafe(input)];

function ofLeader(input: Assessment): readonly Finding[] {
  const { view, memory } = input;
  if (isStandbyCluster(view)) return [];
  const name =
    leaderKeyHolder(view) ?? (freshValue(view.dcs.keys) === null ? (memory.leadership?.holder ?? null) : null);
  const leader = view.members.find((member) => member.name === name);
  if (leader === undefined) return [];
  const sql = freshValue(leader.sql);
  if (sql === null || freshValue(view.dcs.keys) === null)
    return (['commits-wait', 'leader-read-only'] as const).map((code) =>
      cannotTell(code, leader.name, `PostgreSQL on ${leader.name}, or who leads, was not read`, view.atMs),
    );
  return sql.inRecovery ? [] : [...commitsWait(input, leader, sql), ...readOnly(input, leader, sql)];
}

/** A commit that takes so long for its standby is no longer on its way. */
const WAITED_MS = 5_000;

function commitsWait({ view }: Assessment, leader: MemberView, sql: SqlStatus): readonly Finding[] {
  const waits = sql.syncWaits;
  const oldestMs = waits?.oldestMs ?? null;
  const waiting = waits !== undefined && waits.count > 0 && oldestMs !== null && oldestMs >= WAITED_MS;
  const config = lastValue(view.config);
  const synchronous = sql.replicas.filter((row) => row.syncState === 'sync' || row.syncState === 'quorum');
  const isStrict = config?.synchronousModeStrict === true && config.synchronousMode !== 'off';
  // For some seconds after a promotion or a change of the mode PostgreSQL has no such setting yet, and nothing waits.
  const isSet = waits === undefined || waits.standbyNames !== '';
  const isBare = isStrict && isSet && synchronous.length === 0;
  if (!waiting && !isBare) return [];
  const evidence = [];
  if (waiting) {
    const since = `the longest since ${clockText(view.atMs - oldestMs)}`;
    evidence.push(says('sql', `${waits.count} commits wait on ${leader.name}, ${since}`, view.atMs));
  }
  if (isBare)
    evidence.push(
      says(
        'sql',
        `every commit on ${leader.name} waits: synchronous_mode_strict is on and no synchronous standby is connected`,
        view.atMs,
      ),
    );
  const names = waits?.standbyNames ?? '';
  if (names !== '') evidence.push(says('sql', `they wait for ${names} (synchronous_standby_names)`, view.atMs));
  for (const row of synchronous)
    evidence.push(
      says(
        'sql',
        `${row.applicationName} is connected (${row.syncState}, ${row.state}) and does not confirm`,
        view.atMs,
      ),
    );
  return [seen('commits-wait', leader.name, evidence, { waiting: waits?.count ?? 0, oldestMs })];
}

function readOnly({ view }: Assessment, leader: MemberView, sql: SqlStatus): readonly Finding[] {
  const setting = sql.readOnly;
  if (setting === undefined) return [];
  const evidence = [];
  if (setting.server === true)
    evidence.push(
      says('sql', `${leader.name} refuses writes: default_transaction_read_only is on for the whole server`, view.atMs),
    );
  if (setting.databases.length > 0)
    evidence.push(
      says(
        'sql',
        `ALTER DATABASE made ${setting.databases.join(', ')} on ${leader.name} read-only by default`,
        view.atMs,
      ),
    );
  return evidence.length === 0
    ? []
    : [seen('leader-read-only', leader.name, evidence, { isServer: setting.server === true })];
}

/**
 * etcd is out of reach and the primary goes on because every member of the failsafe set answers it. One that does not, and it demotes itself.
 * [patroni.md section 7]
 */
function failsafe({ view }: Assessment): readonly Finding[] {
  const answering = view.members.filter((member) => freshValue(member.api) !== null);
  const active = answering.filter((member) => freshValue(member.api)?.failsafeActive === true);
  const isBlind = freshValue(view.dcs.keys) === null;
  const isConfigured = lastValue(view.config)?.failsafeMode === true;
  if (active.length === 0 && !(isBlind && isConfigured)) return [];
  if (answering.length === 0) return [cannotTell('failsafe-active', view.scope, 'no member answers', view.atMs)];
  const writer = view.members.find((member) => primaryChannels(member).length > 0) ?? null;
  if (writer === null && !isBlind) return [];
  if (writer === null) {
    const silent = view.members.length - answering.length;
    // Somebody who does not answer us may be the primary.
    if (silent > 0 && !answering.some((member) => freshValue(member.api)?.role === 'replica'))
      return [cannotTell('failsafe-active', view.scope, `${silent} members do not answer`, view.atMs)];
    const text = `nobody takes writes: etcd is out of reach and no member that answers is primary${silent > 0 ? ` (${silent} do not answer)` : ''}`;
    return [seen('failsafe-active', view.scope, [says('api', text, view.atMs)], { writer: null })];
  }
  if (active.length === 0) return [];
  const missing = view.members.filter((member) => freshValue(member.api) === null).map((member) => member.name);
  const text = `${writer.name} goes on without etcd by failsafe_mode: it demotes itself as soon as one member of /failsafe does not answer it`;
  const evidence = [says('api', text, view.atMs)];
  if (missing.length > 0) evidence.push(says('api', `${missing.join(', ')} do not answer us`, view.atMs));
  return [seen('failsafe-active', view.scope, evidence, { writer: writer.name })];
}
