import type { Channel, LinkRule, Links } from './parts.js';
import type { World } from './state.js';

/**
 * The network as one table: who can open no connection to whom. Parts are named: members and etcd endpoints by their own names, and the
 * others as below. What is not in the table works.
 */
/** The controller of runs with only one; others are parts under their own names. */
export const CONTROLLER = 'controller';
export const PROXY = 'proxy';
export const HOST_DRIVER = 'host-driver';
/** The other site's primary, which a standby cluster follows, as a part of the network. */
export const ELSEWHERE = 'elsewhere';

export const newLinks = (): Links => ({ rules: [], closed: new Set() });

const keyOf = (from: string, to: string, channel: Channel | null): string =>
  channel === null ? `${from}>${to}` : `${from}>${to}/${channel}`;

/** May `from` open a connection to `to`, and do packets come back? */
export function opens({ links }: World, from: string, to: string, channel?: Channel): boolean {
  const { closed } = links;
  if (closed.size === 0) return true;
  return !closed.has(keyOf(from, to, null)) && (channel === undefined || !closed.has(keyOf(from, to, channel)));
}

function change({ links }: World, rules: readonly LinkRule[]): void {
  links.rules = rules;
  links.closed.clear();
  for (const { from, to, channel } of rules) links.closed.add(keyOf(from, to, channel));
}

export function cutOneWay(world: World, from: string, to: string, owner: string, channel: Channel | null = null): void {
  change(world, [...world.links.rules, { owner, from, to, channel }]);
}

export function cutBothWays(world: World, one: string, other: string, owner: string): void {
  cutOneWay(world, one, other, owner);
  cutOneWay(world, other, one, owner);
}

export function healOwner(world: World, owner: string): void {
  change(
    world,
    world.links.rules.filter((rule) => rule.owner !== owner),
  );
}

/** Who owns the cuts of one link. */
export const pairName = (one: string, other: string): string => [one, other].sort().join('|');

const membersBut = (world: World, name: string): readonly string[] => [
  ...world.members.map((member) => member.name).filter((other) => other !== name),
  ELSEWHERE,
];

/** What a partition of a member from a kind of thing means, link by link. */
export const PARTITIONS = {
  dcs: ({ etcd }: World): readonly string[] => [...etcd.endpoints.keys()],
  peers: membersBut,
  proxy: (): readonly string[] => [PROXY],
  observer: ({ observers }: World): readonly string[] => [CONTROLLER, ...observers.keys()],
};

/** What the controller loses of one kind. */
export const SIGHTS = {
  patroni: ({ members }: World) => members.map(({ name }) => [name, 'api'] as const),
  sql: ({ members }: World) => members.map(({ name }) => [name, 'sql'] as const),
  dcs: ({ etcd }: World) => [...etcd.endpoints.keys()].map((name) => [name, null] as const),
  proxy: () => [[PROXY, null] as const],
  host: () => [[HOST_DRIVER, null] as const],
};

/** Every name that a link may have at an end. */
export const allParts = (world: World): readonly string[] => [
  ...world.members.map((member): string => member.name),
  ...world.etcd.endpoints.keys(),
  ...[CONTROLLER, ...world.observers.keys(), PROXY, HOST_DRIVER, ELSEWHERE],
];

/** Another name is a mistake in a test. */
export function knownPart(world: World, name: string): string {
  const names = allParts(world);
  if (names.includes(name)) return name;
  throw new Error(`no part ${name} in the simulated cluster; there are ${names.join(', ')}`);
}

/** Whether any endpoint of etcd can be asked from here. */
export const opensEtcd = (world: World, from: string): boolean =>
  world.links.closed.size === 0 || [...world.etcd.endpoints.keys()].some((name) => opens(world, from, name));
