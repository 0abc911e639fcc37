import { NOTE, table, type Page } from './page.js';

/**
 * Situations in which controllers of this kind went wrong: reported by operators in public, tested by peers, found by attack. Each has an id
 * that stands in brackets at the head of a test's name (`[W1] ...`), so that the page of cases names the tests that hold it and a case
 * without a test fails the suite (test/unit/structure/cases.test.ts).
 */
export const CASES: Readonly<Record<string, string>> = {
  W1: 'the disk of a replica is full: no rebuild onto it, the cluster goes on serving, a person is told',
  W2: 'addresses of two members are swapped in the configuration: nothing is sent',
  W3: 'two clusters of one scope in one etcd, under two namespaces: neither touches tenure, ledger or switches of the other',
  W4: 'the last server that takes new connections (weight, backup, agent, maintenance) is never drained',
  N1: 'what is critical and held (approval, pause, budget, breaker, freeze, switch, tenure elsewhere, channels, dry-run) is paged, once, with what would unblock it',
  N2: 'the leader holds its key and does not serve: named, with since when and what Patroni will do',
  N3: 'a member key or the leader key names a member that the configuration lacks',
  N4: 'a configured channel that refuses us or is silent for minutes is a problem of its own',
  S1: 'a problem whose source is read more slowly than a pass stays until the source says otherwise',
  S2: 'one primary without a key is no split brain',
  S3: 'the API of the leader is silent and its lease is renewed: its Patroni lives',
  S4: 'what our own not-hearing suggests is never enough against a living stream, key or host',
  S5: 'proxies whose servers are not called like members, several of them, several pools: mapped by map, name or address, or nothing untrue is said of them',
  S6: 'a right that was not given is told by the doctor with the actions that it takes away, and what is refused for want of it has no effect by proof',
  S7: 'a refusal is read for what it says: too many clients, starting up, wrong password, certificate',
  S8: 'what is as intended (nostream, archive recovery, apply delay, declared intentions) is no problem',
  S9: 'slots that are lost or unreserved, logical ones too; names longer than PostgreSQL keeps them',
  S10: 'what is seen and in grace is not healthy; lag of a silent member is unknown',
  S11: 'dry-run says "would have" everywhere',
  S12: 'commits that wait for a standby are said to wait',
  S13: 'sessions that a proxy keeps on a former leader which it has found down are told, and cut by policy alone',
  F1: 'a replica hangs and then the leader dies: as fast as without the one that hangs',
  F4: 'a second death is no echo of the first: the cool-down does not hold it',
  A1: 'an instance that stood still while another one worked: nothing lost, nothing done twice',
  A2: 'a port that throws is an unknown reading; a pass that throws is told, and tenure is given up after some',
  A3: 'bodies of megabytes and nonsense are parsed in linear time and bounded memory',
  A4: 'the journal is read backwards from its end with bounded memory, few at once',
  A5: 'a ledger whose parts have the wrong shape is kept aside and told, and no pass fails of it',
  A6: 'behind a reverse proxy on this host, loopback is no identity',
  A7: '/readyz is not ready while we cannot see or cannot write',
  A8: 'text of a person cannot become a tagged value',
  A9: 'secrets are masked before a text is cut',
  A10: 'a proxy that was taken out of the configuration in the middle of a drain: what was not seen has not succeeded',
  A11: 'input at the edge: figures, names, files, status codes and environments that nobody expected',
  P1: 'a replica that cannot reach the leader keeps its copy',
  P2: 'an instance that sees nothing of the cluster gives tenure up and does not take it back while blind',
  P3: 'instances without tenure remember their own pages',
  P4: 'the leader of a standby cluster receives nothing any more',
  P5: 'reads that are stale by time though few bytes are missing',
  P6: 'a replica without a source serves reads: drained by time, within the floor of the pool',
  P7: 'failsafe mode and one more member lost: writes end',
  P8: 'commits wait for a standby that is connected and mute',
  P9: 'quorum commit and the number of synchronous standbys count in gate and candidates',
  P10: 'the leader refuses writes: read-only by default or by file system',
  P11: 'WAL archiving fails or falls behind',
  P12: 'a leader that comes and goes within its ttl',
  P14: "the operator's order among equal candidates (failover_priority)",
  P15: 'sites of members, etcd, proxies and instances',
  P16: 'replay is paused by hand or by a parameter',
  P17: 'one cause for all replicas is one problem, and no single one is repaired for it',
  P18: 'a watchdog that is missing or failed',
  P19: 'a member outside the failsafe set',
  P20: 'a restart that an operator scheduled',
  P21: 'members that are retired, and two members of one name',
  P23: 'a pause that was forgotten',
  P24: 'a rewind that is long or was interrupted',
  P25: 'certificates near their end',
  P26: 'etcd that is slow, elects again and again, or nears its quota',
  P27: 'etcd members that were replaced; versions that differ',
  P29: 'a wrong upstream; a timeline that the leader never had',
  P30: 'a cluster of a single member that is stopped is started',
  T1: 'simulated: links between two parts, both ways or one way',
  T2: 'simulated: acknowledged commits, by client, time and timeline',
  T3: 'simulated: copies and rewinds that need link, login, WAL sender and room, and fail half-way',
  T4: 'simulated: synchronous replication with count, strict, quorum, waiting commits, a mute standby',
  T5: 'simulated: etcd as machines that hang, slow down, elect, are a minority, near their quota',
  T6: 'simulated: several controllers, each with its own sight and clock',
  T7: 'simulated: time in WAL and replay, replay paused, apply delay, archiver, foreign history, disks that fill',
  T8: 'simulated: change while running: members, addresses, standby cluster, upgrades, promotions that fail',
  O4: 'paused and switched off stand in the first line and in the band of the mode',
  O5: 'a person is needed and an approval waits are told apart',
  O6: 'a read drain of a member that became leader is named and ended',
  O7: 'the demo says that it is one, and a status of another configuration refuses to show it as its own',
  O8: '"every cluster" means every cluster',
  O10: 'success is told by what is true now',
  O11: 'one unit for one number: binary in, binary out',
  O12: 'channels that contradict each other: nobody who may lead is repaired',
};

/** A test's name and the file in which it stands. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** `[W1] ...` or `[W1, P2] ...` at the head of a name; null: it names no case. */
export function casesIn(name: string): readonly string[] {
  const ids = /^\[([A-Z]\d+(?:, [A-Z]\d+)*)\]/.exec(name)?.[1];
  return ids === undefined ? [] : ids.split(', ');
}

/** Which tests hold each case; a case that no test names has an empty cell. */
export function casesPage(tests: readonly NamedTest[]): Page {
  const rows = Object.entries(CASES).map(([id, words]) => {
    const holding = tests.filter(({ name }) => casesIn(name).includes(id));
    const files = new Map<string, string[]>();
    for (const { file, name } of holding)
      files.set(file, [...(files.get(file) ?? []), name.replace(/^\[[^\]]*\]\s*/, '')]);
    const cell = [...files].map(([file, names]) => `\`${file}\`: ${names.join('; ')}`).join('<br>');
    return [id, words, cell];
  });
  const text = [
    '# Cases',
    '',
    'Situations that operators reported in public, that the suites of other controllers test, or that an attack found; and the tests that hold them. That these can fail, with what carries each case taken out, is on the page of [proofs](proofs.md).',
    '',
    table(['case', 'what happens, and what is right', 'held by'], rows),
    '',
    NOTE,
    '',
  ].join('\n');
  return { file: 'cases.md', text };
}
