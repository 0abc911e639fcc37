import { body, problem, row, text, type Part } from './part.js';

const CANDIDATES = 'src/assess/candidates.ts';
const PARSE = 'src/adapters/patroni/parse.ts';
const SYNC_FLOOR = 'src/decide/sync-floor.ts';
const RESUME = 'src/actions/resume-replay.ts';

/** What the suites of peers test: kind P. */
export const PEERS: Readonly<Record<string, readonly Part[]>> = {
  P1: [
    problem('replica-cut-off'),
    row('src/assess/copy-proof.ts', 'noWay'),
    row('src/assess/copy-proof.ts', 'noSender'),
    body(
      'src/assess/copy-fault.ts',
      'copyFaultOf',
      "{ kind: 'sign', text: '' }",
      '"does not stream" was reason enough',
    ),
    body('src/actions/member-actions.ts', 'noHelp', 'null', 'it was restarted first'),
  ],
  P2: [
    body('src/assess/sight.ts', 'blindWhileRenewedMs', 'null', 'a blind instance held tenure and paged a dead leader'),
    body('src/kernel/stand-back.ts', 'isBlind', 'false', 'a blind instance held tenure'),
    text(
      'src/kernel/stand-back.ts',
      'if (!sight.gaveUp || (holds && nowMs - sight.backUntilMs >= NOBODY_SEES_MS)) {',
      'if (!sight.gaveUp) {',
    ),
  ],
  P3: [
    text(
      'src/decide/page-book.ts',
      'own: rows.filter((row) => isWatcher || row.by === input.instance),',
      'own: [],',
      'told again with every look at the ledger',
    ),
    text(
      'src/decide/page-book.ts',
      'shared: isWatcher ? input.shared : inOrder(rows, input.shared),',
      'shared: inOrder(rows, input.shared),',
    ),
  ],
  P4: [problem('standby-cluster-stale')],
  P5: [
    body('src/assess/lag-age.ts', 'lagAgesOf', '[]'),
    text(
      'src/assess/lag.ts',
      'if (lagAgesOf(input, member).some(({ ageMs }) => ageMs >= input.policy.lag.warningAgeMs)) return [];',
      '',
    ),
  ],
  P6: [
    body('src/assess/lag-age.ts', 'estimatesOf', '[]'),
    body('src/decide/floors.ts', 'readPool', 'null', 'the floor held, and nothing was drained by age'),
  ],
  P7: [problem('failsafe-active')],
  P8: [
    problem('commits-wait'),
    text(
      'src/assess/leader-writes.ts',
      'const waiting = waits !== undefined && waits.count > 0 && oldestMs !== null && oldestMs >= WAITED_MS;',
      'const waiting = false as boolean;',
    ),
  ],
  P9: [
    body('src/assess/quorum.ts', 'votesMissing', 'null'),
    body(SYNC_FLOOR, 'syncFloor', 'null'),
    text(
      SYNC_FLOOR,
      'const wanted = config?.synchronousNodeCount ?? 1;',
      'const wanted = 1;',
      'the gate asked for more than one',
    ),
    text(SYNC_FLOOR, 'if (!isStrict) return null;', 'return null;'),
    body(SYNC_FLOOR, 'connectedTo', 'null'),
    text(PARSE, "Math.max(1, Math.trunc(numberFrom(raw['synchronous_node_count']) ?? 1))", '1'),
    body(SYNC_FLOOR, 'syncCost', 'null'),
  ],
  P10: [problem('leader-read-only'), problem('leader-cannot-write')],
  P11: [
    problem('archiving-failed'),
    body('src/assess/archive.ts', 'isArchivingStuck', 'false'),
    body('src/assess/archive.ts', 'archivedUpTo', 'null'),
  ],
  P12: [problem('leader-flapping'), text('src/machines/leadership.ts', ' && !idleWished', '')],
  P14: [
    body(CANDIDATES, 'priorityOf', '1', 'only 0 was known'),
    text(
      CANDIDATES,
      '(aLsn < bLsn ? 1 : aLsn > bLsn ? -1 : 0) ||\n    b.priority - a.priority',
      'b.priority - a.priority || (aLsn < bLsn ? 1 : aLsn > bLsn ? -1 : 0)',
      'no such order',
    ),
    text(CANDIDATES, "row.priority === 1 ? '' : `, failover_priority ${row.priority}`", "''"),
  ],
  P15: [
    problem('site-lost'),
    body('src/assess/sites.ts', 'cutOffSite', 'null'),
    text(CANDIDATES, 'isAway(a) - isAway(b) || ', ''),
    body('src/decide/floors.ts', 'readPoolOfSite', 'null'),
    text('src/assess/things.ts', "'site-lost': [...OF_ONE, ...OF_ALL],", ''),
    body('src/assess/things.ts', 'isAmong', 'true'),
  ],
  P16: [
    problem('replay-paused'),
    text(CANDIDATES, "...(isReplayPaused(member) ? ['has its replay paused'] : []),", ''),
    body('src/assess/paused-replay.ts', 'unreadCause', 'null'),
    text(
      'src/assess/paused-replay.ts',
      "if (below.length === 0) return { kind: 'hand'",
      "if (true) return { kind: 'hand'",
    ),
    text('src/assess/paused-replay.ts', 'if (recoveryTarget !== null)', 'if (false)'),
    text(RESUME, 'return at === plan.params.at\n', 'return true\n'),
    body('src/app/doctor-rights.ts', 'grantText', "''"),
  ],
  P17: [problem('all-replicas-affected'), body('src/assess/all-replicas.ts', 'isOfCommonCause', 'false')],
  P18: [
    problem('watchdog-failed'),
    text(CANDIDATES, "if (api.watchdogFailed === true) reasons.push('says that its watchdog failed');", ''),
    row(PARSE, 'watchdogFailed'),
  ],
  P19: [
    problem('failsafe-incomplete'),
    body('src/assess/places.ts', 'isOutsideFailsafe', 'false'),
    body('src/adapters/etcd/keys.ts', 'failsafeOf', 'null'),
  ],
  P20: [
    problem('restart-scheduled'),
    body('src/assess/places.ts', 'isRestartDue', 'false'),
    row(PARSE, 'scheduledRestart'),
  ],
  P21: [
    problem('member-doubled'),
    body('src/assess/places.ts', 'rememberAddresses', 'memory.addresses ?? {}'),
    body('src/assess/intended.ts', 'isRetired', 'false'),
  ],
  P23: [
    text(
      'src/assess/capacity.ts',
      'const isForgotten = pausedSinceMs !== null && input.view.atMs - pausedSinceMs >= input.policy.pause.remindAfterMs;',
      'const isForgotten = false;',
    ),
    body('src/machines/leadership.ts', 'pauseSince', '{ pausedSinceMs: null, pauseSeen: false }'),
  ],
  P24: [
    problem('member-rewinding'),
    problem('rewind-interrupted'),
    body('src/assess/rewinding.ts', 'isBeingRewound', 'false', 'told as start-failed and rewind-failed'),
    body('src/assess/rewinding.ts', 'isRewindInterrupted', 'false'),
  ],
  P25: [
    problem('certificate-ends'),
    text(
      'src/adapters/tls/pem-ends.ts',
      'latest.set(subject, Math.max(latest.get(subject) ?? 0, Date.parse(validTo)));',
      'latest.set(block, Date.parse(validTo));',
    ),
    text(
      'src/assess/certificates.ts',
      'const soon = told.filter(({ endsAtMs }) => endsAtMs - nowMs <= SOON_DAYS * DAY_MS);',
      'const soon = told;',
    ),
  ],
  P26: [problem('dcs-slow'), problem('dcs-electing'), problem('dcs-nearly-full')],
  P27: [
    problem('dcs-membership-differs'),
    problem('versions-differ'),
    body('src/assess/succession-version.ts', 'majorDiffers', '[]'),
    body('src/assess/succession-version.ts', 'olderThan', '[]'),
  ],
  P29: [problem('timeline-foreign'), problem('wrong-upstream')],
  P30: [
    body('src/actions/member-actions.ts', 'isAlone', 'false', 'held, since another may have led'),
    body('src/actions/member-actions.ts', 'onlyMember', 'null'),
  ],
};
