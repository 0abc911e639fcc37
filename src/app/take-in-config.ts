import { clusterChange, type Gone } from '../config/config-changes.js';
import type { Seat } from '../fleet/seat.js';
import { betweenPasses } from '../kernel/between.js';
import { write } from '../kernel/record.js';
import { isEnforcing, type Session } from '../kernel/session.js';
import { oursOn } from '../ledger/ours-on.js';
import type { ClusterConfig } from '../model/config.js';
import { configRefused, configTaken, needsRestart, oursText } from '../words/reload.js';
import { closePorts, type Ports } from '../observe/ports.js';
import type { ReadFiles } from './files.js';
import { clusterPorts, followOn, type DaemonParts, type MachineStores } from './open-cluster.js';

/** The configuration of one cluster that is in force, and how another one comes into force. */
export interface Inventory {
  /** Sentences on what became of it; none where nothing differs. Never rejects. */
  takeIn(files: Extract<ReadFiles, { ok: true }>): Promise<readonly string[]>;
}

interface Of {
  readonly cluster: ClusterConfig;
  readonly stores: MachineStores;
  readonly seat: Seat;
  readonly session: () => Session;
}

/**
 * A changed configuration is checked as a whole before (the files), then against what Ekimi holds: nothing of ours may be left behind on what is
 * gone, and nothing that only this process knows may be lost. Refused, nothing changes, and it is told until a reload finds it mended.
 */
export function inventoryOf(parts: DaemonParts, { cluster: first, stores, seat, session }: Of): Inventory {
  const { scope } = first;
  let inForce = first;

  async function refuse(text: string, hash: string): Promise<readonly string[]> {
    const { log } = session().parts;
    session().configError = text;
    log.error({ code: 'CONFIG_REFUSED', why: text }, 'a changed configuration was not taken in');
    await write(session(), { kind: 'config', change: 'refused', hash, detail: text });
    return [text];
  }

  async function begunAnew(files: Files, cluster: ClusterConfig, gone: Gone, changes: readonly string[]) {
    const why = await betweenPasses<readonly string[]>(
      session(),
      () => inTheWay(session(), gone),
      (text) => [text],
    );
    if (why.length > 0) return refuse(configRefused(scope, why), files.configHash);
    let ports: Ports;
    try {
      ports = clusterPorts(parts, cluster);
    } catch (error) {
      // It has stopped to begin anything, for what does not come.
      session().isStopping = false;
      return refuse(configRefused(scope, [error instanceof Error ? error.message : String(error)]), files.configHash);
    }
    const { checks } = session().parts.ports;
    const [checked] = Object.entries(checks?.checks() ?? {}).find(([, { endedMs }]) => endedMs === null) ?? [];
    const isOver = ports.checks == null || gone.members.some((name) => name === checked);
    const also =
      checked === undefined
        ? []
        : [`the check of the data of ${checked} was ended${isOver ? '' : ', and begins anew'}`];
    const isTaken = await seat.exchange((before) =>
      followOn(parts, { cluster, configHash: files.configHash, ports, inForce: before.inForce, stores }, before, [
        ...changes,
        ...also,
      ]),
    );
    if (!isTaken) {
      await closePorts(ports);
      return [`cluster ${scope}: Ekimi is being stopped: its changed configuration is that of the next start`];
    }
    inForce = cluster;
    return [configTaken(scope, [...changes, ...also])];
  }

  return {
    async takeIn(files) {
      const cluster = files.config.clusters.find((row) => row.scope === scope);
      if (cluster === undefined) return [];
      const change = clusterChange(inForce, cluster);
      switch (change.kind) {
        case 'same':
          session().configError = null;
          return [];
        case 'restart':
          return refuse(needsRestart(scope, change.keys), files.configHash);
        case 'reload':
          return begunAnew(files, cluster, change.gone, change.changes);
      }
    },
  };
}

type Files = Extract<ReadFiles, { ok: true }>;

/**
 * At the head of a pass; empty: nothing is, and the session begins nothing more. Clients that wait in a pooler, whoever's it is, wait for this very
 * session; what etcd does not have yet nobody would know afterwards.
 */
async function inTheWay(session: Session, gone: Gone): Promise<readonly string[]> {
  const { books, recovery, view, parts } = session;
  const run = recovery.run;
  if (run !== null)
    return [
      `${run.name} (${run.id}) is under way without etcd: let it end, or ekimi procedures abort ${run.id} --reason TEXT`,
    ];
  const poolers = [...new Set([...gone.poolers, ...(parts.target.poolers ?? [])])];
  const ours = oursOn(books.ledger, { ...gone, poolers });
  if (ours.length > 0) return ours.map(oursText);
  if (!books.isLoaded && [gone.members, gone.proxies, gone.poolers].some((names) => names.length > 0))
    return ['etcd has not told yet what is ours on what goes: wait until it answers'];
  const isAnothers = isEnforcing(session) && parts.tenure.facts().state === 'other';
  if (!isAnothers && books.isLoaded && !(await books.commit(view)))
    return [`what Ekimi did last is not kept: ${books.fault ?? 'etcd did not take it'}; wait until it is`];
  session.isStopping = true;
  return [];
}
