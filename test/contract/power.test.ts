import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { powerCommand } from '../../src/adapters/power/power-command.js';
import { memberName } from '../../src/model/names.js';
import { clusterConfig, stillClock } from './patroni-support.js';

/** Programs that switch outlets: a file is the outlet, and is gone when it has no power. */
const SCRIPT = (folder: string) => `#!/bin/sh
echo "$@" >> ${folder}/calls
case $1 in
status) echo "host=$(cat ${folder}/answers-for 2>/dev/null || echo "$2")"; [ -e ${folder}/$2 ] || exit 3 ;;
off) [ -e ${folder}/stuck ] || rm -f ${folder}/$2 ;;
esac
`;

const one = memberName('patroni1');
const off = { port: 'power', member: one, verb: 'off', outlet: 'rack1-7' } as const;

describe('power by commands', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ekimi-power-'));
    writeFileSync(join(folder, 'switch'), SCRIPT(folder));
    chmodSync(join(folder, 'switch'), 0o755);
    writeFileSync(join(folder, 'rack1-7'), '');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const power = (commands: { readonly status?: readonly string[]; readonly off?: readonly string[] } = {}) => {
    const argv = (verb: string) => [join(folder, 'switch'), verb, '{name}'];
    const port = powerCommand(
      clusterConfig({
        power: {
          commands: { status: argv('status'), off: argv('off'), ...commands },
          members: { patroni1: 'rack1-7' },
          dcs: {},
        },
        deadlines: { ...clusterConfig({}).deadlines, host: 2_000 },
      }),
      stillClock,
    );
    if (port === null) throw new Error('not configured');
    return port;
  };
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

  it('is told by the status verb, and cut by the other one', async () => {
    expect(await power().status(one)).toMatchObject({ kind: 'fresh', value: { isOn: true, outlet: 'rack1-7' } });
    expect(await power().send(off)).toMatchObject({ effect: 'done' });
    expect(await power().status(one)).toMatchObject({ kind: 'fresh', value: { isOn: false } });
    expect(existsSync(join(folder, 'rack1-7'))).toBe(false);
  });

  it('is off by the status verb alone, whatever the other one says', async () => {
    writeFileSync(join(folder, 'stuck'), '');
    expect(await power().send(off)).toMatchObject({ effect: 'done' });
    expect(await power().status(one)).toMatchObject({ value: { isOn: true } });
  });

  it('that is off already is not cut again', async () => {
    rmSync(join(folder, 'rack1-7'));
    expect(await power().send(off)).toMatchObject({ effect: 'done', text: expect.stringMatching(/already/) as string });
    expect(calls()).toEqual(['status rack1-7']);
  });

  it('of another outlet than was asked for proves nothing, and is not cut', async () => {
    writeFileSync(join(folder, 'answers-for'), 'rack9-1');
    expect(await power().status(one)).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    expect(await power().send(off)).toMatchObject({ effect: 'none' });
    expect(await power().send({ ...off, outlet: 'rack1-8' })).toMatchObject({ effect: 'none' });
    expect(existsSync(join(folder, 'rack1-7'))).toBe(true);
    expect(await power().status(memberName('patroni2'))).toMatchObject({ fault: 'not-configured' });
  });

  it.each([
    ['is missing', ['/nowhere/ipmitool', '{name}'], 'unreachable', 'none'],
    ['hangs', ['sh', '-c', 'sleep 60', '{name}'], 'timeout', 'maybe'],
    ['prints megabytes', ['sh', '-c', 'yes x', '{name}'], 'bad-reply', 'maybe'],
    ['exits with 1', ['sh', '-c', 'exit 1', '{name}'], 'bad-reply', 'maybe'],
  ] as const)('whose program %s proves nothing', async (_, argv, fault, effect) => {
    expect(await power({ status: argv }).status(one)).toMatchObject({ kind: 'unknown', fault });
    expect(await power({ status: argv }).send(off)).toMatchObject({ effect: 'none' });
    expect(await power({ off: argv }).send(off)).toMatchObject({ effect });
  });
});
