import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemdAdapter } from '../../src/adapters/hosts/systemd/systemd-adapter.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { dataIn } from './command-rig.js';
import { hostContract, type HostRig } from './host-contract.js';
import { clusterConfig, stillClock } from './patroni-support.js';

/**
 * A stand-in for systemctl, since no systemd runs where the tests do: it keeps real processes, and prints properties, errors and exit codes in
 * the form of systemd 252. A unit is a folder with its `UnitFileState` in it.
 */
const SYSTEMCTL = (folder: string) => `#!/bin/sh
echo "$@" >> ${folder}/calls
while [ "\${1#--}" != "$1" ]; do shift; done
verb=$1; shift
block=yes
while [ "$1" != -- ]; do [ "$1" = --no-block ] && block=no; shift; done
unit=$2
dir=${folder}/$unit
alive() { pid=$(cat "$dir/pid" 2>/dev/null) && [ -n "$pid" ] && grep -q '^State:[[:space:]]*[^ZX]' /proc/$pid/status 2>/dev/null; }
begin() {
  tr -d - < /proc/sys/kernel/random/uuid > "$dir/run"; date -u '+%a %Y-%m-%d %H:%M:%S UTC' > "$dir/began"
  setsid sh -c 'echo $$ > '"$dir/pid"'; echo "started $$" >> '"$dir/log"'; exec sleep 3600' </dev/null >/dev/null 2>&1 & sleep 0.2
  rm -f "$dir/signal"
}
finish() { alive && { kill -$1 $pid; echo $1 > "$dir/signal"; while alive; do sleep 0.05; done; date -u '+%a %Y-%m-%d %H:%M:%S UTC' > "$dir/ended"; }; }
show() {
  if [ ! -d "$dir" ]; then
    printf 'ExecMainStartTimestamp=\\nExecMainPID=0\\nNRestarts=0\\nTasksCurrent=[not set]\\nResult=success\\nId=%s\\nLoadState=not-found\\nActiveState=inactive\\nFreezerState=running\\nSubState=dead\\nUnitFileState=\\nInvocationID=\\n' "$unit"
    return
  fi
  active=inactive sub=dead code=0 status=0 tasks='[not set]' result=success
  if alive; then active=active sub=running tasks=1
  elif [ "$(cat "$dir/signal" 2>/dev/null)" = KILL ]; then active=failed sub=failed code=2 status=9 result=signal
  elif [ -e "$dir/signal" ]; then code=2 status=15; fi
  [ -e "$dir/left" ] && tasks=$(cat "$dir/left")
  counted=yes; [ -e "$dir/uncounted" ] && counted=no tasks='[not set]'
  group=; { [ -e "$dir/left" ] || [ $active = active ]; } && group=/system.slice/$unit
  freezer=running; [ -e "$dir/frozen" ] && freezer=frozen
  printf 'NRestarts=0\\nExecMainStartTimestamp=%s\\nExecMainExitTimestamp=%s\\nExecMainPID=%s\\nExecMainCode=%s\\nExecMainStatus=%s\\nTasksAccounting=%s\\nTasksCurrent=%s\\nControlGroup=%s\\nResult=%s\\nId=%s\\nLoadState=loaded\\nActiveState=%s\\nFreezerState=%s\\nSubState=%s\\nUnitFileState=%s\\nInvocationID=%s\\n' \\
    "$(cat "$dir/began" 2>/dev/null)" "$(cat "$dir/ended" 2>/dev/null)" "\${pid:-0}" $code $status $counted "$tasks" "$group" $result "$unit" $active $freezer $sub "$(cat "$dir/file")" "$(cat "$dir/run" 2>/dev/null)"
}
[ $verb = show ] && { show; exit 0; }
if [ -e "$dir/denied" ] || { [ $verb = kill ] && [ -e "$dir/unkillable" ]; }; then
  echo "Failed to $verb $unit: Interactive authentication required." >&2
  echo "See system logs and 'systemctl status $unit' for details." >&2
  exit 1
fi
[ -d "$dir" ] || { echo "Failed to $verb $unit: Unit $unit not found." >&2; exit 5; }
case $verb in
start) alive || begin ;;
stop) [ -e "$dir/swapped" ] && echo another > "$dir/run"
  if [ -e "$dir/deaf" ]; then [ $block = no ] || sleep 60; elif [ $block = yes ]; then finish TERM; fi ;;
restart) finish TERM; begin ;;
kill) finish KILL ;;
*) echo "Unknown command verb $verb." >&2; exit 1 ;;
esac
exit 0
`;

