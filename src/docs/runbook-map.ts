import { isProcedure } from '../actions/asked.js';
import { isStaged, STAGED_NAMES, STAGED_ROWS } from '../model/staged.js';
import { NOTE, table, type Page } from './page.js';

/** A heading of the source manual. */
interface HeadingRow {
  readonly heading: string;
  /** What does it, beside the procedures of several stages that name this heading themselves. */
  readonly does: string;
  /** What is otherwise than the manual has it, and why; empty: nothing. */
  readonly changed: string;
  /** Said where no procedure of several stages names it. */
  readonly byHand?: string;
}

const page = (name: string): string => `[${name}](../runbook/${name}.md)`;
const NOTIFICATIONS = '[notifications](../notifications.md)';
const NOT_ONES = 'nothing to do: it describes';

/** Every heading of `docs/runbook/source.md`; a test finds one that has no row. */
export const HEADINGS: readonly HeadingRow[] = [
  { heading: 'PostgreSQL Replication & Failover Runbook', does: page('README'), changed: '' },
  { heading: 'Overview', does: NOT_ONES, changed: '' },
  { heading: 'Table of Contents', does: NOT_ONES, changed: '' },
  { heading: 'Architecture Overview', does: '`ekimi.yaml`: members, etcd, proxies, poolers', changed: '' },
  { heading: 'Components', does: '`ekimi doctor` asks each of them', changed: '' },
  {
    heading: 'Connection Endpoints',
    does: '`clusters[].patroni`, `dcs`, `proxies`; `ekimi doctor`',
    changed: 'addresses are held against what etcd has of each member: one that leads elsewhere is told',
  },
  { heading: 'Data Flow', does: '`leader-unrouted`, `proxy-mismatch`; `ekimi status` shows both pools', changed: '' },
  { heading: 'Monitoring & Health Checks', does: '`ekimi status`, `ekimi check`, `/metrics`', changed: '' },
  {
    heading: 'Patroni REST API Endpoints',
    does: 'each pass asks every member `GET /patroni`',
    changed: '`/` and `/health` say 503 of a role or a state, so that they are no word on whether Patroni answers',
  },
  { heading: 'Critical Metrics to Monitor', does: '[problems](problems.md)', changed: '' },
  {
    heading: '1. Replication Lag',
    does: '`replica-lagging` and its levels; `ekimi status`',
    changed:
      "by bytes behind the leader's position, by the leader's and the replica's word; by age only with a heartbeat, since replay time stands still where nobody writes",
  },
  { heading: '2. Connection Count', does: '`connections-high`', changed: '' },
  {
    heading: '3. WAL Generation Rate',
    does: '`disk-filling`',
    changed: 'by the rate at which the volume of the WAL fills, which is what ends the service',
  },
  {
    heading: 'Prometheus Metrics',
    does: '`/metrics` of Ekimi',
    changed: '`patroni_replication_lag` does not exist; `patroni_master` is `patroni_primary` by now',
  },
  {
    heading: 'Health Check Script',
    does: '`ekimi check`, line by line in the table below',
    changed: 'its role and state are never printed of a replica: `curl -f` ends at 503',
  },
  { heading: 'Automatic Failover', does: 'Patroni; Ekimi never elects', changed: '' },
  {
    heading: 'How Automatic Failover Works',
    does: `Patroni; ${page('expedite-failover')} brings it forward`,
    changed: '',
  },
  {
    heading: 'Failover Timeline',
    does: page('expedite-failover'),
    changed: 'a leader whose process is proven to be gone is answered before its lease ends',
  },
  {
    heading: 'Failover Constraints',
    does: 'gates, refusals and `no-failover-candidate`: [gates](gates.md)',
    changed: '',
  },
  { heading: 'Manual Failover Procedures', does: '`ekimi run-procedure`', changed: '' },
  {
    heading: 'Planned Failover (Switchover)',
    does: `\`ekimi run-procedure switchover\`: ${page('switchover')}`,
    changed: 'the request names the leader that was seen, and clients in poolers wait instead of being cut off',
  },
  {
    heading: 'Forced Failover (Emergency)',
    does: `\`ekimi run-procedure failover\`: ${page('failover-leaderless')}, ${page('expedite-failover')}`,
    changed: 'never `pg_ctl promote`: a second primary; what may be lost is told and has to be agreed to',
  },
  { heading: 'Recovery Procedures', does: 'the four scenarios', changed: '' },
  {
    heading: 'Scenario 1: Failed Replica Recovery',
    does: `\`restart-member\`, \`start-member\`, \`reinitialize-replica\`: ${page('reinitialize')}, ${page('restart-and-start')}`,
    changed: 'a copy is the last rung; what room it takes is checked before anything is destroyed',
  },
  {
    heading: 'Scenario 2: Failed Primary Recovery (After Failover)',
    does: `\`start-member\`, \`fence-member\`: ${page('restart-and-start')}, ${page('fence-and-rejoin')}`,
    changed: 'WAL that only the former leader has is read and told before it is rebuilt',
  },
  {
    heading: 'Scenario 3: Complete Cluster Recovery',
    does: '`cluster-down`',
    changed: 'whoever has the most WAL comes first and alone; the manual starts them by number',
    byHand: 'by hand: [approvals-and-switches](../runbook/approvals-and-switches.md#before-work-by-hand)',
  },
  {
    heading: 'Scenario 4: etcd Cluster Recovery',
    does: `\`start-store\`: ${page('when-etcd-is-lost')}`,
    changed:
      'its data is never removed: it is what protects against promoting a member that is behind; a new etcd is begun only where no majority has data, and Patroni is stopped first, the leader last; what data is left is renamed beside itself',
  },
  { heading: 'Replication Lag Management', does: '`lag` in `policy.yaml`', changed: '' },
  { heading: 'Acceptable Lag Thresholds', does: '`lag.warning`, `lag.critical`, `lag.emergency`', changed: '' },
  {
    heading: 'Causes of High Replication Lag',
    does: '`replay-blocked`, `replica-not-streaming`, `disk-full`: evidence of each problem',
    changed: '',
  },
  {
    heading: 'Remediation Steps',
    does: `${page('drain-replica')}, ${page('blocking-queries')}, ${page('resume-replay')}`,
    changed: "tags cannot be set by `PATCH /config`: HAProxy's runtime API, or the member's own file",
  },
  { heading: 'Emergency Procedures', does: 'the three below', changed: '' },
  {
    heading: 'Split-Brain Prevention',
    does: `\`split-brain-confirmed\`, fences: ${page('fence-and-rejoin')}`,
    changed: 'by what each member says of itself: `/cluster` shows the second primary as a replica',
  },
  {
    heading: 'Data Corruption Recovery',
    does: '`data-corruption`, `ekimi check-data`',
    changed: 'a directory is moved aside, never deleted before a person has agreed',
    byHand: 'by hand: [approvals-and-switches](../runbook/approvals-and-switches.md#before-work-by-hand)',
  },
  {
    heading: 'Network Partition Recovery',
    does: '`observer-impaired`, `site-lost`, `leader-unreachable`, `replica-cut-off`',
    changed: 'nothing is sent by one who may be the one that is cut off',
    byHand: 'by hand: [approvals-and-switches](../runbook/approvals-and-switches.md#before-work-by-hand)',
  },
  { heading: 'Maintenance Operations', does: '`windows.maintenance`', changed: '' },
  {
    heading: 'Rolling Restart',
    does: `\`restart-member\`: ${page('restart-and-start')}`,
    changed:
      'waits until the last member streams again instead of 30 s; leadership goes by a switchover that its script asks of a replica as a failover',
  },
  {
    heading: 'Configuration Changes',
    does: '`pending-restart`',
    changed: 'the order of restarts follows the parameter: one that falls is for the leader first',
    byHand: 'by hand: `patronictl edit-config`, then `ekimi run-procedure rolling-restart`',
  },
  {
    heading: 'Adding a New Replica',
    does: '`member-not-configured`, `creating-replica-stuck`',
    changed: '',
    byHand: 'by hand, then add it to `ekimi.yaml` and reload Ekimi (`kill -HUP`)',
  },
  { heading: 'Alerting Configuration', does: `${page('pages')}, \`/metrics\``, changed: '' },
  {
    heading: 'Prometheus Alert Rules',
    does: '[the seven alerts, and those of Ekimi](../alerts.md)',
    changed: '`patroni_master` and `patroni_replication_lag` exist in no present version: the rules ask for what does',
  },
  { heading: 'PagerDuty Integration', does: NOTIFICATIONS, changed: '' },
  { heading: 'Quick Reference', does: '`ekimi --help`', changed: '' },
  { heading: 'Common Commands', does: 'line by line in the table below', changed: '' },
  { heading: 'Contacts', does: NOTIFICATIONS, changed: '' },
  { heading: 'Revision History', does: '`CHANGELOG.md`', changed: '' },
];

