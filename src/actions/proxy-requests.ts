import type { Step } from '../model/plan.js';
import type { ServerPlace } from '../model/proxy.js';
import type { ServerClaim } from './action.js';

type ProxyRequest = Extract<Step, { port: 'proxy' }>;

/** One line of the runtime API of one proxy. */
export const setServer = (
  { proxy, backend, server }: ServerPlace,
  to: `state ${'drain' | 'maint' | 'ready'}` | `health ${Health}`,
): ProxyRequest => ({ port: 'proxy', command: `set server ${backend}/${server} ${to}`, proxy });

/** `stopping`: sessions stay, nothing new comes, and the next check that passes puts it back. [HAProxy 2.6 and 3.2, tried] */
export type Health = 'up' | 'down' | 'stopping';

export interface Told extends ServerClaim {
  readonly state: Health;
}

/** All of them in one request, each proxy in this order. `withinMs`: who has not answered by then is not waited for. */
export const tellProxies = (told: readonly Told[], withinMs: number) => ({
  step: {
    port: 'proxies',
    tells: told.map(({ place, state }) => ({
      proxy: place.proxy,
      command: setServer(place, `health ${state}`).command,
    })),
    withinMs,
  } as const,
  whoseEach: told.map(({ place, members }) => ({ place, members })),
});

export const shutSessions = ({ proxy, backend, server }: ServerPlace): ProxyRequest => ({
  port: 'proxy',
  command: `shutdown sessions server ${backend}/${server}`,
  proxy,
});
