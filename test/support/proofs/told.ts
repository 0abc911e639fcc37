import { body, problem, row, text, type Part } from './part.js';

const PAGE_GATES = 'src/decide/page-gates.ts';
const SQL_FAULTS = 'src/adapters/postgres/faults.ts';
const NOT_PAGED = 'what this gate held was told to nobody';

/** What this gate holds is held in silence. */
const unpaged = (gate: string): Part =>
  text(
    PAGE_GATES,
    'const row = PAGE_GATES[block.gate];',
    `const row = PAGE_GATES[block.gate]; if (block.gate === '${gate}') return null;`,
    NOT_PAGED,
  );

/** Who is told, and what is said: kinds N and S. */
export const TOLD: Readonly<Record<string, readonly Part[]>> = {
  N1: [
    ...['approval', 'patroni-pause', 'budget', 'window', 'kill-switch', 'tenure', 'channels', 'mode'].map(unpaged),
    body('src/decide/page-wish.ts', 'acting', 'null', 'in dry-run nobody was told what would have been sent'),
    body(PAGE_GATES, 'wayOut', 'block.unblock', 'the command that unblocks was not named'),
    text('src/decide/page-book.ts', "? 'reminder' : null", '? null : null'),
    text(
      'src/decide/page-book.ts',
      'isOver: input.nowMs - gone >= ENDS_AFTER_MS',
      'isOver: false',
      'the end was not told',
    ),
    text('src/decide/page-book.ts', 'if (!input.canTell) return { row, isOver: false };', ''),
    text(
      'src/decide/page-book.ts',
      'const book = isWatcher ? own : [...input.shared, ...own];',
      'const book = own;',
      'a successor told all of it again',
    ),
    text(
      'src/assess/things.ts',
      "lag: ['replica-lag-emergency', 'replica-lag-critical', 'replica-lagging'],",
      '',
      'three levels of lag were three things',
    ),
    body('src/decide/page-wish.ts', 'leftToPatroni', '0'),
  ],
  N2: [
    problem('leader-not-serving'),
    problem('leader-flapping'),
    body('src/assess/serving.ts', 'forecast', "''"),
    body('src/assess/serving.ts', 'silentSign', 'null'),
  ],
  N3: [
    text(
      'src/assess/succession.ts',
      'if (stranger !== null)\n    return [',
      'if (stranger !== null && false)\n    return [',
    ),
    problem('member-not-configured'),
    body('src/assess/candidates.ts', 'besideStrangers', 'row'),
    text('src/assess/capacity.ts', 'if (stranger !== null && registered', 'if (false && registered'),
  ],
  N4: [
    problem('channel-silent'),
    row('src/assess/channel-faults.ts', 'patroni.auth'),
    row('src/assess/channel-faults.ts', 'postgres'),
    row('src/assess/channel-faults.ts', 'hosts'),
    body('src/assess/channel-faults.ts', 'ofProxy', '[]'),
    body('src/observe/write-access.ts', 'observeWriteAccess', 'null'),
  ],
  S1: [
    body(
      'src/assess/dcs.ts',
      'alarmsIn',
      "view.dcs.alarms.kind === 'fresh' ? view.dcs.alarms.value : []",
      'an alarm that was not read in this very pass was gone',
    ),
    body('src/machines/unread.ts', 'isUnread', 'false', 'what was not read in a pass was gone'),
    body('src/assess/dcs.ts', 'refusesWrites', 'null'),
  ],
  S2: [
    text(
      'src/assess/split-brain.ts',
      'if (primaries.length < 2 && !isStandbyCluster(view)) return withoutKey(input, rogues, told);',
      '',
      'one primary without a key was called a split brain',
    ),
    problem('keys-missing'),
  ],
  S3: [
    text(
      'src/assess/lease.ts',
      "if (renewedMs !== null && renewedMs > silentSinceMs + apartMs) return 'renewed';",
      '',
      'a lease that was renewed said nothing',
    ),
    problem('leader-api-silent'),
    text(
      'src/assess/lease.ts',
      "return leftMs === null && view.atMs - silentSinceMs > ttlMs + EXPIRY_SLACK_MS ? 'renewed' : 'unproven';",
      "return 'unproven';",
    ),
  ],
  S4: [
    body('src/assess/living.ts', 'livesByOthers', '[]', 'our own silence was enough'),
    body('src/assess/living.ts', 'whyNotStopped', 'null'),
  ],
  S5: [
    problem('proxy-names'),
    text(
      'src/adapters/haproxy/haproxy-adapter.ts',
      "baseAddress(stats.includes(';csv') ? stats : `${new URL(stats).h",
      'baseAddress(true ? stats : `${new URL(stats).h',
      'an address without a path failed everywhere',
    ),
    body('src/actions/drain-places.ts', 'isAnotherProcess', 'false', 'another process was the same'),
    body('src/actions/drain-places.ts', 'notYetDrained', '[]', 'one proxy of several was enough'),
    body('src/actions/drain-replica.ts', 'outOfReach', 'null', 'what cannot be told was left out in silence'),
    body('src/actions/proxy-places.ts', 'movedServer', 'null', "a template's server stayed whose it was"),
    body('src/assess/proxy-lines.ts', 'maybeHidden', '[]', 'a server that may be the member was nobody'),
    body('src/observe/proxy-members.ts', 'memberOf', 'undefined', 'a server was a member by its name alone'),
  ],
  S6: [
    body('src/app/doctor-rights.ts', 'partRows', '[]', 'nobody but Patroni and PostgreSQL was asked'),
    text(
      'src/adapters/etcd/leader-key.ts',
      'return answer.isUndone === true',
      'return false',
      'a refusal of etcd was "maybe"',
    ),
    body(
      'src/adapters/haproxy/level.ts',
      'adminLevel',
      "{ right: 'haproxy-admin', seen: fresh('granted', 0, '') }",
      'the level was not asked for',
    ),
  ],
  S13: [
    problem('sessions-stay'),
    body('src/assess/stale-sessions.ts', 'staleLines', '[]'),
    body('src/actions/shut-sessions.ts', 'notFormer', 'null'),
    body('src/app/doctor-sessions.ts', 'sessionRows', '[]'),
  ],
  S7: [
    problem('member-starting'),
    text(SQL_FAULTS, "'too-many-clients',", "'refused',", 'too many clients was a refused connection'),
    text(SQL_FAULTS, "[/^57P03$/, 'starting-up',", "[/^57P03$/, 'refused',", '57P03 was a refused connection'),
    text(SQL_FAULTS, "    'certificate',", "    'unreachable',", 'a certificate was a way that is cut'),
    text(
      'src/assess/capacity.ts',
      "if (reading.kind === 'unknown' && reading.fault === 'too-many-clients')",
      "if (false && reading.kind === 'unknown')",
      'too many clients was no answer',
    ),
    text(
      'src/actions/member-actions.ts',
      "if (member?.sql.kind === 'unknown' && member.sql.fault === 'starting-up')",
      'if (false)',
    ),
  ],
  S8: [
    problem('as-intended'),
    body('src/assess/intended.ts', 'whyNotStreaming', 'null', 'the tag was not looked at'),
    body('src/assess/intended.ts', 'intendedDelayMs', '0', 'a delay was lag'),
    body('src/assess/intended.ts', 'isRetired', 'false'),
    body(
      'src/assess/replication.ts',
      'receivesOtherwise',
      'false',
      'a replica that lives on its archive did not stream',
    ),
  ],
  S9: [
    problem('slot-lost'),
    problem('slot-at-risk'),
    body('src/model/names.ts', 'postgresName', 'name', 'names were compared whole'),
  ],
  S10: [
    row('src/machines/summary.ts', 'IS_SUSPECT'),
    body(
      'src/api/overview.ts',
      'levelOf',
      "stateLevel(stateOf(snapshot) === 'suspect' ? 'healthy' : stateOf(snapshot))",
      'what was in its grace was a green healthy',
    ),
    body('src/assess/rotation.ts', 'isReadPoolEmpty', 'false'),
    text(
      'src/assess/shown-lag.ts',
      "if (isSilent(member)) return { bytes: null, from: 'it does not answer' };",
      '',
      'its last lag was shown',
    ),
  ],
  S11: [
    text(
      'src/api/member-overview.ts',
      'if (drain.shadow) return `${own} (would have drained reads; nothing was sent)`;',
      '',
      'a rehearsed drain was shown as a drain',
    ),
    text('src/decide/candidate.ts', 'if (action.rehearsed?.(at, target) === true) {', 'if (false) {'),
  ],
  S12: [
    problem('commits-wait'),
    text(
      'src/assess/leader-writes.ts',
      'const isBare = isStrict && isSet && synchronous.length === 0;',
      'const isBare = false;',
    ),
  ],
};
