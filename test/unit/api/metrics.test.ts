import { describe, expect, it } from 'vitest';
import { GAUGES } from '../../../src/api/gauges.js';
import { COUNTERS, createMetrics } from '../../../src/api/metrics.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { drainedAt, noAnswerOf, twoProxies } from '../../support/two-proxies.js';
import { NOW_MS, plan, remediation } from '../../support/snapshots.js';

const series = async (metrics: { text(): Promise<string> }, name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('metrics', () => {
  it('show the problem, the lag, the mode and the budget of a lagging replica', async () => {
    const metrics = createMetrics(new FakeController(SCENARIOS.lagHeld()));
    const text = await metrics.text();
    for (const line of [
      'ekimi_problem_active{scope="email-cluster",code="replica-lag-emergency",subject="patroni2",level="critical"} 1',
      'ekimi_lag_bytes{scope="email-cluster",member="patroni2"} 268435456',
      'ekimi_cluster_state{scope="email-cluster",state="lagging"} 1',
      'ekimi_cluster_state{scope="email-cluster",state="healthy"} 0',
      'ekimi_member_state{scope="email-cluster",member="patroni1",state="leader"} 1',
      'ekimi_mode{scope="email-cluster",mode="dry-run"} 1',
      'ekimi_tenure_held{scope="email-cluster"} 1',
      'ekimi_budget_left{scope="email-cluster"} 6',
      'ekimi_breaker_open{scope="email-cluster"} 0',
      `ekimi_last_pass_timestamp{scope="email-cluster"} ${NOW_MS / 1000}`,
    ])
      expect(text).toContain(line);
    expect(text).not.toContain('code="replay-blocked"'); // a suspect is not an alert
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tell a source that is unknown from one that is not configured', async () => {
    const metrics = createMetrics(new FakeController(SCENARIOS.leaderless()));
    const unknown = await series(metrics, 'ekimi_reading_unknown');
    expect(unknown).toContain('ekimi_reading_unknown{scope="email-cluster",source="api",member="patroni1"} 1');
    expect(unknown).toContain('ekimi_reading_unknown{scope="email-cluster",source="api",member="patroni2"} 0');
    expect(unknown.filter((line) => line.includes('source="metrics"'))).toEqual([]);
    const ages = await series(metrics, 'ekimi_reading_age_seconds');
    expect(ages.filter((line) => line.includes('source="api",member="patroni1"'))).toEqual([]);
    expect(ages).toContain('ekimi_reading_age_seconds{scope="email-cluster",source="tag-file",member="patroni2"} 28');
  });

  it('have no lag figure where the lag is not known', async () => {
    const metrics = createMetrics(new FakeController(SCENARIOS.leaderless()));
    expect(await series(metrics, 'ekimi_lag_bytes')).toEqual([]);
  });

  it('[S5] name each of several proxies, and how many of each pool take new connections', async () => {
    const healthy = SCENARIOS.healthy();
    const changes = [twoProxies, noAnswerOf('south'), drainedAt('north', 'pg-c', 'ro')];
    const view = healthy.view === null ? null : changes.reduce((seen, change) => change(seen), healthy.view);
    const metrics = createMetrics(new FakeController({ ...healthy, view }));
    const of = (proxy: string): string => `{scope="email-cluster",proxy="${proxy}"`;
    expect(await series(metrics, 'ekimi_proxy_answers')).toEqual([
      `ekimi_proxy_answers${of('north')}} 1`,
      `ekimi_proxy_answers${of('south')}} 0`,
    ]);
    expect(await series(metrics, 'ekimi_proxy_servers_taking_new')).toEqual([
      `ekimi_proxy_servers_taking_new${of('north')},backend="main",use="writes"} 1`,
      `ekimi_proxy_servers_taking_new${of('north')},backend="ro",use="reads"} 1`,
      `ekimi_proxy_servers_taking_new${of('north')},backend="reports",use="reads"} 2`,
    ]);
  });

  it('drop the series of a problem that is over', async () => {
    const controller = new FakeController(SCENARIOS.lagHeld());
    const metrics = createMetrics(controller);
    expect(await series(metrics, 'ekimi_problem_active')).toHaveLength(1);
    controller.show(SCENARIOS.healthy());
    expect(await series(metrics, 'ekimi_problem_active')).toEqual([]);
  });

  it('count a decision when it appears, not with every pass that repeats it', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const metrics = createMetrics(controller);
    controller.show(SCENARIOS.lagHeld());
    controller.show(SCENARIOS.lagHeld());
    const held = 'ekimi_decisions_total{scope="email-cluster",verdict="held",action="drain-replica"}';
    expect(await series(metrics, 'ekimi_decisions_total')).toContain(`${held} 1`);
    expect(await series(metrics, 'ekimi_held_total')).toContain(
      'ekimi_held_total{scope="email-cluster",gate="mode"} 2',
    );
    controller.show(SCENARIOS.healthy());
    controller.show(SCENARIOS.lagHeld());
    expect(await series(metrics, 'ekimi_decisions_total')).toContain(`${held} 2`);
  });

  it('count remediations by outcome, the dry-run twin apart', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const metrics = createMetrics(controller);
    const drain = plan('drain-replica', 'patroni2', 'replica-lag-emergency');
    for (const shadow of [true, false, false])
      controller.write(NOW_MS, {
        kind: 'verdict',
        id: 'r',
        remediation: remediation(drain, 'succeeded', NOW_MS, { shadow }),
      });
    expect(await series(metrics, 'ekimi_actions_total')).toEqual([
      'ekimi_actions_total{scope="email-cluster",action="drain-replica",outcome="succeeded",shadow="true"} 1',
      'ekimi_actions_total{scope="email-cluster",action="drain-replica",outcome="succeeded",shadow="false"} 2',
    ]);
  });

  it('time each pass', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const metrics = createMetrics(controller);
    controller.show(SCENARIOS.healthy());
    expect(await series(metrics, 'ekimi_pass_seconds_count')).toEqual([
      'ekimi_pass_seconds_count{scope="email-cluster"} 1',
    ]);
  });

  it('show a kill switch until it has expired', async () => {
    const snapshot = SCENARIOS.healthy();
    const killSwitch = { subject: 'cluster', owner: 'dba', reason: 'upgrade', sinceMs: NOW_MS - 10 };
    const controller = new FakeController({
      ...snapshot,
      ledger: {
        ...snapshot.ledger,
        switches: [
          { ...killSwitch, expiresAtMs: null },
          { ...killSwitch, subject: 'global', expiresAtMs: NOW_MS - 1 },
        ],
      },
    });
    expect(await series(createMetrics(controller), 'ekimi_kill_switch')).toEqual([
      'ekimi_kill_switch{scope="email-cluster",subject="cluster"} 1',
    ]);
  });

  it('are named once each, with the prefix and a help text', () => {
    const rows = [...GAUGES, ...Object.values(COUNTERS)];
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows) expect(row.name.startsWith('ekimi_') && row.help.length > 10, row.name).toBe(true);
  });
});