const JOURNALCTL = (folder: string) => `#!/bin/sh
for word; do case $word in --lines=*) lines=\${word#--lines=} ;; --unit=*) unit=\${word#--unit=} ;; esac; done
[ -e ${folder}/$unit/log ] || exit 0
exec tail -n "$lines" ${folder}/$unit/log
`;

const one = memberHost('patroni1');
const store = storeHost('etcd1');
const nobody = memberHost('patroni3');

function standIn() {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-systemd-'));
  for (const [unit, state] of [
    ['patroni@patroni1.service', 'enabled'],
    ['patroni@patroni2.service', 'disabled'],
    ['etcd.service', 'enabled'],
  ] as const) {
    mkdirSync(join(folder, unit));
    writeFileSync(join(folder, unit, 'file'), state);
  }
  mkdirSync(join(folder, 'data', 'patroni1', 'pg_wal'), { recursive: true });
  for (const [name, text] of [
    ['systemctl', SYSTEMCTL(folder)],
    ['journalctl', JOURNALCTL(folder)],
  ] as const) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
  const inUnit = (name: string) => join(folder, 'patroni@patroni1.service', name);
  return {
    folder,
    inUnit,
    note: (name: string, text = '') => {
      writeFileSync(inUnit(name), text);
    },
    forget: (name: string) => {
      rmSync(inUnit(name), { force: true });
    },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8'),
    port: (systemctl: readonly string[] = [join(folder, 'systemctl')], deadlineMs = 10_000) =>
      systemdAdapter(
        clusterConfig({
          hosts: {
            driver: 'systemd',
            socket: '',
            commands: null,
            systemd: {
              systemctl,
              journalctl: systemctl[0]?.startsWith(folder) === true ? [join(folder, 'journalctl')] : systemctl,
              unit: 'patroni@{name}.service',
              data: join(folder, 'data', '{name}'),
              df: systemctl[0]?.startsWith(folder) === true ? ['df'] : systemctl,
              controldata:
                systemctl[0]?.startsWith(folder) === true
                  ? ['cat', join(folder, 'data', '{name}', 'pg/global/pg_control.txt')]
                  : systemctl,
            },
            members: { patroni1: 'patroni1', patroni2: 'patroni2', patroni3: 'patroni3' },
            dcs: { etcd1: 'etcd.service' },
            proxy: {},
          },
          deadlines: { ...clusterConfig({}).deadlines, host: deadlineMs },
        }),
        stillClock,
      ),
    close: () => {
      for (const unit of ['patroni@patroni1.service', 'etcd.service']) {
        const file = join(folder, unit, 'pid');
        if (!existsSync(file)) continue;
        try {
          process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

async function units(): Promise<HostRig> {
  const machine = standIn();
  const port = machine.port();
  for (const target of [one, store]) await port.send({ port: 'host', target, verb: 'start' });
  return {
    port,
    one,
    store,
    nobody,
    broken: {
      hangs: machine.port(['sh', '-c', 'sleep 60'], 300),
      missing: machine.port(['/nowhere/systemctl']),
      endless: machine.port(['sh', '-c', 'yes x']),
    },
    control: dataIn(join(machine.folder, 'data', 'patroni1'), machine.folder).control,
    pause: () => {
      machine.note('frozen');
    },
    resume: () => {
      machine.forget('frozen');
    },
    flood: () => {
      appendFileSync(machine.inUnit('log'), 'x'.repeat(79).concat('\n').repeat(40_000));
    },
    close: machine.close,
  };
}

hostContract({ driver: 'systemd', against: 'a stand-in for systemctl and journalctl', unless: null, open: units });

describe('units of systemd', () => {
  let machine: ReturnType<typeof standIn>;
  beforeEach(() => {
    machine = standIn();
  });
  afterEach(() => machine.close());
  const start = () => machine.port().send({ port: 'host', target: one, verb: 'start' });

  it('of a template that were never run nor enabled here are not called stopped: they may lead on another machine', async () => {
    const reading = await machine.port().status(memberHost('patroni2'));
    expect(reading).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(reading.kind === 'unknown' && reading.reason).toMatch(/patroni@patroni2\.service is not enabled/);
  });

  it('in which processes are left are not called stopped: PostgreSQL outlives a Patroni that was killed', async () => {
    machine.note('left', '7');
    expect(await machine.port().status(one)).toMatchObject({ kind: 'fresh', value: { state: 'running' } });
    machine.forget('left');
    expect(await machine.port().status(one)).toMatchObject({ kind: 'fresh', value: { state: 'stopped' } });
  });

  it('of which processes are not counted are not called stopped: nobody says that none is left', async () => {
    machine.note('left', '7');
    machine.note('uncounted');
    const reading = await machine.port().status(one);
    expect(reading).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(reading.kind === 'unknown' && reading.reason).toMatch(/TasksAccounting=no/);
    machine.forget('uncounted');
    machine.note('left', '0');
    expect(await machine.port().status(one)).toMatchObject({ kind: 'fresh', value: { state: 'stopped' } });
  });

  it('that we may not touch were not touched, and the reply says what systemd said', async () => {
    machine.note('denied');
    const reply = await machine.port().send({ port: 'host', target: one, verb: 'start' });
    expect(reply).toMatchObject({ effect: 'none' });
    expect(reply.text).toMatch(/Interactive authentication required/);
  });

  it('are asked for a stop before they are killed, or Restart= would start them anew', async () => {
    await start();
    await machine.port().send({ port: 'host', target: one, verb: 'kill' });
    expect(machine.calls()).toMatch(/stop --no-block -- patroni@patroni1\.service\n.*kill --signal=SIGKILL/);
    expect(await machine.port().status(one)).toMatchObject({ value: { state: 'stopped', exitCode: 137 } });
  });

  it('that do not stop within their grace are killed after it', async () => {
    await start();
    machine.note('deaf');
    expect(await machine.port().send({ port: 'host', target: one, verb: 'stop', graceMs: 300 })).toMatchObject({
      effect: 'done',
    });
    expect(await machine.port().status(one)).toMatchObject({ value: { state: 'stopped', exitCode: 137 } });
  });

  it('of which another run began while the stop was late are not killed', async () => {
    await start();
    const seen = await machine.port().status(one);
    const id = seen.kind === 'fresh' ? seen.value.id : '';
    machine.note('deaf');
    machine.note('swapped');
    const reply = await machine.port().send({ port: 'host', target: one, verb: 'stop', id, graceMs: 300 });
    expect(reply).toMatchObject({ effect: 'maybe' });
    expect(reply.text).toMatch(/no kill was sent \(another run/);
    expect(machine.calls()).not.toMatch(/SIGKILL/);
  });

  it.each([
    ['kill', undefined, /a stop was accepted/],
    ['stop', 300, /a stop went out and had not ended/],
  ] as const)(
    'whose %s begins with a stop that went out are never said to be untouched, though the kill is denied',
    async (verb, graceMs, before) => {
      await start();
      machine.note('deaf');
      machine.note('unkillable');
      const reply = await machine
        .port()
        .send({ port: 'host', target: one, verb, ...(graceMs === undefined ? {} : { graceMs }) });
      expect(reply).toMatchObject({ effect: 'maybe' });
      expect(reply.text).toMatch(before);
      expect(reply.text).toMatch(/Interactive authentication required/);
    },
  );

  it.skipIf(!existsSync('/usr/bin/systemctl') || existsSync('/run/systemd/system'))(
    'where no systemd runs prove nothing, by the words of the real systemctl',
    async () => {
      const port = machine.port(['/usr/bin/systemctl']);
      const reading = await port.status(one);
      expect(reading).toMatchObject({ kind: 'unknown', fault: 'unreachable' });
      expect(reading.kind === 'unknown' && reading.reason).toMatch(/has not been booted with systemd/);
      expect(await port.send({ port: 'host', target: one, verb: 'kill' })).toMatchObject({ effect: 'none' });
    },
  );
});
