import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFiles, openDaemon } from '../../src/app/daemon.js';
import { doctorFindings } from '../../src/app/doctor.js';
import { reload } from '../../src/app/reload.js';
import type { Session } from '../../src/kernel/session.js';
import { tick } from '../../src/kernel/pass.js';
import { openLog } from '../../src/cli/log.js';
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
  const { sessions, controller } = await openDaemon({
    files,
    journals: () => memory,
    log: openLog(files.config, { write: () => undefined }),
    version: 'test',
    newId: () => 'id',
    clock: ports.clock,
    ports: () => ports,
  });
  const [session] = sessions as readonly [Session];
  const pass = async (): Promise<void> => {
    await tick(session);
    cluster.advance(1_000);
  };
  return { files, session, write, pass, controller, reload: () => reload(sessions, configFile, files.configHash, ENV) };
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
    const rows = doctorFindings(snapshot, files.policy, files.policyLocator);
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
    expect(session.policyLocator.at('mode')).toMatchObject({ line: 2, written: true });
  });
});
