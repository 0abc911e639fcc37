import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { openDaemon } from '../../src/app/daemon.js';
import { loadFiles } from '../../src/app/files.js';
import { doctorFindings } from '../../src/app/doctor.js';
import { reload } from '../../src/app/reload.js';
import type { Session } from '../../src/kernel/session.js';
import { pass as onePass } from '../../src/kernel/pass.js';
import { openLog } from '../../src/cli/log.js';
import { redactorOf } from '../../src/config/redactor.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { createCluster } from '../../src/simulator/world.js';
import { scratch } from '../support/scratch.js';
import { CONTRACT_CONFIG, ENV } from '../unit/config/files.js';

const GOOD = 'mode: enforce\n';
/** Valid by itself; with a ttl of 30 s and a loop_wait of 10 s the key of a frozen leader is gone by then. */
const LATE = `${GOOD}actions: { fence-member: auto }
grace:
  leader-frozen:
    for: 10m
`;
const WHERE =
  /policy\.yaml:5:5: error \[grace-before-key-expires\] grace\.leader-frozen\.for: found 10m, with fence-member on auto; expected at most 15s: .*ttl 30s and loop_wait 10s.* Remedy: /;

async function daemonWith(policy: string) {
  const folder = scratch('policy-and-cluster');
  const configFile = join(folder, 'ekimi.yaml');
  const write = (text: string): void => {
    writeFileSync(join(folder, 'policy.yaml'), text);
  };
  writeFileSync(configFile, CONTRACT_CONFIG);
  write(policy);
  const files = loadFiles(configFile, ENV);
  if (!files.ok) throw new Error(files.errors.join('\n'));
  const cluster = createCluster();
  const ports = cluster.ports();
  const memory = memoryJournal();
  const daemon = await openDaemon({
    files,
    journals: () => memory,
    log: openLog(files.config, { write: () => undefined }),
    redact: redactorOf(files.config),
    version: 'test',
    newId: () => 'id',
    clock: ports.clock,
    ports: () => ports,
  });
  const { sessions, controller } = daemon;
  const [session] = sessions as readonly [Session];
  const pass = async (): Promise<void> => {
    await onePass(session);
    cluster.advance(1_000);
  };
  const hangUp = () => reload({ daemon, configFile, start: files.config, env: ENV });
  return { files, session, write, pass, controller, reload: hangUp };
}

describe('a policy that contradicts the waits of its cluster', () => {
  it('holds everything from the first pass on, and says where in the file it does', async () => {
    const { session, pass, controller } = await daemonWith(LATE);
    await pass();
    expect(session.impaired.policy).toMatch(WHERE);
    expect(controller.snapshot('email-cluster')?.impaired.join()).toMatch(WHERE);
  });

  it('is refused at a reload with file, line and key, and the one before stays in force', async () => {
    const { session, write, pass, reload: hangUp } = await daemonWith(GOOD);
    await pass();
    const before = session.policy;
    write(LATE);
    const told = hangUp();
    await pass();
    await told;
    expect(session.policyError).toMatch(WHERE);
    expect(session.policy).toBe(before);
    expect(session.impaired.policy).toBeNull();
  });

  it('is found by the doctor with file, line and key', async () => {
    const { files, pass, controller } = await daemonWith(LATE);
    await pass();
    const snapshot = controller.snapshot('email-cluster');
    if (snapshot === null) throw new Error('no snapshot');
    const rows = doctorFindings(snapshot, files.general.policy, files.general.locator);
    expect(rows.find(({ check }) => check === 'policy and cluster')).toMatchObject({
      verdict: 'fail',
      detail: expect.stringMatching(WHERE),
    });
  });

  it('names the lines of the file that is in force after a reload', async () => {
    const { session, write, pass, reload: hangUp } = await daemonWith(GOOD);
    await pass();
    write(`# a line more\n${GOOD}`);
    const told = hangUp();
    await pass();
    await told;
    expect(session.policyError).toBeNull();
    expect(session.inForce.locator.at('mode')).toMatchObject({ line: 2, written: true });
  });
});

