import { AlarmAction } from 'etcd3';
import type { ClusterConfig } from '../../model/config.js';
import type { DcsAlarm, DcsEndpoint, DcsKeys, DcsMembership } from '../../model/dcs.js';
import { fresh, unknown, type Reading } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { DcsPort, TenureSeen } from '../../ports/dcs.js';
import { hex, knowsLeader, statusOf, type Asked } from './endpoint-status.js';
import { Endpoints, type Answer, type Endpoint } from './endpoints.js';
import { faultOf } from './faults.js';
import { parseKeys, pathOf, type KeyValue } from './keys.js';
import { LeaderWatch } from './leader-watch.js';
import { LedgerStore } from './ledger.js';
import { writeConfigKey } from './config-key.js';
import { maintain } from './maintenance.js';
import { deleteLeaderKey } from './leader-key.js';
import { rightsInEtcd } from './rights.js';
import { parseSwitches, readBoth, SwitchKeys } from './switches.js';
import { ourPaths } from './our-path.js';
import { Tenure } from './tenure.js';

/** The lease's remaining life is evidence, not truth: it gets no more than this. */
const LEASE_DEADLINE_MS = 500;
/** Who waits for it has been asked to act, and acts at once or not at all. */
const SEEN_DEADLINE_MS = 1_000;
/** How old it may be while nothing is suspected. */
const LEASE_CALM_MS = 10_000;

/**
 * etcd by gRPC, as `DcsPort`. `cluster.dcs` names endpoints, namespaces, login and TLS; `cluster.deadlines.dcs` bounds every call.
 *
 * - Reads are linearizable and never throw. Without quorum: `no-quorum` where etcd says so itself, else `timeout`.
 * - Endpoints are asked in turn within one deadline; a dead or frozen one does not fail a read.
 * - Changes happen in transactions that carry their precondition, so that one which arrives late, or twice, does nothing.
 * - Grants needed with authentication: read on `NAMESPACE/SCOPE/`, readwrite on `EKIMI_NAMESPACE/SCOPE/`.
 *
 * Throws only here, at start: a TLS file that cannot be read, or `dcs.tls.insecure`. [style.md section 7, patroni.md section 6]
 */
export function etcdAdapter(cluster: ClusterConfig, clock: Clock): DcsPort {
  return new EtcdAdapter(cluster, clock);
}

class EtcdAdapter implements DcsPort {
  private readonly endpointSet: Endpoints;
  private readonly tenure: Tenure;
  private readonly tenureKey: string;
  private readonly ledger: LedgerStore;
  private readonly switchKeys: SwitchKeys;
  private readonly switchesPath: string;
  private readonly path: string;
  private readonly asked: Asked;
  private readonly deadlineMs: number;
  private lastLease: { readonly id: string; readonly ttlMs: number | null; readonly askedMs: number } | null = null;
  private readonly watches = new Set<{ readonly watch: LeaderWatch; readonly ended: Promise<void> }>();

  constructor(
    private readonly cluster: ClusterConfig,
    private readonly clock: Clock,
  ) {
    const { dcs } = cluster;
    this.deadlineMs = cluster.deadlines.dcs;
    this.path = pathOf(dcs.namespace, cluster.scope);
    const { base: ours, old } = ourPaths(dcs, cluster.scope);
    this.endpointSet = new Endpoints(dcs, this.deadlineMs, clock);
    this.tenureKey = `${ours}tenure`;
    this.asked = { key: this.tenureKey, quotaBytes: dcs.quotaBytes ?? null };
    this.switchesPath = `${ours}switches/`;
    this.switchKeys = new SwitchKeys(this.endpointSet, this.switchesPath);
    const before = { old, initialize: `${this.path}initialize` };
    this.tenure = new Tenure(this.endpointSet, clock, this.tenureKey, before);
    this.ledger = new LedgerStore(this.endpointSet, { ledger: `${ours}ledger`, tenure: `${ours}tenure`, ...before });
  }

