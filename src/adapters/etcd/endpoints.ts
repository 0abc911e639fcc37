import type { Etcd3 } from 'etcd3';
import type { Clock } from '../../ports/clock.js';
import { madeOf } from '../tls/pem.js';
import { clientOf, type DcsConfig } from './client.js';
import { faultOf, isOwnRefusal, provesNothingDone, togetherOf, type EndpointFault, type Fault } from './faults.js';

/** Absolute wall-clock deadline, as gRPC takes it. */
export interface Limit {
  readonly deadline: number;
}

export type Call<T> = (client: Etcd3, limit: Limit) => Promise<T>;

/** `isUndone`: it is proven that no endpoint has carried it out, or will. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T; readonly endpoint: string }
  | ({ readonly ok: false; readonly isUndone?: true } & Fault);

type Attempt<T> =
  | { readonly ok: true; readonly value: T; readonly at: Endpoint }
  | { readonly ok: false; readonly fault: EndpointFault; readonly at: Endpoint };

/** Of one endpoint; `anonymous` brings no login, and is the same one where there is none. `calls`: that have not ended. */
interface Clients {
  readonly client: Etcd3;
  readonly anonymous: Etcd3;
  calls: number;
}

function clientsOf(dcs: DcsConfig, url: string, deadlineMs: number): Clients {
  const client = clientOf(dcs, url, deadlineMs);
  return { client, anonymous: dcs.auth === null ? client : clientOf(dcs, url, deadlineMs, true), calls: 0 };
}

const closeAll = ({ client, anonymous }: Clients): void => {
  client.close();
  if (anonymous !== client) anonymous.close();
};

/** A refusal is an answer, too: etcd from 3.5.28 and 3.6 on refuses the status to whoever brings no login. */
async function anyAnswer(anonymous: Etcd3, limit: Limit): Promise<void> {
  try {
    await anonymous.maintenance.status(limit);
  } catch (error) {
    if (!isOwnRefusal(error)) throw error;
  }
}

/** One configured etcd endpoint with a client of its own, so that a frozen one cannot hold up the others. */
export class Endpoint {
  readonly name: string;
  readonly url: string;
  private readonly clientsNow: () => Clients;
  private clients: Clients;
  private suspect = false;

  constructor(dcs: DcsConfig, host: DcsConfig['hosts'][number], deadlineMs: number) {
    this.name = host.name;
    this.url = host.url;
    this.clientsNow = madeOf(dcs.tls, () => clientsOf(dcs, host.url, deadlineMs));
    this.clients = this.clientsNow();
  }

  /** With renewed certificates there are new clients; the old ones close when their last call has ended, for that may be a transaction. */
  private async within<T>(use: (clients: Clients) => Promise<T>): Promise<T> {
    const clients = this.clientsNow();
    if (clients !== this.clients) {
      const old = this.clients;
      this.clients = clients;
      if (old.calls === 0) closeAll(old);
    }
    clients.calls += 1;
    try {
      return await use(clients);
    } finally {
      clients.calls -= 1;
      if (clients !== this.clients && clients.calls === 0) closeAll(clients);
    }
  }

  async call<T>(call: Call<T>, limit: Limit): Promise<T> {
    return await this.within(async ({ client, anonymous }) => {
      try {
        // etcd3 opens a channel for each token exchange and never closes it: an endpoint that failed is asked something cheap first.
        if (this.suspect && anonymous !== client) await anyAnswer(anonymous, limit);
        const value = await call(client, limit);
        this.suspect = false;
        return value;
      } catch (error) {
        this.suspect = true;
        throw error;
      }
    });
  }

  /** Without a login, which goes through Raft and hangs where there is no quorum. */
  async anonymously<T>(call: Call<T>, limit: Limit): Promise<T> {
    return await this.within(({ anonymous }) => call(anonymous, limit));
  }

  close(): void {
    closeAll(this.clients);
  }
}

/**
 * The configured endpoints, asked in turn: the last good one first; the next one as soon as that has failed or has used up its part of
 * the deadline; the first answer wins. One frozen endpoint therefore costs one part of one deadline, and nothing afterwards. A call may
 * reach more than one endpoint, at any later time, so whatever changes something must carry its precondition inside.
 */
export class Endpoints {
  readonly all: readonly Endpoint[];
  private preferred = 0;

  constructor(
    dcs: DcsConfig,
    private readonly deadlineMs: number,
    private readonly clock: Clock,
  ) {
    this.all = dcs.hosts.map((host) => new Endpoint(dcs, host, deadlineMs));
  }

  /** The limit of a call, or of several that share one deadline. */
  limit(deadlineMs = this.deadlineMs): Limit {
    return { deadline: Date.now() + deadlineMs };
  }

  /** The endpoint that answered last. */
  preferredName(): string {
    return this.all[this.preferred]?.name ?? '';
  }

  async ask<T>(call: Call<T>, limit: Limit = this.limit()): Promise<Answer<T>> {
    const order = [...this.all.slice(this.preferred), ...this.all.slice(0, this.preferred)];
    const partMs = Math.max(0, limit.deadline - Date.now()) / (order.length + 1);
    const faults: EndpointFault[] = [];
    const running = new Map<Endpoint, Promise<Attempt<T>>>();
    for (const [index, endpoint] of order.entries()) {
      running.set(endpoint, attempt(endpoint, call, limit));
      const patienceMs = index === order.length - 1 ? null : partMs;
      const won = await this.firstOf(running, faults, patienceMs);
      if (won !== null) {
        this.preferred = this.all.indexOf(won.at);
        return { ok: true, value: won.value, endpoint: won.at.name };
      }
      // Asked on, an endpoint that is silent would turn a plain "no" into "maybe".
      if (running.size === 0 && faults.at(-1)?.isByRole === true) break;
    }
    const isUndone = running.size === 0 && faults.every(provesNothingDone);
    return { ok: false, ...togetherOf(faults), ...(isUndone && { isUndone }) };
  }

  /** The first success; null when patience ended, one more has failed and another may start, or (without patience) all have failed. */
  private async firstOf<T>(
    running: Map<Endpoint, Promise<Attempt<T>>>,
    faults: EndpointFault[],
    patienceMs: number | null,
  ): Promise<(Attempt<T> & { readonly ok: true }) | null> {
    const patience = new AbortController();
    const timer = patienceMs === null ? [] : [this.clock.sleep(patienceMs, patience.signal).then(() => null)];
    try {
      while (running.size > 0) {
        const first = await Promise.race([...running.values(), ...timer]);
        if (first === null) return null;
        if (first.ok) return first;
        running.delete(first.at);
        faults.push(first.fault);
        if (patienceMs !== null) return null;
      }
      return null;
    } finally {
      // With a reason: without one Node makes an exception, with its stack.
      patience.abort('over');
    }
  }

  close(): void {
    for (const endpoint of this.all) endpoint.close();
  }
}

/** Never rejects: a late loser of a race must not become an unhandled rejection. */
const attempt = async <T>(endpoint: Endpoint, call: Call<T>, limit: Limit): Promise<Attempt<T>> => {
  try {
    return { ok: true, value: await endpoint.call(call, limit), at: endpoint };
  } catch (error) {
    return { ok: false, fault: { endpoint: endpoint.name, ...faultOf(error) }, at: endpoint };
  }
};
