import type { ProxyConfig } from '../../model/config.js';
import type { Reply, Step } from '../../model/plan.js';
import type { ProxyServer, ProxyView } from '../../model/proxy.js';
import { fresh, unknown, type Reading } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { ProxyPort } from '../../ports/proxy.js';
import { baseAddress, basicAuth, closingAgent, excerpt, exchange } from '../patroni/exchange.js';
import { adminLevel } from './level.js';
import { runtimeCommand } from './runtime.js';
import { serversFrom, serverStates, type ServerState } from './servers.js';

const EXCERPT_CHARS = 120;
const REPLY_CHARS = 300;

/** The statistics page as CSV: `;csv` goes behind everything else, a query included. */
const csvAddress = (stats: string): URL => baseAddress(stats.includes(';csv') ? stats : `${new URL(stats).href};csv`);

/** A second command behind a newline or `;` would run unseen by the journal. */
const INJECTION = /[\r\n;]/;

/** `show info` costs a connection of its own. */
const INFO_EVERY_MS = 10_000;

/**
 * HAProxy by its statistics page and its runtime API. [patroni.md section 4.1; HAProxy management guide, section 9.3]
 *
 * With a runtime API a view needs both: the statistics show one state at a time, so that a drained server that is down would look
 * as if nobody had drained it. Without one the statistics alone are the view, and every send is refused.
 */
export function haproxyAdapter(proxy: ProxyConfig, deadlineMs: number, clock: Clock): ProxyPort {
  const agent = closingAgent({ tls: proxy.tls, timeoutMs: deadlineMs });
  const statistics = { url: csvAddress(proxy.stats), headers: basicAuth(proxy.statsAuth) };
  const runtime = proxy.runtime === null ? null : new URL(proxy.runtime);

  /** `show servers state`, null without a runtime API, or what stood in the way. */
  async function adminStates(): Promise<ReadonlyMap<string, ServerState> | null | { why: string; fault: Fault }> {
    if (runtime === null) return null;
    const answer = await runtimeCommand(runtime, 'show servers state', deadlineMs);
    if (answer.kind === 'fault') return { why: answer.fault.why, fault: answer.fault.fault };
    const states = serverStates(answer.text);
    return states ?? { why: `answered "${excerpt(answer.text, EXCERPT_CHARS)}"`, fault: 'bad-reply' };
  }

  let started: { readonly atMs: number | null; readonly pid: number | null; readonly askedMs: number } = {
    atMs: null,
    pid: null,
    askedMs: -Infinity,
  };

  /** When the process began, asked now and then: a restart forgets every drain, and that is nobody's word. */
  async function startedAtMs(everyMs = INFO_EVERY_MS): Promise<number | null> {
    if (runtime === null || clock.monotonic() - started.askedMs < everyMs) return started.atMs;
    const answer = await runtimeCommand(runtime, 'show info', deadlineMs);
    // One that begins anew answers nothing at first: until it does it is asked in every pass.
    if (answer.kind === 'fault') return started.atMs;
    const uptime = /^Uptime_sec: (\d+)/m.exec(answer.text);
    const atMs = uptime?.[1] === undefined ? started.atMs : clock.now() - Number(uptime[1]) * 1000;
    const pid = /^Pid: (\d+)/m.exec(answer.text)?.[1];
    started = { atMs, pid: pid === undefined ? started.pid : Number(pid), askedMs: clock.monotonic() };
    return atMs;
  }

  let forced: readonly string[] = [];

  /** A drain is gone: only an answer of this moment tells a person's hand from a proxy that has just begun. */
  function hasLostOne(servers: readonly ProxyServer[]): boolean {
    const before = forced;
    forced = servers
      .filter(({ admin }) => admin.drain || admin.maint)
      .map(({ backend, server }) => `${backend}/${server}`);
    return before.some((name) => !forced.includes(name));
  }

  return {
    canSend: runtime !== null,

    async view(): Promise<Reading<ProxyView>> {
      const source = `GET ${statistics.url.href}`;
      const [page, states, began] = await Promise.all([
        exchange(agent, { method: 'GET', ...statistics, deadlineMs }),
        adminStates(),
        startedAtMs(),
      ]);
      const atMs = clock.now();
      if (page.kind === 'fault') {
        return unknown(page.fault.fault, `${source}: ${page.fault.why}`, atMs, source);
      }
      const said = `"${excerpt(page.body, EXCERPT_CHARS)}"`;
      if (page.status !== 200) {
        const fault = [401, 403].includes(page.status) ? 'denied' : 'http-status';
        return unknown(fault, `${source}: status ${page.status} with ${said}`, atMs, source);
      }
      if (states !== null && 'why' in states) {
        const reason = `show servers state on ${runtime?.href ?? 'the runtime API'}: ${states.why}`;
        return unknown(states.fault, reason, atMs, source);
      }
      const servers = serversFrom(page.body, states);
      if (servers === null) {
        return unknown('bad-reply', `${source}: not HAProxy's CSV but ${said}; check proxy.stats`, atMs, source);
      }
      const startedMs = hasLostOne(servers) ? await startedAtMs(0) : began;
      return fresh({ servers, startedAtMs: startedMs, pid: started.pid }, atMs, source);
    },

    async send(step: Extract<Step, { port: 'proxy' }>): Promise<Reply> {
      const startedMs = clock.monotonic();
      const reply = (effect: Reply['effect'], text: string): Reply => ({
        effect,
        status: null,
        text: text.slice(0, REPLY_CHARS),
        tookMs: Math.round(clock.monotonic() - startedMs),
      });
      if (runtime === null) return reply('none', 'no runtime API is configured (proxy.runtime); nothing was sent');
      if (INJECTION.test(step.command) || step.command.trim() === '') {
        return reply('none', 'refused: one command must be one line without ";"; nothing was sent');
      }
      const answer = await runtimeCommand(runtime, step.command, deadlineMs);
      if (answer.kind === 'fault') {
        return answer.written
          ? reply('maybe', `the command went out, then: ${answer.fault.why}`)
          : reply('none', `nothing was sent: ${answer.fault.why}`);
      }
      const text = excerpt(answer.text, REPLY_CHARS);
      return text === '' ? reply('done', '') : reply('none', text);
    },

    ...(runtime === null ? {} : { rights: async () => [await adminLevel(runtime, deadlineMs, clock)] }),

    close: () => agent.destroy(),
  };
}

type Fault = Extract<Reading<ProxyView>, { kind: 'unknown' }>['fault'];
