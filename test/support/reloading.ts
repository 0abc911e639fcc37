import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { openDaemon } from '../../src/app/daemon.js';
import { loadFiles } from '../../src/app/files.js';
import { reload } from '../../src/app/reload.js';
import { openLog } from '../../src/cli/log.js';
import { redactorOf } from '../../src/config/redactor.js';
import type { EntryBody } from '../../src/model/entry.js';
import type { Ports } from '../../src/observe/ports.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { createCluster } from '../../src/simulator/world.js';
import { scratch } from './scratch.js';
import { CONTRACT_CONFIG, ENV } from '../unit/config/files.js';

export const SCOPE = 'email-cluster';
export const FOURTH = 'patroni4';
const OTHERS = { pg1: 'http://10.0.0.1:8008', pg2: 'http://10.0.0.2:8008', pg3: 'http://10.0.0.3:8008' };
export const ALL = ['patroni1', 'patroni2', 'patroni3', FOURTH];

export interface ConfigFile {
  clusters: [
    Record<'patroni' | 'postgres' | 'hosts', { members: Record<string, string> }> & { dcs: Record<string, unknown> },
  ];
  [key: string]: unknown;
}

/** The three members of the file, and the fourth. */
export function withFourth(file: ConfigFile): void {
  const [{ patroni, postgres, hosts }] = file.clusters;
  patroni.members[FOURTH] = 'http://127.0.0.1:8011';
  postgres.members[FOURTH] = '127.0.0.1:5435';
  hosts.members[FOURTH] = 'email-patroni4';
}

export const without =
  (name: string) =>
  (file: ConfigFile): void => {
    for (const part of ['patroni', 'postgres', 'hosts'] as const)
      Reflect.deleteProperty(file.clusters[0][part].members, name);
  };

/** Each part, with whether it was closed. */
function watched(ports: Ports, closed: string[], nth: number): Ports {
  const of = <P extends { close: () => Promise<void> }>(name: string, port: P): P => ({
    ...port,
    close: async () => {
      closed.push(`${nth} ${name}`);
      await port.close();
    },
  });
  return {
    ...ports,
    patroni: of('patroni', ports.patroni),
    dcs: of('dcs', ports.dcs),
    postgres: ports.postgres && of('postgres', ports.postgres),
    proxies: Object.fromEntries(Object.entries(ports.proxies).map(([name, proxy]) => [name, of(name, proxy)])),
    host: ports.host && of('host', ports.host),
  };
}

/** The real daemon in its own loop, in virtual time, on a simulated cluster of four of which the file has three. */
export async function running({ mode = 'enforce', ports: wrap = (same: Ports): Ports => same, isAlone = true } = {}) {
  const folder = scratch('reload');
  const configFile = join(folder, 'ekimi.yaml');
  const file = parse(CONTRACT_CONFIG) as ConfigFile;
  // With another cluster behind it.
  if (!isAlone)
    (file.clusters as object[]).push({ scope: 'other', patroni: { members: OTHERS }, dcs: file.clusters[0].dcs });
  const write = (): void => {
    writeFileSync(configFile, stringify(file));
  };
  write();
  const policy = (text: string): void => {
    writeFileSync(join(folder, 'policy.yaml'), text);
  };
  policy(`mode: ${mode}\n`);
  const files = loadFiles(configFile, ENV);
  if (!files.ok) throw new Error(files.errors.join('\n'));
  const cluster = createCluster({ members: ALL });
  cluster.time.pumpAlone(false);
  const other = createCluster({ scope: 'other', members: Object.keys(OTHERS) });
  other.time.pumpAlone(false);
  const journal = memoryJournal();
  const logged: string[] = [];
  const closed: string[] = [];
  let opened = 0;
  const daemon = await openDaemon({
    files,
    journals: (scope) => (scope === SCOPE ? journal : memoryJournal()),
    log: openLog(files.config, { write: (line: string) => logged.push(line) }),
    redact: redactorOf(files.config),
    version: 'test',
    newId: () => `id${(opened += 1)}`,
    clock: cluster.ports().clock,
    ports: ({ scope }) => watched(scope === SCOPE ? wrap(cluster.ports()) : other.ports(), closed, (opened += 1)),
  });
  const begin = (): Promise<readonly string[]> => reload({ daemon, configFile, start: files.config, env: ENV });
  const ending = async (reloading: Promise<readonly string[]>): Promise<readonly string[]> => {
    const told: (readonly string[])[] = [];
    void reloading.then((lines) => told.push(lines));
    await until(() => told.length > 0);
    return told[0] ?? ['the reload is not over'];
  };
  const stop = new AbortController();
  let isOver = false;
  const ended = daemon.run(stop.signal).then(() => {
    isOver = true;
  });
  const present = () => daemon.sessions[0]!;
  // What is loaded with its first use takes real time, in which virtual time may have gone by.
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let waited = 0; !isSo() && waited < 240; waited += 1) {
      await cluster.play(500);
      if (!isAlone) await other.play(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await until(() => present().books.isLoaded && present().tick > 10);
  return {
    daemon,
    cluster,
    journal,
    logged,
    closed,
    present,
    policy,
    stop: () => {
      stop.abort();
    },
    over: async () => {
      await until(() => isOver);
      await ended;
    },
    bodies: <K extends EntryBody['kind']>(kind: K) =>
      journal.entries.map(({ body }) => body).filter((body) => body.kind === kind) as Extract<EntryBody, { kind: K }>[],
    members: () => daemon.controller.snapshot(SCOPE)?.view?.members.map(({ name }) => name),
    until,
    /** SIGHUP with the file changed so; it is over some passes later. */
    hangUp: async (change: (file: ConfigFile) => void = () => undefined): Promise<readonly string[]> => {
      change(file);
      write();
      const told = await ending(begin());
      const { tick } = present();
      await until(() => present().tick > tick);
      return told;
    },
    begin: (change: (file: ConfigFile) => void = () => undefined): Promise<readonly string[]> => {
      change(file);
      write();
      return begin();
    },
    broken: (): Promise<readonly string[]> => {
      writeFileSync(configFile, 'clusters: [\n');
      return ending(begin());
    },
  };
}
