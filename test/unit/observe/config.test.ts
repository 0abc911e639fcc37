import { describe, expect, it } from 'vitest';
import type { ClusterView } from '../../../src/model/view.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';
import { firstLook } from '../../support/observing.js';

/** One look; `asked` counts the calls of `GET /config`. */
async function lookAt(cluster: SimulatedCluster): Promise<{ view: ClusterView; asked: number }> {
  const ports = cluster.ports();
  let asked = 0;
  const config = (name: Parameters<typeof ports.patroni.config>[0]) => {
    asked += 1;
    return ports.patroni.config(name);
  };
  const view = await firstLook(cluster, { ...ports, patroni: { ...ports.patroni, config } });
  return { view, asked };
}

describe("the cluster's configuration", () => {
  it("is etcd's copy of this very pass, and no member is asked for its own", async () => {
    const cluster = createCluster();
    cluster.pause();
    const { view, asked } = await lookAt(cluster);
    expect(view.config).toMatchObject({ kind: 'fresh', value: { paused: true, ttlMs: 30_000 }, source: 'etcd config' });
    expect(asked).toBe(0);
  });

  it('is the copy that a member took in its last loop where the key cannot be read', async () => {
    const cluster = createCluster();
    cluster.pause();
    cluster.breakConfig();
    const { view, asked } = await lookAt(cluster);
    expect(view.config).toMatchObject({ kind: 'fresh', value: { paused: false }, source: 'patroni1 /config' });
    expect(asked).toBe(1);
  });

  it('is asked of a member while etcd is lost', async () => {
    const cluster = createCluster();
    cluster.stopEtcd(2);
    expect((await lookAt(cluster)).view.config).toMatchObject({ kind: 'fresh', source: 'patroni1 /config' });
  });
});
