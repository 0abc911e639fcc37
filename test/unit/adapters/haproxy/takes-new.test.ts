import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serversFrom, serverStates } from '../../../../src/adapters/haproxy/servers.js';
import { isHeld, takesNew } from '../../../../src/assess/rotation.js';
import type { ProxyServer } from '../../../../src/model/proxy.js';

const REPLIES = join(import.meta.dirname, '../../../fixtures/replies');
const LINES = ['debian-12', 'debian-13', 'debian-unstable'] as const;
const recorded = (line: string, file: string): string => readFileSync(join(REPLIES, line, 'haproxy', file), 'utf8');

/** Of each server of `lab/record-haproxy.mjs`: does it take new connections, is it somebody's wish that it does not. */
const EXPECTED: Readonly<Record<string, string>> = {
  plain: 'takes',
  unchecked: 'takes',
  spare: 'takes, backup',
  slow: 'takes',
  half: 'takes',
  down: 'no',
  drained: 'no, held',
  closed: 'no, held',
  weightless: 'no',
  disabled: 'no, held',
  'follows-drained': 'no, held',
  'follows-closed': 'no, held',
  'agent-drain': 'no, held',
  'agent-maint': 'no, held',
  'agent-down': 'no',
  'agent-stopped': 'no',
  'agent-zero': 'no',
  unresolved: 'no',
  leaving: 'no',
};

const said = (servers: readonly ProxyServer[] | null): Record<string, string> =>
  Object.fromEntries(
    (servers ?? []).map((row) => [
      row.server,
      [
        takesNew(row) ? 'takes' : 'no',
        ...(isHeld(row) ? ['held'] : []),
        ...(row.backup === true ? ['backup'] : []),
      ].join(', '),
    ]),
  );

/** What the management guide of HAProxy 2.4 lists, section 9.1, of the columns that are read here, and `-`, the end of its static fields. */
const OF_2_4 = ['# pxname', 'svname', 'scur', 'status', 'weight', 'act', 'bck', 'lastchg', 'type', 'check_status', '-'];

const cut = (row: string, last: number): string =>
  row
    .split(' ')
    .slice(0, last + 1)
    .join(' ');

function onlyColumns(csv: string, names: readonly string[]): string {
  const rows = csv.split('\n').map((row) => row.split(','));
  const places = names.map((name) => (rows[0] ?? []).indexOf(name));
  return rows.map((row) => places.map((place) => row[place] ?? '').join(',')).join('\n');
}

describe.each(LINES)('servers of HAProxy as %s has it', (line) => {
  test('[S5] take new connections or not, by one notion: weight, agent, backup, slow start, maintenance, soft stop', () => {
    const states = serverStates(recorded(line, 'states.servers.txt'));
    expect(said(serversFrom(recorded(line, 'states.csv'), states))).toEqual(EXPECTED);
  });

  test('[S5] the same by the statistics alone', () => {
    expect(said(serversFrom(recorded(line, 'states.csv'), null))).toEqual(EXPECTED);
  });

  test('[S5] the same by the columns that the guide of 2.4 lists', () => {
    const states = serverStates(recorded(line, 'states.servers.txt'));
    expect(said(serversFrom(onlyColumns(recorded(line, 'states.csv'), OF_2_4), states))).toEqual(EXPECTED);
  });

  test('[S5] the same by the states without what follows `srvrecord`, which HAProxy before 2.4 does not print', () => {
    const text = recorded(line, 'states.servers.txt');
    const last =
      text
        .split('\n')
        .find((row) => row.startsWith('# '))
        ?.slice(2)
        .split(' ')
        .indexOf('srvrecord') ?? -1;
    const short = text
      .split('\n')
      .map((row) => (row.startsWith('# ') ? `# ${cut(row.slice(2), last)}` : cut(row, last)))
      .join('\n');
    expect(serverStates(short)).toEqual(serverStates(text));
    expect(said(serversFrom(recorded(line, 'states.csv'), serverStates(short)))).toEqual(EXPECTED);
  });

  test('tell of themselves the number of their process and when it began', () => {
    const info = recorded(line, 'states.info.txt');
    expect(info).toMatch(/^Pid: \d+$/m);
    expect(info).toMatch(/^Uptime_sec: \d+$/m);
  });
});