  async keys(closely = true): Promise<Reading<DcsKeys>> {
    const done = new AbortController();
    const quorumlessSoon = this.quorumless(done.signal);
    const beganMs = this.clock.monotonic();
    const read = await readBoth(this.endpointSet, this.path, this.switchesPath);
    if (!read.ok) {
      const quorumless = read.fault === 'timeout' ? await quorumlessSoon : null;
      done.abort('read');
      return quorumless === null
        ? this.failed('no linearizable read', read)
        : this.failed('no linearizable read', { ok: false, fault: 'no-quorum', why: quorumless });
    }
    done.abort('read');
    const tookMs = Math.round(this.clock.monotonic() - beganMs);
    const parsed = parseKeys(this.path, read.value.patroni, read.value.revision);
    if (!parsed.ok) return unknown('bad-reply', `etcd: ${parsed.why}`, this.clock.now(), 'etcd');
    const leaseTtlMs = await this.leaseTtlMs(read.value.patroni, closely);
    const { keys } = parsed;
    const rows = read.value.switches;
    const switches = rows === null ? null : parseSwitches(this.switchesPath, rows);
    return fresh({ ...keys, leader: { ...keys.leader, leaseTtlMs }, switches, tookMs }, this.clock.now(), 'etcd');
  }

  /** Asked late in a read that hangs: does somebody answer who knows no leader? Then it hangs for want of a quorum. */
  private async quorumless(done: AbortSignal): Promise<string | null> {
    await this.clock.sleep(this.deadlineMs * 0.6, done);
    if (done.aborted) return null;
    const limit = this.endpointSet.limit(this.deadlineMs * 0.35);
    const answers = await Promise.all(
      this.endpointSet.all.map((endpoint) =>
        knowsLeader(endpoint, this.asked, limit).then(
          (knows) => ({ name: endpoint.name, knows }),
          () => null,
        ),
      ),
    );
    const alive = answers.filter((answer) => answer !== null);
    if (alive.length === 0 || alive.some(({ knows }) => knows)) return null;
    const names = alive.map((answer) => answer.name).join(', ');
    return `${alive.length} of ${answers.length} endpoints answer (${names}) and know no leader of their cluster`;
  }

  private async leaseTtlMs(rows: readonly KeyValue[], closely: boolean): Promise<number | null> {
    const lease = rows.find((row) => row.key.toString('utf8') === `${this.path}leader`)?.lease;
    if (lease === undefined || lease === '0') return null;
    const last = this.lastLease;
    // An old answer says that more is left than there is: it hides a leader that fades for a pass, it never invents one.
    if (!closely && last?.id === lease && this.clock.monotonic() - last.askedMs < LEASE_CALM_MS) return last.ttlMs;
    const ttlMs = await this.askLeaseTtlMs(lease);
    this.lastLease = { id: lease, ttlMs, askedMs: this.clock.monotonic() };
    return ttlMs;
  }

  private async askLeaseTtlMs(lease: string): Promise<number | null> {
    const limit = this.endpointSet.limit(Math.min(LEASE_DEADLINE_MS, this.deadlineMs));
    const answer = await this.endpointSet.ask(
      (client, by) => client.leaseClient.leaseTimeToLive({ ID: lease }, by),
      limit,
    );
    return answer.ok ? Math.max(0, Number(answer.value.TTL)) * 1000 : null;
  }

  async endpoints(): Promise<readonly { readonly name: string; readonly status: Reading<DcsEndpoint> }[]> {
    return await Promise.all(
      this.endpointSet.all.map(async (endpoint) => ({
        name: endpoint.name,
        status: await this.endpointStatus(endpoint),
      })),
    );
  }

  private async endpointStatus(endpoint: Endpoint): Promise<Reading<DcsEndpoint>> {
    const source = `etcd ${endpoint.name}`;
    try {
      return fresh(await statusOf(endpoint, this.asked, this.endpointSet.limit()), this.clock.now(), source);
    } catch (error) {
      const { fault, why } = faultOf(error);
      return unknown(fault, `${source}: ${why}`, this.clock.now(), source);
    }
  }

  async membership(): Promise<Reading<DcsMembership>> {
    const answer = await this.endpointSet.ask((client, by) => client.cluster.memberList({}, by));
    if (!answer.ok) return this.failed('no member list', answer);
    const members = answer.value.members.map((member) => ({
      id: hex(member.ID),
      name: member.name,
      clientUrls: member.clientURLs,
      isLearner: member.isLearner,
    }));
    const listed = this.cluster.dcs.hosts.map(({ name, url }) => ({ name, url }));
    return fresh({ members, listed }, this.clock.now(), 'etcd');
  }

