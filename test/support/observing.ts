import { memberName } from '../../src/model/names.js';
import type { ClusterView } from '../../src/model/view.js';
import { observe } from '../../src/observe/observe.js';
import { patientAsker } from '../../src/observe/patience.js';
import type { Ports } from '../../src/observe/ports.js';
import type { SimulatedCluster } from '../../src/simulator/world.js';

/** A first look at a simulated cluster through `ports`, in which everything is asked. */
export const firstLook = (cluster: SimulatedCluster, ports: Ports, suspect = false): Promise<ClusterView> =>
  observe(
    ports,
    {
      scope: cluster.options.scope,
      members: cluster.options.members.map(memberName),
      dcsNames: cluster.options.dcs,
      proxies: [],
    },
    {
      previous: null,
      tick: 1,
      suspect,
      closely: new Set(),
      notBefore: null,
      lastPass: null,
      beforeRequest: null,
      asker: patientAsker(ports.clock),
    },
  );