interface CommandRow {
  /** The command as the manual begins it. */
  readonly command: string;
  readonly where: 'manage-cluster.sh' | 'Health Check Script' | 'Common Commands';
  readonly instead: string;
  /** A procedure that does it, said where this version has it. */
  readonly procedure?: string;
  readonly why: string;
}

/** Every verb of `manage-cluster.sh`, every command of the health script and of the quick reference. */
export const COMMANDS: readonly CommandRow[] = [
  { command: 'status', where: 'manage-cluster.sh', instead: '`ekimi status`', why: 'with evidence and what is done' },
  {
    command: 'reinit',
    where: 'manage-cluster.sh',
    instead: '`ekimi run-procedure reinitialize-replica MEMBER`',
    why: 'never the last good copy',
  },
  {
    command: 'failover',
    where: 'manage-cluster.sh',
    instead: '`ekimi run-procedure switchover --candidate MEMBER`; `failover` where nobody leads',
    why: 'a leader that is well is asked to hand over, so that nothing is lost',
  },
  {
    command: 'stop',
    where: 'manage-cluster.sh',
    instead: '`ekimi pause --subject cluster`, then by hand',
    why: 'Ekimi never stops all of a cluster; paused, it starts nothing meanwhile',
  },
  {
    command: 'curl -sf "http://${node}:${port}/health"',
    where: 'Health Check Script',
    instead: '`ekimi check`: exit 0, 1, 2, 3 as monitoring plugins have them',
    why: '`/health` is 503 while PostgreSQL does not run, which is no word on Patroni',
  },
  {
    command: 'curl -sf "http://${node}:${port}/"',
    where: 'Health Check Script',
    instead: '`ekimi status`: role, state and position of each member',
    why: '`/` is 503 on a replica, so that `-f` prints nothing',
  },
  {
    command: 'docker exec email-etcd1 etcdctl endpoint health --cluster',
    where: 'Health Check Script',
    instead: '`ekimi status`, `ekimi doctor`: each endpoint with its term, size and alarms',
    why: 'healthy is also one that is nearly full',
  },
  {
    command: 'curl -sf http://localhost:7000/stats?stats;csv',
    where: 'Health Check Script',
    instead: '`ekimi status`: who is in which pool of which proxy',
    why: 'held against who leads',
  },
  { command: './manage-cluster.sh status', where: 'Common Commands', instead: '`ekimi status`', why: '' },
  {
    command: 'curl -X POST http://localhost:8008/switchover',
    where: 'Common Commands',
    instead: '`ekimi run-procedure switchover --candidate MEMBER`',
    why: 'through every gate, verified',
  },
  {
    command: 'curl -X POST http://localhost:8009/failover',
    where: 'Common Commands',
    instead: '`ekimi run-procedure failover --candidate MEMBER`',
    why: 'what may be lost is told and has to be agreed to',
  },
  {
    command: 'curl -X POST http://localhost:8010/reinitialize',
    where: 'Common Commands',
    instead: '`ekimi run-procedure reinitialize-replica MEMBER`',
    why: 'without `force` where another task is under way',
  },
  {
    command: 'curl -X POST http://localhost:8008/restart',
    where: 'Common Commands',
    instead: '`ekimi run-procedure restart-member MEMBER`',
    why: 'bound to the role that was seen: a replica that leads by now is not restarted',
  },
  {
    command: 'curl -s http://localhost:8009/',
    where: 'Common Commands',
    instead: '`ekimi status`',
    why: 'a position is no lag',
  },
  {
    command: `curl -X PATCH http://localhost:8008/config -d '{"pause": true}'`,
    where: 'Common Commands',
    instead: '`patronictl pause`: Ekimi then only watches',
    procedure: 'pause-cluster',
    why: 'told after `pause.remindAfter`',
  },
  {
    command: `curl -X PATCH http://localhost:8008/config -d '{"pause": false}'`,
    where: 'Common Commands',
    instead: '`patronictl resume`',
    procedure: 'resume-cluster',
    why: 'a start grace follows',
  },
];

