import type { Scenario, Stage } from './scenario.js';
import type { ClusterOptions } from './state.js';

const MB = 1024 * 1024;
const QUIET_BYTES_PER_SECOND = 128 * 1024;

/** The demo's cluster: Patroni's waits shortened so that a failover fits into the tour. */
export const DEMO_CLUSTER: Partial<ClusterOptions> = {
  scope: 'demo-cluster',
  seed: 7,
  ttlMs: 20_000,
  loopWaitMs: 5000,
  retryTimeoutMs: 5000,
  cloneMs: 6000,
  walBytesPerSecond: QUIET_BYTES_PER_SECOND,
  haproxy: { interMs: 2000, fall: 3, rise: 2 },
};

/** A newcomer's tour, under two minutes: each trouble leaves a controller with the demo's policy time to deal with it before the next. */
export const DEMO_SCRIPT: Scenario = {
  name: 'tour',
  endsAtSeconds: 118,
  rows: [
    {
      atSeconds: 0.5,
      say: 'Three members in good health: patroni1 leads, patroni2 and patroni3 stream from it and serve reads.',
      do: () => undefined,
    },
    {
      atSeconds: 2,
      say: "A batch job floods the leader with writes and patroni3's network link cannot keep up.",
      do: ({ cluster }) => {
        cluster.setLoad(30 * MB);
        cluster.lag('patroni3', 4 * MB);
      },
    },
    {
      atSeconds: 8,
      say: 'patroni3 is now more than 150 MB behind and still answers reads with old data.',
      do: () => undefined,
    },
    {
      atSeconds: 9,
      say: 'The batch job is done, but the slow link keeps patroni3 behind.',
      do: ({ cluster }) => {
        cluster.setLoad(QUIET_BYTES_PER_SECOND);
      },
    },
    {
      atSeconds: 15,
      say: 'The link is repaired and patroni3 catches up; it should serve reads once it has stayed level for a while.',
      do: ({ cluster }) => {
        cluster.healLag('patroni3');
      },
    },
    {
      atSeconds: 34,
      say: 'patroni2 loses its pg_control: Patroni will try to start it again every loop, for ever, without success.',
      do: ({ cluster }) => {
        cluster.breakData('patroni2');
      },
    },
    {
      atSeconds: 76,
      say: "The leader's container is killed. Patroni alone waits until its key expires.",
      do: ({ cluster, kept }) => {
        const leader = cluster.leader();
        if (leader === null) return;
        kept.set('killed', leader);
        cluster.killContainer(leader);
      },
    },
    {
      atSeconds: 104,
      // In dry-run, and before anybody agrees, nobody has started it; nor where time is short.
      say: (stage) =>
        stillDown(stage) === null
          ? 'The old leader was started again before anybody came: it rewinds and follows.'
          : 'Nobody has started the old leader yet: a person does it now, and it rewinds and follows.',
      do: (stage) => {
        const killed = stillDown(stage);
        if (killed !== null) stage.cluster.startContainer(killed);
      },
    },
  ],
};

/** The leader that the tour has killed, while it does not run; null: it does. */
function stillDown({ cluster, kept }: Pick<Stage, 'cluster' | 'kept'>): string | null {
  const killed = kept.get('killed');
  return killed === undefined || cluster.inspect(killed).host.state === 'running' ? null : killed;
}
