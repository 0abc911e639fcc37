import type { ClusterConfig } from '../../../model/config.js';
import type { HostStatus, HostVerb } from '../../../model/host.js';
import type { Reply, Step } from '../../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { HostPort } from '../../../ports/host.js';
import { hostNamed, namesOfHosts } from '../named.js';
import { listAsideInVolumes, moveAsideInVolumes, removeAsideInVolumes } from './aside.js';
import { controlOfContainer } from './control.js';
import { Deaths } from './deaths.js';
import { diskOfContainer, surplusOfContainer } from './disk.js';
import { dockerEngine, engineMessage } from './engine.js';
import { watchEvents } from './events.js';
import { logLinesFrom } from './logs.js';
import { rightsInDocker } from './rights.js';
import { ABSENT, hostStatusFrom, isRestartedByEngine } from './status.js';
import { storeDataOfContainer } from './store-data.js';

/**
 * How long the engine waits for a clean end before it kills. Docker's own 10 s are too short for Patroni: it stops PostgreSQL with
 * a checkpoint and only then gives the leader key back, and killed before that it costs a whole ttl. [patroni.md section 1.5]
 */
const CLEAN_STOP_SECONDS = 60;

/** How long the engine may take to give the last lines of a container's log. */
const LOG_DEADLINE_MS = 1_000;

const VERBS: Readonly<
  Record<
    HostVerb,
    { readonly query: Readonly<Record<string, string>>; readonly extraMs: number; readonly already: string }
  >
> = {
  start: { query: {}, extraMs: 0, already: 'it was running already' },
  stop: {
    query: { t: String(CLEAN_STOP_SECONDS) },
    extraMs: CLEAN_STOP_SECONDS * 1000,
    already: 'it was stopped already',
  },
  restart: { query: { t: String(CLEAN_STOP_SECONDS) }, extraMs: CLEAN_STOP_SECONDS * 1000, already: '' },
  kill: { query: { signal: 'SIGKILL' }, extraMs: 0, already: '' },
};

/**
 * Containers by Docker's Engine API. A container that does not exist is a state, `absent`; an engine that does not answer is an
 * unknown reading: it proves nothing about the member. `stop` and `restart` may take a minute longer than `deadlines.host`.
 */
