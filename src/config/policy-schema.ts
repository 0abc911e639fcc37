import { ACTION_MODES, ACTION_WINDOWS, MODES, POOLER_AROUND, PROCEDURE_MODES } from '../model/policy.js';
import { ACTION_NAMES, ACTION_ROWS, type ActionName, type ActionRow } from '../model/plan.js';
import { PROBLEM_CODES, type ProblemCode } from '../model/problem.js';
import { STAGED_NAMES, type StagedName } from '../model/staged.js';
import { cron, timezone } from './cron.js';
import { amount, duration, flag, listOf, nullable, oneOf, orOff, percent, size, text, whole } from './formats.js';
import { key, list, optional, section, REQUIRED, type OptionalSection, type Section } from './schema.js';

/** `policy.yaml`: what may be done, how often and when. The defaults do little. */

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 86_400_000;
/** Longer than a week is a typing mistake: to have a thing never, switch its action off. */
const span = duration({ maxMs: WEEK_MS });
const age = duration({ minMs: 1_000, maxMs: WEEK_MS });
const period = duration({ minMs: 50, maxMs: 600_000 });
/** A sighting counts with the one before only if less than a minute lies between them. */
const suspectPeriod = duration({ minMs: 50, maxMs: 30_000 });

const actionKeys = ({ mode, cooldown, timeout }: ActionRow) => ({
  mode: key(
    oneOf(ACTION_MODES),
    mode,
    'off plans nothing; observe only names it; approve waits for a person; auto acts.',
  ),
  window: key(
    oneOf(ACTION_WINDOWS),
    'any',
    'maintenance: begins only inside one of windows.maintenance. any: whenever no freeze forbids it.',
  ),
  cooldown: key(
    span,
    cooldown,
    'Least time after one such action before the next of its class; of one that costs nothing, before it runs again on that member.',
  ),
  attempts: key(whole(0, 20), 2, 'Tries within one chain before the ladder moves on.'),
  timeout: key(
    duration({ minMs: 5_000, maxMs: WEEK_MS }),
    timeout,
    'How long the effect may take before the try counts as ineffective.',
  ),
});

type ActionSections = Record<ActionName, Section<ReturnType<typeof actionKeys>>>;
const actions = Object.fromEntries(
  ACTION_NAMES.map((action) => [action, section('', actionKeys(ACTION_ROWS[action]), { shorthand: 'mode' })]),
) as ActionSections;

const procedureKeys = {
  mode: key(
    oneOf(PROCEDURE_MODES),
    'off',
    'What a problem that calls for it makes of it. off: the problem names the command. approve: a person is asked, and it begins when they agree. auto: it begins by itself, once a day for one problem. A person may start it in each of them.',
  ),
  window: key(
    oneOf(ACTION_WINDOWS),
    'maintenance',
    'auto: maintenance begins it only inside one of windows.maintenance; any: whenever no freeze forbids it.',
  ),
};
const procedures = Object.fromEntries(
  STAGED_NAMES.map((name) => [name, section('', procedureKeys, { shorthand: 'mode' })]),
) as Record<StagedName, Section<typeof procedureKeys>>;

const graceKeys = {
  for: key(nullable(span), null, 'How long it must have been seen before it is actionable.'),
  samples: key(nullable(whole(1, 1000)), null, 'In how many passes.'),
  clearFor: key(nullable(span), null, 'How long it must be gone before it is over.'),
};

const grace = Object.fromEntries(PROBLEM_CODES.map((code) => [code, optional('', graceKeys)])) as Record<
  ProblemCode,
  OptionalSection<typeof graceKeys>
>;

const window = {
  cron: key(cron, REQUIRED, 'When it opens: five fields. Day of month and day of week must both match.'),
  for: key(duration({ minMs: 60_000, maxMs: 60 * 86_400_000 }), REQUIRED, 'How long it stays open.'),
  timezone: key(timezone, 'UTC', 'IANA time zone of the cron expression.'),
  reason: key(text(/^[^\r\n]*$/u), '', 'Shown wherever the window decides something.'),
};

