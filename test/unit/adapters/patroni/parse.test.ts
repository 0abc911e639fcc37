import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLossless } from '../../../../src/adapters/patroni/lossless.js';
import { metricsFrom } from '../../../../src/adapters/patroni/metrics.js';
import { clusterFrom, configFrom, historyFrom, statusFrom } from '../../../../src/adapters/patroni/parse.js';

const status = (changes: object): object => ({
  state: 'running',
  role: 'replica',
  patroni: { scope: 's', version: '4.1.4' },
  ...changes,
});

describe('integers beyond 2^53', () => {
  it('reach a position without being rounded', () => {
    const text = JSON.stringify(status({ xlog: { received_location: 1, replayed_location: 2 } })).replace(
      '"replayed_location":2',
      '"replayed_location":9223372036854775807',
    );
    expect(statusFrom(parseLossless(text)).xlog?.replayedLocation).toBe(9223372036854775807n);
  });

  it('inside strings and fractions are left alone', () => {
    const text =
      '{"a":"id 12345678901234567890, \\"9223372036854775807\\"","b":[1.12345678901234567890,-9223372036854775808],"c":1e3}';
    expect(parseLossless(text)).toEqual({
      a: 'id 12345678901234567890, "9223372036854775807"',
      b: [1.1234567890123457, '-9223372036854775808'],
      c: 1000,
    });
  });

  it('in a history row are kept as well', () => {
    expect(historyFrom(parseLossless('[[3, 9007199254740993, "x"]]'))[0]?.lsn).toBe(9007199254740993n);
  });

  it('of an identifier that is printed as a number are kept', () => {
    const text = JSON.stringify(status({ database_system_identifier: 1 })).replace(':1}', ':7711055305761135589}');
    expect(statusFrom(parseLossless(text)).systemIdentifier).toBe('7711055305761135589');
  });
});

describe('a status document', () => {
  it('with nothing but what identifies it has nulls, not zeros', () => {
    expect(statusFrom(status({}))).toMatchObject({
      timeline: null,
      xlog: null,
      systemIdentifier: null,
      name: null,
      dcsLastSeenMs: null,
    });
  });

  it.each([0, null, '7', -1])('whose timeline is %j has none', (timeline) => {
    expect(statusFrom(status({ timeline })).timeline).toBeNull();
  });

  it('may call its positions "wal"', () => {
    expect(statusFrom(status({ wal: { location: 16 } })).xlog?.location).toBe(16n);
  });

  it('with position 0 or a word for a position has none', () => {
    const { xlog } = statusFrom(status({ xlog: { received_location: 0, replayed_location: 'unknown' } }));
    expect(xlog).toMatchObject({ receivedLocation: null, replayedLocation: null });
  });

  it('tells when something was replayed, with a space or a T and only with a zone', () => {
    const at = (text: unknown) => statusFrom(status({ xlog: { replayed_timestamp: text } })).xlog?.replayedAtMs;
    expect(at('2026-11-22 17:52:50.741656+00:00')).toBe(Date.UTC(2026, 10, 22, 17, 52, 50, 741));
    expect(at('2026-11-22T18:52:50+01:00')).toBe(Date.UTC(2026, 10, 22, 17, 52, 50));
    expect(at('2026-11-22 17:52:50')).toBeNull();
    expect(at(null)).toBeNull();
  });

  it.each([{}, { state: 'running' }, { state: 'running', role: 'replica', patroni: {} }, [], null, 'running'])(
    'cannot be %j',
    (json) => {
      expect(() => statusFrom(json)).toThrow();
    },
  );
});

describe('a row of /cluster', () => {
  const lag = (value: unknown) =>
    clusterFrom({ members: [{ name: 'a', role: 'replica', state: 'running', lag: value }] }).report.rows[0]?.lagBytes;

  it('has a lag only when Patroni knows it', () => {
    expect(lag(0)).toBe(0);
    expect(lag(17_207_200)).toBe(17_207_200);
    expect(lag('unknown')).toBeNull();
    expect(lag(undefined)).toBeNull();
    expect(lag('')).toBeNull();
  });

  it('without a state or with fields of other types still counts', () => {
    const { report } = clusterFrom({ members: [{ name: 'a', role: 'replica', timeline: 'x', tags: 'y' }] });
    expect(report.rows[0]).toMatchObject({ state: 'other', timeline: null, tags: { noloadbalance: false } });
  });
});