export function dockerAdapter(cluster: ClusterConfig, clock: Clock): HostPort {
  const hosts = cluster.hosts;
  const deadlineMs = cluster.deadlines.host;
  const engine = hosts === null ? null : dockerEngine(hosts.socket, deadlineMs);
  const deaths = new Deaths(clock);

  async function inspect(container: string | undefined, what: string): Promise<Reading<HostStatus>> {
    if (engine === null || container === undefined) return notConfigured(`container of ${what}`, clock.now());
    const source = `inspect ${container} on ${engine.address}`;
    const askedMs = clock.monotonic();
    const outcome = await engine.call({ method: 'GET', path: `${pathOf(container)}/json`, deadlineMs });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    if (outcome.status === 404) {
      deaths.answered(container, ABSENT, false, askedMs);
      return fresh(ABSENT, atMs, source);
    }
    if (outcome.status !== 200) {
      const reason = `${source}: status ${outcome.status}: ${engineMessage(outcome.body)}`;
      return unknown('http-status', reason, atMs, source);
    }
    try {
      const json: unknown = JSON.parse(outcome.body.toString('utf8'));
      const status = hostStatusFrom(json);
      deaths.answered(container, status, isRestartedByEngine(json), askedMs);
      return fresh(status, atMs, source);
    } catch {
      const said = outcome.body.toString('utf8').slice(0, 120);
      return unknown('bad-reply', `${source}: not a container's description but "${said}"`, atMs, source);
    }
  }

  function status(container: string | undefined, what: string): Promise<Reading<HostStatus>> {
    const ask = () => inspect(container, what);
    if (engine === null || container === undefined) return ask();
    return deaths.orTold(container, `events of ${container} on ${engine.address}`, ask);
  }

  /** Evidence, never a condition: it must not take as long as a reading may. */
  async function logs(
    container: string | undefined,
    what: string,
    count: number,
    forMs?: number,
  ): Promise<Reading<readonly string[]>> {
    if (engine === null || container === undefined) return notConfigured(`container of ${what}`, clock.now());
    const source = `logs of ${container} on ${engine.address}`;
    const outcome = await engine.call({
      method: 'GET',
      path: `${pathOf(container)}/logs`,
      query: {
        stdout: '1',
        stderr: '1',
        tail: String(count),
        ...(forMs === undefined ? {} : { since: String(Math.floor((clock.now() - forMs) / 1000)) }),
      },
      deadlineMs: Math.min(deadlineMs, LOG_DEADLINE_MS),
    });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    if (outcome.status === 200) return fresh(logLinesFrom(outcome.body).slice(-count), atMs, source);
    const reason = `${source}: status ${outcome.status}: ${engineMessage(outcome.body)}`;
    return unknown('http-status', reason, atMs, source);
  }

  return {
    status: (target) => status(hostNamed(cluster, target), target.name),
    logs: (target, count, forMs) => logs(hostNamed(cluster, target), target.name, count, forMs),
    disk: (target) => diskOfContainer({ cluster, engine, clock }, target),
    surplus: (target, span) => surplusOfContainer({ cluster, engine, clock }, target, span),
    moveAside: (target, how) => moveAsideInVolumes({ cluster, engine, clock }, target, how),
    listAside: (target) => listAsideInVolumes({ cluster, engine, clock }, target),
    removeAside: (target, name) => removeAsideInVolumes({ cluster, engine, clock }, target, name),

    ...(engine === null
      ? {}
      : {
          controldata: (target) => controlOfContainer({ cluster, engine, clock }, target),
          storeData: (target) => storeDataOfContainer({ cluster, engine, clock }, target),
          rights: () => rightsInDocker(engine, { deadlineMs, clock, isTagged: cluster.tags?.driver === 'docker' }),
        }),

    async send(step): Promise<Reply> {
      const startedMs = clock.monotonic();
      const reply = (effect: Reply['effect'], status: number | null, text: string): Reply => ({
        effect,
        status,
        text: text.slice(0, 300),
        tookMs: Math.round(clock.monotonic() - startedMs),
      });
      const container = hostNamed(cluster, step.target);
      if (engine === null || container === undefined) {
        return reply('none', null, `no container is configured for ${step.target.name} (hosts); nothing was sent`);
      }
      const { query, extraMs, already } = requestFor(step);
      // By its id where one was looked at: a container that was made anew under this name is another one, and the engine says 404.
      const path = `${pathOf(step.id ?? container)}/${step.verb}`;
      const outcome = await engine.call({ method: 'POST', path, query, deadlineMs: deadlineMs + extraMs });
      if (outcome.kind === 'fault') {
        return outcome.written
          ? reply('maybe', outcome.status, `the request went out, then: ${outcome.fault.why}`)
          : reply('none', null, `nothing was sent: ${outcome.fault.why}`);
      }
      if (outcome.status === 304) return reply('done', 304, already);
      const text = engineMessage(outcome.body);
      if (outcome.status < 300) return reply('done', outcome.status, text);
      // 404 no such container, 409 not running: refused. 500 is also "the start failed half-way".
      return reply(outcome.status < 500 ? 'none' : 'maybe', outcome.status, text);
    },

    onEvent: (wake) =>
      engine === null ? () => undefined : watchEvents(engine, clock, namesOfHosts(cluster), deaths, wake),
    close: async () => {
      await engine?.close();
    },
  };
}

/** A stop with a grace of its own gives up on a clean end sooner. */
function requestFor(step: Extract<Step, { port: 'host' }>): (typeof VERBS)[HostVerb] {
  const { query, extraMs, already } = VERBS[step.verb];
  if (step.verb !== 'stop' || step.graceMs === undefined) return { query, extraMs, already };
  return { query: { t: String(Math.ceil(step.graceMs / 1000)) }, extraMs: step.graceMs, already };
}

const pathOf = (container: string): string => `/containers/${encodeURIComponent(container)}`;
