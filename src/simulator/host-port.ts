import type { Aside } from '../model/aside.js';
import { memberName } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import { fresh, unknown } from '../model/reading.js';
import type { HostPort } from '../ports/host.js';
import { listAside, moveAside, removeAside } from './asides.js';
import { dataOf, listStoreAside, moveStoreAside } from './etcd-data.js';
import { read, send, type Fault } from './exchange.js';
import { killHost, setEtcdHost, startHost, stopHost } from './host.js';
import { HOST_DRIVER, opens } from './links.js';
import { diskStatus } from './disks.js';
import { controlOf } from './control.js';
import { surplusOf } from './surplus.js';
import { logOf } from './log.js';
import { wallMs } from './observer.js';
import type { Sight } from './wire.js';
import { memberSim, type HostSim, type MemberSim, type World } from './state.js';

export const hostFault = ({ world, observer }: Sight): Fault | null =>
  !opens(world, observer.name, HOST_DRIVER) ? { fault: 'timeout', reason: 'host driver: no answer in time' } : null;

/** The host driver as our adapter would show it. */
export function hostPort(sight: Sight): HostPort {
  const { world, observer } = sight;
  const status = (host: HostSim) => ({
    state: host.state,
    id: host.id,
    startedAtMs: host.startedAtMs,
    finishedAtMs: host.finishedAtMs,
    exitCode: host.exitCode,
    oomKilled: false,
    restartCount: host.restartCount,
  });
  return {
    status: async ({ kind, name }) => {
      if (kind === 'member')
        return read(
          sight,
          `host ${name}`,
          memberSim(world, name),
          () => hostFault(sight),
          (member) => status(member.host),
        );
      const host = kind === 'store' ? world.etcd.endpoints.get(name) : undefined;
      const fault = hostFault(sight);
      if (fault !== null) await world.time.block(() => false, world.options.deadlineMs);
      const atMs = wallMs(world, observer);
      if (fault !== null) return unknown(fault.fault, fault.reason, atMs, `host ${name}`);
      if (host === undefined) return unknown('not-configured', `no host is known for ${name}`, atMs, `host ${name}`);
      return fresh(status(host), atMs, `host ${name}`);
    },
    logs: ({ name }, count, forMs) =>
      read(
        sight,
        `logs of ${name}`,
        memberSim(world, name),
        () => hostFault(sight),
        (member) => logOf(world, member, count, forMs),
      ),
    disk: ({ name }) =>
      read(
        sight,
        `disk of ${name}`,
        memberSim(world, name),
        () => hostFault(sight),
        (member) => diskStatus(world, member),
      ),
    surplus: ({ name }, span) =>
      read(
        sight,
        `pg_waldump on ${name}`,
        memberSim(world, name),
        (_, member) => hostFault(sight) ?? noSurplus(member),
        (member) => surplusOf(world, member, span),
      ),
    moveAside: async ({ kind, name }, how) => {
      if (kind === 'store') {
        const step = { port: 'aside', call: 'move-store', store: name, ...how } as const;
        const reply = await send(
          sight,
          step,
          () => hostFault(sight),
          () => ({ ...moveStoreAside(world, name, how), status: null }),
        );
        return { ...reply, to: reply.effect === 'done' ? reply.text : null, bytes: null };
      }
      const step = { port: 'aside', call: 'move', member: memberName(name), ...how } as const;
      const seen: Pick<Aside, 'to' | 'bytes'>[] = [];
      const reply = await send(
        sight,
        step,
        () => hostFault(sight),
        () => {
          const { effect, text, ...moved } = moveAside(world, memberSim(world, name), how);
          seen.push(moved);
          return { effect, text, status: null };
        },
      );
      return { ...reply, ...((reply.effect === 'done' ? seen[0] : undefined) ?? { to: null, bytes: null }) };
    },
    listAside: async ({ kind, name }) => {
      const source = `what lies aside of ${name}`;
      if (kind === 'member') return read(sight, source, memberSim(world, name), () => hostFault(sight), listAside);
      const fault = hostFault(sight);
      const atMs = wallMs(world, observer);
      return fault === null
        ? fresh(listStoreAside(world.etcd, name), atMs, source)
        : unknown(fault.fault, fault.reason, atMs, source);
    },
    removeAside: ({ name }, directory) =>
      send(
        sight,
        { port: 'aside', call: 'remove', member: memberName(name), directory },
        () => hostFault(sight),
        () => removeAside(world, memberSim(world, name), directory),
      ),
    storeData: async ({ name }) => {
      const fault = hostFault(sight);
      if (fault !== null) await world.time.block(() => false, world.options.deadlineMs);
      const source = `data directory of ${name}`;
      const atMs = wallMs(world, observer);
      if (fault !== null) return unknown(fault.fault, fault.reason, atMs, source);
      return fresh(
        dataOf(world.etcd, name) === 0 ? { holds: 'nothing' } : { holds: 'member', whyNotAside: null },
        atMs,
        source,
      );
    },
    controldata: ({ name }) =>
      read(
        sight,
        `pg_control of ${name}`,
        memberSim(world, name),
        (_, member) => hostFault(sight) ?? noControl(member),
        (member) => controlOf(world, member),
      ),
    send: (step) =>
      send(
        sight,
        step,
        () => hostFault(sight),
        () => hostVerb(world, step),
      ),
    onEvent: (wake) => {
      world.hostWakes.add(wake);
      return () => world.hostWakes.delete(wake);
    },
    close: () => Promise.resolve(),
  };
}