describe('a reload of two clusters, one with a policy of its own', () => {
  const GENERAL = 'mode: dry-run\n';

  async function two() {
    const folder = scratch('two-policies');
    const configFile = join(folder, 'ekimi.yaml');
    const write = (name: string, text: string): void => {
      writeFileSync(join(folder, name), text);
    };
    const value = parse(CONTRACT_CONFIG) as { clusters: Record<string, unknown>[] };
    const own = {
      scope: 'own',
      policy: './own.yaml',
      patroni: { members: { pg1: 'http://10.0.0.1:8008', pg2: 'http://10.0.0.2:8008', pg3: 'http://10.0.0.3:8008' } },
      dcs: value.clusters[0]?.['dcs'],
    };
    write('ekimi.yaml', stringify({ ...value, clusters: [...value.clusters, own] }));
    write('policy.yaml', GENERAL);
    write('own.yaml', 'lag: { warning: 3MB }\n');
    const files = loadFiles(configFile, ENV);
    if (!files.ok) throw new Error(files.errors.join('\n'));
    const journals = new Map(['email-cluster', 'own'].map((scope) => [scope, memoryJournal()]));
    const clusters = new Map(['email-cluster', 'own'].map((scope) => [scope, createCluster({ scope })]));
    const daemon = await openDaemon({
      files,
      journals: (scope) => journals.get(scope) ?? memoryJournal(),
      log: openLog(files.config, { write: () => undefined }),
      redact: redactorOf(files.config),
      version: 'test',
      newId: () => 'id',
      ports: ({ scope }) => (clusters.get(scope) ?? createCluster()).ports(),
    });
    const [shared, other] = daemon.sessions as readonly [Session, Session];
    const policies = (scope: string) =>
      (journals.get(scope)?.entries ?? []).flatMap(({ body }) => (body.kind === 'policy' ? [body] : []));
    const start = (scope: string) => journals.get(scope)?.entries.find(({ body }) => body.kind === 'start')?.body;
    const hangUp = () => reload({ daemon, configFile, start: files.config, env: ENV });
    return { shared, other, write, hangUp, policies, start, configFile, value };
  }

  it('keeps in each journal the policy of its cluster, whole', async () => {
    const { shared, other, start } = await two();
    expect(shared.policy.lag.warningBytes).toBe(1_048_576);
    expect(other.policy.lag.warningBytes).toBe(3_145_728);
    expect(start('own')).toMatchObject({ policyHash: other.inForce.hash, policy: other.policy });
    expect(start('email-cluster')).toMatchObject({ policyHash: shared.inForce.hash, policy: shared.policy });
  });

  it('refuses a faulty file of its own for that cluster, and the other one takes its policy', async () => {
    const { shared, other, write, hangUp, policies } = await two();
    const before = other.policy;
    write('policy.yaml', 'mode: observe\n');
    write('own.yaml', 'lag: { warning: 3 parsecs }\n');
    const told = hangUp();
    await Promise.all([onePass(shared), onePass(other)]);
    expect((await told).join('\n')).toMatch(/own\.yaml:1:\d+: error \[bad-value\] lag\.warning/);
    expect([shared.policy.mode, shared.policyError]).toEqual(['observe', null]);
    expect(other.policy).toBe(before);
    expect(other.policyError).toMatch(/own\.yaml:1:.*of cluster own, which has a file of its own/);
    expect(policies('own')).toEqual([expect.objectContaining({ change: 'refused' })]);
  });

  it('takes what the general file changes to where the own one says nothing', async () => {
    const { shared, other, write, hangUp, policies } = await two();
    write('policy.yaml', 'mode: observe\nlag: { warning: 2MB }\n');
    const told = hangUp();
    await Promise.all([onePass(shared), onePass(other)]);
    await told;
    expect([other.policy.mode, other.policy.lag.warningBytes]).toEqual(['observe', 3_145_728]);
    expect(shared.policy.lag.warningBytes).toBe(2_097_152);
    expect(policies('own')).toEqual([
      expect.objectContaining({ change: 'reloaded', hash: other.inForce.hash, policy: other.policy }),
    ]);
  });

  it('does not wait for the pass of a cluster that hangs', async () => {
    const { shared, other, write, hangUp } = await two();
    write('policy.yaml', 'mode: observe\n');
    void hangUp();
    await onePass(other);
    expect([other.policy.mode, shared.policy.mode]).toEqual(['observe', 'dry-run']);
  });

  it('never falls back to the general policy because the cluster is gone from the configuration', async () => {
    const { shared, other, write, hangUp, value } = await two();
    write('ekimi.yaml', stringify(value));
    write('policy.yaml', 'mode: enforce\n');
    const told = hangUp();
    await Promise.all([onePass(shared), onePass(other)]);
    await told;
    expect([shared.policy.mode, other.policy.mode]).toEqual(['enforce', 'dry-run']);
    expect(other.policyError).toContain('no longer in the configuration');
  });
});
