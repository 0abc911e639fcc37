import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GAUGES } from '../../../src/api/gauges.js';
import { BUILD_INFO, createMetrics } from '../../../src/api/metrics.js';
import { COUNTERS, HISTOGRAMS } from '../../../src/api/metrics/counters.js';
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
      `ekimi_last_pass_timestamp_seconds{scope="email-cluster"} ${NOW_MS / 1000}`,
    ])
      expect(text).toContain(line);
    expect(text).not.toContain('ekimi_problem_active{scope="email-cluster",code="replay-blocked"'); // a suspect is not an alert
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tell a source that is unknown from one that is not configured', async () => {
    const metrics = createMetrics(new FakeController(SCENARIOS.leaderless()));
    const unknown = await series(metrics, 'ekimi_reading_unknown');
    expect(unknown).toContain(
      'ekimi_reading_unknown{scope="email-cluster",channel="api",source="api",member="patroni1"} 1',
    );
    expect(unknown).toContain(
      'ekimi_reading_unknown{scope="email-cluster",channel="api",source="api",member="patroni2"} 0',
    );
    expect(unknown.filter((line) => line.includes('source="metrics"'))).toEqual([]);
    const ages = await series(metrics, 'ekimi_reading_age_seconds');
    expect(ages.filter((line) => line.includes('channel="api",source="api",member="patroni1"'))).toEqual([]);
    expect(ages).toContain(
      'ekimi_reading_age_seconds{scope="email-cluster",channel="host",source="tag-file",member="patroni2"} 28',
    );
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
        remediation: remediation(drain, 'succeeded', NOW_MS, { shadow, endedAtMs: NOW_MS + 3_000 }),
      });
    const counted = (await series(metrics, 'ekimi_actions_total')).filter((line) => !line.endsWith(' 0'));
    expect(counted).toEqual([
      'ekimi_actions_total{scope="email-cluster",action="drain-replica",outcome="succeeded",shadow="false"} 2',
      'ekimi_actions_total{scope="email-cluster",action="drain-replica",outcome="succeeded",shadow="true"} 1',
    ]);
    const took = await series(metrics, 'ekimi_action_duration_seconds_count');
    expect(took).toEqual([
      'ekimi_action_duration_seconds_count{scope="email-cluster",action="drain-replica",outcome="succeeded"} 2',
    ]);
  });

  it('time each pass', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const metrics = createMetrics(controller);
    controller.show(SCENARIOS.healthy());
    expect(await series(metrics, 'ekimi_pass_duration_seconds_count')).toEqual([
      'ekimi_pass_duration_seconds_count{scope="email-cluster"} 1',
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

  it('have the series of counters from the start, so that rate() sees the first event', async () => {
    const text = await createMetrics(new FakeController(SCENARIOS.healthy())).text();
    for (const line of [
      'ekimi_held_total{scope="email-cluster",gate="quorum"} 0',
      'ekimi_incidents_total{scope="email-cluster",cause="leader-down"} 0',
      'ekimi_actions_total{scope="email-cluster",action="reinitialize-replica",outcome="failed",shadow="false"} 0',
      'ekimi_decisions_total{scope="email-cluster",verdict="page",action="none"} 0',
      'ekimi_pass_duration_seconds_count{scope="email-cluster"} 0',
      'ekimi_kill_switches{scope="email-cluster"} 0',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it('count messages to persons as counters, by channel', async () => {
    const channel = {
      name: 'oncall',
      failingSinceMs: NOW_MS,
      why: 'no answer',
      waiting: 3,
      sent: 7,
      failed: 2,
      lost: 1,
    };
    const text = await createMetrics(new FakeController({ ...SCENARIOS.healthy(), notifications: [channel] })).text();
    const of = '{scope="email-cluster",channel="oncall"}';
    expect(text).toContain(`# TYPE ekimi_notifications_sent_total counter\nekimi_notifications_sent_total${of} 7`);
    expect(text).toContain(`ekimi_notifications_failed_total${of} 2`);
    expect(text).toContain(`ekimi_notifications_lost_total${of} 1`);
    expect(text).toContain(`ekimi_notifications_failing${of} 1`);
  });

  it('tell which version runs, and nothing of the event loop that is always a second', async () => {
    const text = await createMetrics(new FakeController(SCENARIOS.healthy())).text();
    expect(text).toMatch(/^ekimi_build_info\{version="[^"]+",nodejs="\d+\.\d+\.\d+"\} 1$/m);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).not.toContain('nodejs_eventloop_lag_mean_seconds');
  });

  it('name who leads, its role and its timeline', async () => {
    const text = await createMetrics(new FakeController(SCENARIOS.lagHeld())).text();
    expect(text).toContain('ekimi_member_leader{scope="email-cluster",member="patroni1"} 1');
    expect(text).toContain('ekimi_member_leader{scope="email-cluster",member="patroni2"} 0');
    expect(text).toContain('ekimi_member_role{scope="email-cluster",member="patroni1",role="primary"} 1');
    expect(text).toMatch(/ekimi_member_timeline\{scope="email-cluster",member="patroni1"\} \d+/);
  });

  it('are named once each, with the prefix, the unit and a help text', () => {
    const rows = [BUILD_INFO, ...GAUGES, ...Object.values(COUNTERS), ...Object.values(HISTOGRAMS)];
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows) expect(row.name.startsWith('ekimi_') && row.help.length > 10, row.name).toBe(true);
    for (const { name, unit } of GAUGES.filter((row) => !row.help.startsWith('Old name')))
      expect(/_(bytes|seconds)(_total)?$/.exec(name)?.[1], name).toBe(unit);
    for (const { name, type } of GAUGES) expect(name.endsWith('_total'), name).toBe(type === 'counter');
  });
});

const PROMTOOL = process.env['PROMTOOL'] ?? '/usr/bin/promtool';

describe.skipIf(!existsSync(PROMTOOL))('metrics, judged by promtool', () => {
  it.each(['healthy', 'lagHeld', 'leaderless'] as const)('have nothing against convention (%s)', async (name) => {
    const text = await createMetrics(new FakeController(SCENARIOS[name]())).text();
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