export const POLICY_SCHEMA = {
  mode: key(
    oneOf(MODES),
    'dry-run',
    'observe only looks; dry-run decides and sends nothing; enforce acts. Nothing below exceeds it.',
  ),
  poll: section('How often we look.', {
    interval: key(period, '2s', 'Between passes while all is well.'),
    suspectInterval: key(suspectPeriod, '500ms', 'Between passes while a problem is suspected or worked on.'),
  }),
  lag: section('When a replica counts as lagging: in bytes behind the leader, or by how old its data is.', {
    warning: key(size(), '1MB', 'Evidence is gathered.'),
    critical: key(size(), '10MB', 'Told as critical.'),
    emergency: key(size(), '100MB', 'The replica may be drained.'),
    for: key(span, '10s', 'How long beyond a threshold before it counts.'),
    recovered: key(size(), '1MB', 'Back below this ...'),
    recoveredFor: key(span, '30s', '... for this long, a drain of ours is undone.'),
    warningAge: key(
      age,
      '1m',
      'As warning, by time: what the replica shows is this old though the leader has moved on.',
    ),
    criticalAge: key(age, '5m', 'As critical, by time.'),
    emergencyAge: key(age, '15m', 'As emergency, by time. What is back below warningAge has recovered.'),
  }),
  grace: section('Overrides of how long a problem must be seen before it is actionable, by problem code.', grace, {
    family: 'PROBLEM',
  }),
  actions: section('What may be done. A bare word is the mode: `drain-replica: auto`.', actions, { family: 'ACTION' }),
  procedures: section(
    'Procedures of several stages, where a problem calls for one. A bare word is the mode. Each stage passes the gates of its action, whose mode must not be off.',
    procedures,
    { family: 'PROCEDURE' },
  ),
  drain: section('How a replica is taken out.', {
    actuators: key(
      listOf(oneOf(['proxy', 'tag'])),
      ['proxy'],
      'proxy: runtime API. tag: noloadbalance in patroni.yml.',
    ),
    shutdownSessions: key(flag, false, 'Also end the sessions that are still on it.'),
    whileProxySilent: key(
      oneOf(['hold', 'go-on']),
      'hold',
      'What a drain and its end do while one of several proxies gives no answer. hold: they wait for it. go-on: they do what can be done, say where they did not, and do the rest when it answers. A fence, an expedited failover and a nudge never wait.',
    ),
  }),
  pooler: section('How clients are held in the poolers of `clusters[].poolers`.', {
    around: key(
      listOf(oneOf(POOLER_AROUND)),
      ['switchover'],
      'Around what they wait instead of being cut off. Empty: they are never held.',
    ),
    maxPause: key(
      duration({ minMs: 500, maxMs: 30_000 }),
      '3s',
      'No pause lasts longer, whatever becomes of us: its end is armed before it begins, and any instance ends one that is overdue.',
    ),
    pauseWithin: key(
      duration({ minMs: 50, maxMs: 10_000 }),
      '1s',
      'Transactions have so long to end; then the pause is given up. Other clients wait meanwhile. Less than maxPause.',
    ),
    whenNotPaused: key(
      oneOf(['wait', 'go-on']),
      'wait',
      'What a switchover does then. wait: it is not sent, and the pause is tried again every 5 s for as long as the switchover has. go-on: it is sent, and clients are cut off as without a pooler.',
    ),
    pausedWarning: key(age, '1m', 'After this a pause that is not ours is told; it is never ended by us.'),
    waitWarning: key(age, '10s', 'A client that waits longer than this for a server is told.'),
  }),
  blockers: section('Which queries may be cancelled or terminated.', {
    olderThan: key(span, '30s', 'A younger transaction is left alone.'),
    never: section('Never touched, whatever they block.', {
      users: key(listOf(text()), [], 'Database users.'),
      applications: key(listOf(text()), [], 'Values of application_name.'),
      databases: key(listOf(text()), [], 'Databases.'),
    }),
  }),
  limits: section('The most that may be risked.', {
    concurrent: key(whole(1, 10), 1, 'Actions in flight in one cluster.'),
    perHour: key(whole(1, 1000), 6, 'Actions in one hour; beyond it a breaker opens that only a person closes.'),
    minHealthyReplicas: key(whole(0, 100), 1, 'Healthy replicas that must remain; one in flight counts as unhealthy.'),
    minReadPool: key(whole(0, 100), 1, 'Replicas that must remain UP in the read pool.'),
    minReadPoolPerSite: key(
      whole(0, 100),
      1,
      'The same on each site of `clusters[].sites`: no drain, and no restart or rebuild of a replica that is well, leaves fewer there. 0: readers may go to another site.',
    ),
    stormMembers: key(
      whole(2, 100),
      2,
      'This many members with a problem at once is a storm: the observer or the network is suspected.',
    ),
    stormQuiet: key(span, '5m', 'How long nothing is done after a storm.'),
  }),
  startGrace: section('After a start, takeover, clock jump, un-pause, or a reload that widens rights.', {
    passes: key(whole(0, 1000), 3, 'Clean passes before anything is done ...'),
    for: key(duration({ maxMs: 60 * MINUTE_MS }), '10s', '... over at least this time.'),
  }),
  chain: key(
    duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }),
    '30m',
    'A problem that is back within this time after an action: the action did not help.',
  ),
  flap: section('A member that goes up and down is left alone.', {
    threshold: key(
      amount(1),
      3,
      'Score from which it counts as flapping; each change adds one, the first failure too.',
    ),
    halfLife: key(duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }), '1h', 'Time in which the score halves.'),
  }),
  approvals: section('What waits for a person.', {
    expire: key(duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }), '30m', 'After this a question is withdrawn.'),
    twoPersonsFor: key(
      listOf(oneOf(ACTION_NAMES)),
      [],
      'Actions that two persons agree to: two approve, or one starts it and another approves. Persons are told apart by the names of api.tokens. What an action in mode auto does alone asks nobody.',
    ),
  }),
  veto: section('What the veto hook of `notifications.veto` may hold. Without one this has no effect.', {
    onSilence: key(
      oneOf(['hold', 'go']),
      'hold',
      'What no answer by its deadline, or one that cannot be read, means. hold: the action waits, and the hook is asked again every minute. go: it begins.',
    ),
    emergencies: key(
      flag,
      false,
      'Ask also before what ends an outage: an expedited failover, a failover, a fence and its end, the proxy told of a new leader, an etcd member that is started. It lasts as long as the answer takes.',
    ),
  }),
  pages: section('When a person is told again.', {
    remindAfter: key(
      orOff(duration({ minMs: MINUTE_MS, maxMs: WEEK_MS })),
      '30m',
      'A page that nobody has answered is repeated after this, and again. off: never.',
    ),
    remindWarnings: key(flag, false, 'Repeat warnings too; else only what is critical.'),
  }),
  connections: section('Connections of one member.', {
    warning: key(percent, '85%', 'Share of max_connections that is told.'),
  }),
  pause: section("A pause of Patroni (maintenance mode), which takes Patroni's and our own hands off the cluster.", {
    remindAfter: key(
      duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }),
      '1h',
      'After this a person is told that it is still paused.',
    ),
  }),
  slots: section('Replication slots.', {
    retainWarning: key(
      size({ minBytes: 1024 ** 2 }),
      '1GB',
      'WAL held back by one slot that is told; every slot that is used holds some.',
    ),
    dropWithin: key(
      duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }),
      '1h',
      'drop-inactive-slot: only where the volume of the WAL is full within this at its present rate, or has less than a tenth left.',
    ),
    awaitMember: key(
      duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }),
      '24h',
      'drop-inactive-slot: the slot of a configured member stays for so long after it was last seen, unless the volume is full before.',
    ),
    dropLogical: key(listOf(text()), [], 'drop-inactive-slot: logical slots that it may drop, by name; no other.'),
  }),
  disks: section('Volumes of members, where the host driver reads them.', {
    warnWithin: key(
      duration({ minMs: MINUTE_MS, maxMs: WEEK_MS }),
      '4h',
      'A volume that is full within this at its present rate is told, however much of it is free now.',
    ),
  }),
  aside: section(
    'Old data directories that rebuild-member moved aside. Ekimi tells of them and deletes none by itself.',
    {
      keepFor: key(
        duration({ minMs: 60 * MINUTE_MS, maxMs: 365 * 86_400_000 }),
        '7d',
        'One that lies there for longer is told.',
      ),
      maxShareOfDisk: key(percent, '50%', 'So much of the data volume may all of a member take before it is told.'),
    },
  ),
  rebuild: section('Before a copy is destroyed.', {
    readSurplus: key(
      flag,
      true,
      'WAL that only a former leader has is read by pg_waldump where the host driver can; if no transaction was committed in it, nothing is lost and nobody has to agree to a loss. false: it is read and told, and a person is asked as ever.',
    ),
  }),
  windows: section('The calendar.', {
    maintenance: list('When actions with `window: maintenance` may begin.', 0, window),
    freeze: list('When nothing may begin but the undoing of our own work.', 0, window),
  }),
};
