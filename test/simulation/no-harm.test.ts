import { describe, expect, it } from 'vitest';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
/** Everything that repairs may do so unasked: what holds it back is what is known of the member. */
const policy = testPolicy({}, { 'reinitialize-replica': AUTO, 'restart-member': AUTO, 'start-member': AUTO });

async function quiet(): Promise<Rig> {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  return ekimi;
}

const active = ({ session }: Rig): readonly string[] =>
  session.states.problems.flatMap((row) => (row.phase === 'active' ? [`${row.code}/${row.subject}`] : []));

describe('our way to a member is cut', () => {
  it('[S4] the leader streams to it and its key is renewed: it is told, and nothing is sent', async () => {
    const ekimi = await quiet();
    ekimi.cluster.cutLink('controller', 'patroni3');
    await ekimi.run(120);
    expect(active(ekimi)).toEqual(['member-unreachable/patroni3', 'too-few-replicas/email-cluster']);
    expect(ekimi.requests()).toEqual([]);
    ekimi.cluster.healLink('controller', 'patroni3');
    await ekimi.run(30);
    expect(active(ekimi)).toEqual([]);
  });
});