describe('the dynamic configuration', () => {
  it('of an empty document is Patroni’s own defaults', () => {
    expect(configFrom({})).toEqual({
      ttlMs: 30_000,
      loopWaitMs: 10_000,
      retryTimeoutMs: 10_000,
      maximumLagOnFailoverBytes: 1_048_576,
      primaryStartTimeoutMs: 300_000,
      synchronousMode: 'off',
      synchronousModeStrict: false,
      synchronousNodeCount: 1,
      failsafeMode: false,
      paused: false,
      checkTimeline: false,
      standbyCluster: false,
      beforeStop: false,
      usePgRewind: false,
    });
  });

  it.each([
    [{ host: '10.0.0.1', port: 5432 }, true],
    [{ restore_command: 'cp /archive/%f %p' }, true],
    [{ create_replica_methods: ['basebackup'] }, false],
    [{}, false],
    [null, false],
    ['10.0.0.1', false],
  ])('with standby_cluster: %j is of a standby cluster: %s', (standby_cluster, isOne) => {
    expect(configFrom({ standby_cluster }).standbyCluster).toBe(isOne);
  });

  it('takes the old name of the start timeout, the new one first, and zero as a value', () => {
    expect(configFrom({ master_start_timeout: 60 }).primaryStartTimeoutMs).toBe(60_000);
    expect(configFrom({ master_start_timeout: 60, primary_start_timeout: 0 }).primaryStartTimeoutMs).toBe(0);
  });

  it.each([
    [true, 'on'],
    ['on', 'on'],
    ['off', 'off'],
    [false, 'off'],
    ['quorum', 'quorum'],
    [null, 'off'],
  ])('synchronous_mode %j is %s', (value, mode) => {
    expect(configFrom({ synchronous_mode: value }).synchronousMode).toBe(mode);
  });

  it('takes numbers in quotes, and its default for what is no number', () => {
    expect(configFrom({ ttl: '20', loop_wait: 'soon' })).toMatchObject({ ttlMs: 20_000, loopWaitMs: 10_000 });
  });
});

it('history rows may be two, four or more elements long, and anything else is refused', () => {
  const rows = historyFrom([
    [1, 2],
    [2, 3, 'why', '2026-11-22T18:10:50+00:00'],
    [3, 4, 'why', null, 'a', 'more'],
  ]);
  expect(rows.map((row) => row.newLeader)).toEqual([null, null, 'a']);
  expect(() => historyFrom([[1, 'here']])).toThrow();
  expect(() => historyFrom({})).toThrow();
});

describe('metrics', () => {
  it('are read with and without labels, with a space before the brace and a brace in a label', () => {
    const parsed = metricsFrom(
      '# HELP a x\na 1\nb {scope="s"} 2.5\nc{scope="s",x="}\\"{"} 3\nbroken{\nd NaN\ne +Inf 1700000000\n',
    );
    expect(parsed?.metrics.values).toEqual({ a: 1, b: 2.5, c: 3, d: NaN, e: Infinity });
    expect(parsed?.scope).toBe('s');
  });

  it('tell who they are of, but not by the label that names somebody else', () => {
    const parsed = metricsFrom(
      'patroni_version{scope="s",name="a"} 1\npatroni_failsafe_member{scope="s",name="b"} 1\n',
    );
    expect(parsed?.name).toBe('a');
  });

  it('that hold no sample are none', () => {
    expect(metricsFrom('<html>hello</html>')).toBeNull();
    expect(metricsFrom('')).toBeNull();
  });
});

it.each(['rest_api-v3.0.2', 'rest_api-v3.3.11', 'rest_api-v4.1.4'])(
  'the examples of the manual (%s) can be read',
  (name) => {
    const file = join(import.meta.dirname, '../../../fixtures/replies/patroni-docs', `${name}.json`);
    const examples = JSON.parse(readFileSync(file, 'utf8')) as { command: string; output: unknown }[];
    const outputs = (pattern: RegExp) =>
      examples
        .filter(({ command, output }) => pattern.test(command) && typeof output === 'object')
        .map(({ output }) => output);
    const statuses = outputs(/\/patroni\b/);
    expect(statuses.length).toBeGreaterThan(0);
    for (const output of statuses) expect(statusFrom(output).stateText).not.toBe('');
    for (const output of outputs(/:8008\/cluster/)) expect(clusterFrom(output).report.rows.length).toBeGreaterThan(0);
    for (const output of outputs(/GET.*\/config|s http\S*\/config/))
      expect(configFrom(output).ttlMs).toBeGreaterThan(0);
  },
);