/** Procedures of several stages that name the heading as what they follow. */
const stagedFor = (heading: string): readonly string[] =>
  STAGED_NAMES.filter((name) =>
    STAGED_ROWS[name].runbook.split('; ').some((path) => heading.startsWith(path.split(' > ').at(-1) ?? path)),
  ).map((name) => `\`ekimi run-procedure ${name}\``);

function whatDoes({ heading, does, byHand }: HeadingRow): string {
  const staged = stagedFor(heading);
  return [...staged, ...(staged.length === 0 && byHand !== undefined ? [byHand] : []), does].join('; ');
}

const isThere = (name: string | undefined): name is string =>
  name !== undefined && (isStaged(name) || isProcedure(name));

/** Which part of the source manual is done by what, what was changed, and why. */
export const runbookMapPage = (): Page => ({
  file: 'runbook-map.md',
  text: [
    '# The source manual, heading by heading',
    '',
    `${NOTE} A heading or command of [the manual](../runbook/source.md) without a row fails a test.`,
    '',
    table(
      ['heading', 'what does it', 'what was changed, and why'],
      HEADINGS.map((row) => [row.heading, whatDoes(row), row.changed]),
    ),
    '',
    '## Its commands',
    '',
    table(
      ['command', 'from', 'instead', 'why'],
      COMMANDS.map(({ command, where, instead, procedure, why }) => [
        `\`${command}\``,
        where,
        isThere(procedure) ? `\`ekimi run-procedure ${procedure}\`` : instead,
        why,
      ]),
    ),
    '',
  ].join('\n'),
});
