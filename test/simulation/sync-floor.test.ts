import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';

/** What Patroni makes of a standby that goes, which the gate quorum relies on. */
describe('[P9] two replicas, and synchronous_node_count 2', () => {
  it.each([
    ['mode on', true, false],
    ['strict mode', true, true],
    ['quorum commit', 'quorum', false],
  ] as const)('%s: with one replica gone Patroni makes do with the other, and commits go on', (_name, mode, strict) => {
    const cluster = createCluster();
    cluster.setSynchronousMode(mode);
    cluster.setSynchronousRules({ nodeCount: 2, strict });
    cluster.advance(30_000);
    cluster.startClient('app', 200);
    cluster.killContainer('patroni3');
    cluster.advance(30_000);
    const before = cluster.commits().acknowledged.length;
    cluster.advance(10_000);
    expect(cluster.commits().acknowledged.length).toBeGreaterThan(before);
    cluster.killContainer('patroni2');
    cluster.advance(30_000);
    const alone = cluster.commits().acknowledged.length;
    cluster.advance(10_000);
    expect(cluster.commits().acknowledged.length > alone).toBe(!strict);
  });
});