/** A program of the member's own: it has to run, and to be there. */
function noSurplus({ name, host, postgres }: MemberSim): Fault | null {
  if (host.state !== 'running') return { fault: 'bad-reply', reason: `pg_waldump on ${name}: it does not run` };
  return postgres.surplus === 'no-program'
    ? { fault: 'bad-reply', reason: `pg_waldump on ${name}: pg_waldump of version 15 is not there` }
    : null;
}

const noControl = ({ name, postgres }: MemberSim): Fault | null =>
  postgres.directory === 'whole'
    ? null
    : { fault: 'http-status', reason: `pg_control of ${name}: Could not find the file in container` };

async function hostVerb(world: World, step: Extract<Step, { port: 'host' }>): Promise<Omit<Reply, 'tookMs'>> {
  const { kind, name } = step.target;
  if (kind === 'store') return storeVerb(world, name, step);
  const member = memberSim(world, name);
  if (step.id !== undefined && step.id !== member.host.id)
    return { effect: 'none', status: 404, text: `No such container: ${step.id}` };
  if (step.verb === 'kill') killHost(world, member);
  if (step.verb === 'stop' || step.verb === 'restart') {
    // Docker sends TERM first and KILL only after its grace; a frozen process never hears the first.
    const deaf = member.patroni.frozen || member.host.state === 'paused';
    if (member.host.state !== 'stopped') await world.time.block(() => false, deaf ? (step.graceMs ?? 10_000) : 1000);
    stopHost(world, member);
  }
  if (step.verb === 'start' || step.verb === 'restart') startHost(world, member);
  return { effect: 'done', status: null, text: `${step.verb} ${name}` };
}

function storeVerb(world: World, name: string, { verb, id }: Extract<Step, { port: 'host' }>): Omit<Reply, 'tookMs'> {
  const host = world.etcd.endpoints.get(name);
  if (host === undefined || (id !== undefined && id !== host.id))
    return { effect: 'none', status: 404, text: `No such container: ${id ?? name}` };
  if (verb !== 'start') setEtcdHost(world, name, 'stopped');
  if (verb === 'start' || verb === 'restart') setEtcdHost(world, name, 'running');
  return { effect: 'done', status: null, text: `${verb} ${name}` };
}