  /** Goes through Raft in etcd, even to read: without quorum it is unknown, and it belongs to the slow reads. */
  async alarms(): Promise<Reading<readonly DcsAlarm[]>> {
    const answer = await this.endpointSet.ask((client, by) =>
      client.maintenance.alarm({ action: AlarmAction.Get }, by),
    );
    if (!answer.ok) return this.failed('no alarm list', answer);
    const alarms = answer.value.alarms.map((one) => ({
      memberId: hex(one.memberID),
      alarm: one.alarm.toUpperCase(),
    }));
    return fresh(alarms, this.clock.now(), 'etcd');
  }

  holdTenure: DcsPort['holdTenure'] = (owner, ttlMs) => this.tenure.hold(owner, ttlMs);

  send: DcsPort['send'] = async (step, grant) => {
    if (this.tenure.steppedDown(grant))
      return { effect: 'none', status: null, text: 'our tenure ended before the request', tookMs: 0 };
    const paths = { leader: `${this.path}leader`, config: `${this.path}config`, tenure: this.tenureKey };
    const monotonic = () => this.clock.monotonic();
    return step.call === 'write-config'
      ? writeConfigKey(this.endpointSet, paths, step, grant, monotonic)
      : deleteLeaderKey(this.endpointSet, paths, step, grant, monotonic);
  };

  maintain: NonNullable<DcsPort['maintain']> = (step) => maintain(this.endpointSet, step, () => this.clock.monotonic());

  async seenTenure(): Promise<Reading<TenureSeen>> {
    const limit = this.endpointSet.limit(Math.min(SEEN_DEADLINE_MS, this.deadlineMs));
    const one = (key: string) => ({ request_range: { key: Buffer.from(key) } });
    const success = [one(this.tenureKey), one(`${this.path}initialize`)];
    const answer = await this.endpointSet.ask((client, by) => client.kv.txn({ compare: [], success }, by), limit);
    if (!answer.ok) return this.failed('the tenure key could not be read', answer, SEEN_DEADLINE_MS);
    const [tenure, initialize] = answer.value.responses.map(({ response_range }) => response_range.kvs[0]);
    const holder =
      tenure === undefined ? null : { epoch: tenure.create_revision, owner: tenure.value.toString('utf8') };
    // Empty while a cluster is bootstrapped: there is no identifier yet.
    const identifier = initialize?.value.toString('utf8') ?? '';
    const systemIdentifier = identifier === '' ? null : identifier;
    return fresh({ holder, systemIdentifier }, this.clock.now(), this.tenureKey);
  }

  releaseTenure: DcsPort['releaseTenure'] = (grant) => this.tenure.release(grant);

  async loadLedger(): Promise<Reading<string | null>> {
    const answer = await this.ledger.load();
    return answer.ok
      ? fresh(answer.value, this.clock.now(), this.ledger.source)
      : this.failed('the ledger could not be read', answer);
  }

  /** `not-ours` also when our own clock says that the grant has ended: nothing is sent then. */
  commitLedger: DcsPort['commitLedger'] = async (grant, json) =>
    this.tenure.steppedDown(grant) ? 'not-ours' : this.ledger.commit(grant, json);

  rights: Required<DcsPort>['rights'] = () => {
    const { base: ours, old } = ourPaths(this.cluster.dcs, this.cluster.scope);
    return rightsInEtcd(this.endpointSet, { theirs: this.path, ours, old }, this.clock);
  };

  putSwitch: DcsPort['putSwitch'] = (id, killSwitch) => this.switchKeys.put(id, killSwitch, this.clock.now());

  removeSwitches: DcsPort['removeSwitches'] = (ids) => this.switchKeys.remove(ids);

  onLeaderChange(wake: () => void): () => void {
    const { dcs } = this.cluster;
    const preferred = (): string => this.endpointSet.preferredName();
    const watch = new LeaderWatch(
      { dcs, key: `${this.path}leader`, deadlineMs: this.deadlineMs, clock: this.clock, preferred },
      wake,
    );
    const entry = { watch, ended: watch.run() };
    this.watches.add(entry);
    return () => {
      watch.close();
      this.watches.delete(entry);
    };
  }

  async close(): Promise<void> {
    const open = [...this.watches];
    this.watches.clear();
    for (const { watch } of open) watch.close();
    await Promise.all(open.map(({ ended }) => ended));
    this.endpointSet.close();
  }

  private failed(what: string, answer: Answer<unknown> & { ok: false }, mostMs = this.deadlineMs): Reading<never> {
    const withinMs = Math.min(mostMs, this.deadlineMs);
    return unknown(answer.fault, `etcd: ${what} within ${withinMs} ms: ${answer.why}`, this.clock.now(), 'etcd');
  }
}
