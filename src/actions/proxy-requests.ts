import type { Step } from '../model/plan.js';
import type { ServerPlace } from '../model/proxy.js';

type ProxyRequest = Extract<Step, { port: 'proxy' }>;

/** One line of the runtime API of one proxy. */
export const setServer = (
  { proxy, backend, server }: ServerPlace,
  to: `state ${'drain' | 'maint' | 'ready'}` | `health ${'up' | 'down'}`,
): ProxyRequest => ({ port: 'proxy', command: `set server ${backend}/${server} ${to}`, proxy });

export const shutSessions = ({ proxy, backend, server }: ServerPlace): ProxyRequest => ({
  port: 'proxy',
  command: `shutdown sessions server ${backend}/${server}`,
  proxy,
});
