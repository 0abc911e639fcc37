import type { Reply, Step } from '../../src/model/plan.js';
import type { ProxyAdmin, ProxyServer } from '../../src/model/proxy.js';
import { fresh, unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { proxyOf } from './proxies.js';

const FREE: ProxyAdmin = { drain: false, maint: false, resolution: false };

/**
 * A second HAProxy beside the simulated one, whose checks find what that one's find, and which is told by itself. Tests change its fields.
 */
export class SecondProxy {
  /** What it was told, in order. */
  readonly told: string[] = [];
  isSilent = false;
  /** What its runtime API answers to every command; null: it obeys. */
  refusal: string | null = null;
  /** Another cluster's: its servers are none of ours. */
  isOfOthers = false;
  /** Servers, by name, that lead to another member than the one they are called like: by what the resolver says now. */
  readonly moved = new Map<string, string>();
  /** Called when the first proxy was told something. */
  whenNorthIsTold: (command: string) => void = () => undefined;
  /** Another cluster's with the same names: all of its servers are elsewhere, and patroni2 leads it. */
  isElsewhere = false;
  /** Ours by addresses of a network that we know nothing of. */
  isOnOtherNetwork = false;
  pid = 100;
  #admin = new Map<string, ProxyAdmin>();

  /** Another process behind the address: what was set at run time is lost. */
  begunAnew(): void {
    this.pid += 1;
    this.#admin = new Map();
  }

  adminOf(server: string): ProxyAdmin {
    return this.#admin.get(`postgres_replicas/${server}`) ?? FREE;
  }

  /** The ports with this one as `south`, and the simulated one as `north`. */
  readonly wrap = (ports: Ports): Ports => {
    const north = proxyOf(ports);
    const south = {
      ...north,
      view: async () => {
        const reading = await north.view();
        if (this.isSilent) return unknown('timeout', 'south: no answer in time', reading.atMs, 'south');
        if (reading.kind === 'unknown') return reading;
        return { ...reading, value: { pid: this.pid, servers: reading.value.servers.map((row) => this.#seen(row)) } };
      },
      send: (step: Extract<Step, { port: 'proxy' }>) => Promise.resolve(this.#obeyed(step.command)),
    };
    const told: typeof north = {
      ...north,
      send: async (step) => {
        const reply = await north.send(step);
        this.whenNorthIsTold(step.command);
        return reply;
      },
    };
    const names = {
      resolve: (hosts: readonly string[]) => {
        const known = Object.fromEntries(hosts.map((host) => [host, [`10.0.0.${host.slice(-1)}`]]));
        return Promise.resolve(fresh(known, ports.clock.now(), 'names'));
      },
    };
    return { ...ports, names, proxies: { north: told, south } };
  };

  #seen(row: ProxyServer): ProxyServer {
    if (this.isOfOthers) return { ...row, server: `other-${row.server}` };
    const admin = this.#admin.get(`${row.backend}/${row.server}`) ?? FREE;
    const leadsTo =
      this.isElsewhere || this.isOnOtherNetwork ? `10.7.0.${row.server.slice(-1)}` : this.moved.get(row.server);
    const address = leadsTo === undefined ? {} : { address: { host: leadsTo, port: 5432 } };
    const up =
      this.isElsewhere && row.backend === 'postgres_primary' ? row.server === 'patroni2' : row.up || row.admin.maint;
    const own = { ...row, ...address, admin, up };
    return admin.maint ? { ...own, up: false, status: 'MAINT' } : admin.drain ? { ...own, status: 'DRAIN' } : own;
  }

  #obeyed(command: string): Reply {
    this.told.push(command);
    const reply = (effect: Reply['effect'], text: string): Reply => ({ effect, status: null, text, tookMs: 1 });
    if (this.isSilent) return reply('none', 'nothing was sent: no answer in time');
    if (this.refusal !== null) return reply('none', this.refusal);
    const [, server, state] = /^set server (\S+) state (\S+)$/.exec(command) ?? [];
    if (server !== undefined) this.#admin.set(server, { ...FREE, drain: state === 'drain', maint: state === 'maint' });
    return reply('done', '');
  }
}
