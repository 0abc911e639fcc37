import { describe, expect, it } from 'vitest';
import { unknown } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { createCluster } from '../../../src/simulator/world.js';
import { firstLook } from '../../support/observing.js';

/** One look at a cluster of which patroni2's API is silent or not; `asked` are the members whose log was read. */
async function lookAt({ isSilent }: { readonly isSilent: boolean }): Promise<{ view: ClusterView; asked: string[] }> {
  const cluster = createCluster();
  cluster.breakData('patroni2');
  cluster.advance(30_000);
  const ports = cluster.ports();
  const asked: string[] = [];
  const view = await firstLook(
    cluster,
    {
      ...ports,
      patroni: {
        ...ports.patroni,
        status: async (name) =>
          isSilent && name === 'patroni2' ? unknown('timeout', 'no answer', 0, 'patroni2') : ports.patroni.status(name),
      },
      host: {
        ...ports.host,
        logs: async (target, lines, sinceMs) => {
          asked.push(target.name);
          return ports.host.logs!(target, lines, sinceMs);
        },
      },
    },
    true,
  );
  return { view, asked };
}

const logOf = (view: ClusterView) => view.members.find((member) => member.name === 'patroni2')?.log;

describe("the log of a member's PostgreSQL", () => {
  it.each([
    ['answers', false],
    ['is silent: the log comes another way, and tells why', true],
  ])('is read where the API of the member %s', async (_case, isSilent) => {
    const { view, asked } = await lookAt({ isSilent });
    expect(asked).toContain('patroni2');
    expect(logOf(view)).toMatchObject({ kind: 'fresh' });
  });

  it('is read of a replica that streams for pages that cannot be read alone', async () => {
    const { asked, view } = await lookAt({ isSilent: false });
    expect(asked.filter((name) => name === 'patroni3')).toHaveLength(1);
    expect(view.members.find((member) => member.name === 'patroni3')).toMatchObject({
      log: { kind: 'unknown', fault: 'not-read-yet' },
      damage: { kind: 'fresh' },
    });
  });

  it('leaves what goes by the silent API unasked', async () => {
    const { view } = await lookAt({ isSilent: true });
    expect(view.members.find((member) => member.name === 'patroni2')?.metrics).toMatchObject({
      kind: 'unknown',
      reason: 'not asked: no answer',
    });
  });
});
