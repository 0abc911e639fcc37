import { cutBothWays, cutOneWay, healOwner, knownPart, pairName, PARTITIONS } from './links.js';
import type { At, Part } from './member-faults.js';
import { note, type World } from './state.js';

/** Cuts of the network and their repair, each as rules of the one table of links. */
export function linkFaults(
  world: World,
  at: At,
): Part<
  'cutLink' | 'cutOneWay' | 'healLink' | 'refuseReplication' | 'muteStandby' | 'setWalSenders' | 'partition' | 'heal'
> {
  const pair = (one: string, other: string): string => pairName(knownPart(world, one), knownPart(world, other));
  return {
    cutLink: (one, other) => {
      cutBothWays(world, one, other, pair(one, other));
      note(world, `the link between ${one} and ${other} is cut`);
    },
    cutOneWay: (from, to, channel) => {
      cutOneWay(world, from, to, pair(from, to), channel ?? null);
      note(world, `${from} can open no connection to ${to}`);
    },
    healLink: (one, other) => {
      healOwner(world, pair(one, other));
      note(world, `the link between ${one} and ${other} is well`);
    },
    partition: (name, from) => {
      const member = at(name);
      for (const kind of from === 'all' ? (['dcs', 'peers', 'proxy', 'observer'] as const) : [from])
        for (const other of PARTITIONS[kind](world, name)) cutBothWays(world, member.name, other, name);
      note(world, `${name} is cut off from ${from}`);
    },
    heal: (name) => {
      healOwner(world, at(name).name);
      note(world, `${name} is connected again`);
    },
    refuseReplication: (name, on = true) => {
      at(name).postgres.refusesReplication = on;
      note(world, `${name} ${on ? 'refuses' : 'lets in'} replication connections`);
    },
    muteStandby: (name, on = true) => {
      at(name).postgres.mute = on;
      note(world, `${name} ${on ? 'acknowledges nothing any more' : 'acknowledges again'}`);
    },
    setWalSenders: (name, max) => {
      at(name).postgres.maxWalSenders = max;
      note(world, `${name} has ${max} WAL senders`);
    },
  };
}
