import type { DcsMembership } from '../model/dcs.js';
import type { Finding } from '../model/problem.js';
import { recentValue } from '../model/reading.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';

type Member = DcsMembership['members'][number];
type Listed = NonNullable<DcsMembership['listed']>[number];

/**
 * etcd's own list of members against ours. An endpoint is the member as which it answered last; one that never answered is known by its
 * address, since a member that was replaced may have kept its name, and a list of addresses has names of our own.
 */
export function membershipDiffers({ view, memory }: Assessment): readonly Finding[] {
  const membership = recentValue(view.dcs.membership);
  if (membership === null)
    return [cannotTell('dcs-membership-differs', view.scope, 'etcd did not list its members', view.atMs)];
  const { members, listed } = membership;
  if (listed === undefined || members.length === 0) return [];
  const ids = memory.etcd?.ids ?? {};
  const found = new Map(listed.map((row) => [row.name, memberBehind(members, row, ids[row.name])]));
  const known = new Set([...found.values()].map((member) => member?.id));
  const strangers = members.filter(({ id }) => !known.has(id));
  const texts = [
    ...listed.filter(({ name }) => found.get(name) === undefined).map((row) => deadText(row, members)),
    ...strangers.map((member) => `etcd has the member ${memberText(member)}, which ekimi.yaml does not list`),
    ...members
      .filter(({ isLearner }) => isLearner === true)
      .map((member) => `${memberText(member)} is a learner: no vote`),
  ];
  if (texts.length === 0) return [];
  const evidence = texts.map((text) => says('dcs', text, view.atMs));
  return [seen('dcs-membership-differs', view.scope, evidence, { strangers: strangers.length })];
}

function memberBehind(members: readonly Member[], { url }: Listed, id: string | undefined): Member | undefined {
  if (id !== undefined) return members.find((member) => member.id === id);
  return members.find(({ clientUrls }) => clientUrls.some((one) => address(one) === address(url)));
}

const address = (url: string): string =>
  url
    .toLowerCase()
    .replace(/^[a-z]+:\/\//u, '')
    .replace(/\/+$/u, '');

function deadText({ name, url }: Listed, members: readonly Member[]): string {
  const namesake = members.find((member) => member.name === name);
  const elsewhere = namesake === undefined ? '' : `; etcd has ${memberText(namesake)}`;
  return `no member of etcd is at ${name} (${url}) of ekimi.yaml${elsewhere}`;
}

const memberText = ({ id, name, clientUrls }: Member): string =>
  `${name === '' ? 'not started' : name} (${[id, ...clientUrls].join(', ')})`;
