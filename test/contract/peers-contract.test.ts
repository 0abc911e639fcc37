import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { peersAdapter } from '../../src/adapters/hosts/peers/peers-adapter.js';
import { freshValue } from '../../src/model/reading.js';
import type { HostPort } from '../../src/ports/host.js';
import { localCommands } from './command-rig.js';
import { containers, IMAGE } from './docker-rig.js';
import { EtcdLab, freePort, programOf, until } from './etcd-support.js';
import { hostContract, type HostRig } from './host-contract.js';
import { peersCluster } from './peers-support.js';

const program = programOf('etcd');

async function serving(answer: RequestListener): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A driver that is lent by one instance to the holder of tenure, a real etcd between them. */
async function lent(open: () => Promise<HostRig>): Promise<HostRig> {
  const lab = await EtcdLab.start(program ?? '', 1);
  const [theirs, ours] = [etcdAdapter(lab.config(1_500), systemClock), etcdAdapter(lab.config(1_500), systemClock)];
  await until('etcd answers', async () => freshValue(await ours.keys()) !== null);
  const held = await ours.holdTenure('holder', 600_000);
  if (held.kind !== 'held') throw new Error(JSON.stringify(held));
  const rig = await open();
  const others = [rig.nobody, ...(rig.misplaced === undefined ? [] : [rig.misplaced])];
  const own = [rig.one, rig.store, ...others];
  const lending = { own, peers: { listen: { host: '127.0.0.1', port: 0 } } };
  const lender = peersAdapter(peersCluster(lending), systemClock, rig.port, theirs);
  const url = await lender.lend?.({ instance: 'peer', told: () => undefined });
  const deaf = await serving(() => undefined);
  const talker = await serving((_, response) => response.end('x'.repeat(20_000_000)));
  const asking = (at: string, deadlineMs: number): HostPort => {
    const peers = {
      local: null,
      members: Object.fromEntries([rig.one, ...others].map(({ name }) => [name, at])),
      dcs: { [rig.store.name]: at },
    };
    const port = peersAdapter(peersCluster({ deadlineMs, peers }), systemClock, null, ours);
    // As the kernel does: under the tenure that we have.
    return {
      ...port,
      send: (step) => port.send(step, held.grant),
      moveAside: async (target, how) =>
        (await port.moveAside?.(target, how, held.grant)) ?? Promise.reject(new Error('it moves nothing')),
      removeAside: async (target, name) =>
        (await port.removeAside?.(target, name, held.grant)) ?? Promise.reject(new Error('it removes nothing')),
    };
  };
  const port = asking(url ?? '', 20_000);
  const broken = {
    hangs: asking(deaf.url, 300),
    missing: asking(`http://127.0.0.1:${await freePort()}`, 2_000),
    endless: asking(talker.url, 5_000),
  };
  return {
    ...rig,
    port,
    broken,
    // A wake-up carries no facts: what it is about is asked for.
    wakes: /^http\S+ tells of a change/,
    close: async () => {
      await Promise.all([port, ...Object.values(broken)].map((one) => one.close()));
      for (const { server } of [deaf, talker]) {
        server.closeAllConnections();
        server.close();
      }
      await lender.close();
      await rig.close();
      await Promise.all([theirs.close(), ours.close()]);
      await lab.stop();
    },
  };
}

hostContract({
  driver: 'peers',
  lends: 'docker',
  against: 'an instance that lends the driver docker, and a real etcd',
  unless: program === null || IMAGE === '' ? 'it needs etcd, and an engine with an image of the lab' : null,
  open: () => lent(containers),
});

hostContract({
  driver: 'peers',
  lends: 'command',
  against: 'an instance that lends the driver command, and a real etcd',
  unless: program === null ? 'it needs etcd' : null,
  open: () => lent(localCommands),
});
