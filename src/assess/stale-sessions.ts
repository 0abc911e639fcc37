import type { Evidence } from '../model/channel.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { freshValue } from '../model/reading.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { leadershipOf } from './leader.js';
import { lineText, memberLines, type ProxyLine } from './proxy-lines.js';
import { isHeld } from './rotation.js';

/**
 * Servers of the write pools on which a proxy keeps sessions although it has found them down. HAProxy tells no server's `on-marked-down`, and by
 * this it shows: with `shutdown-sessions` nothing is left a moment after the mark. What a person closed is theirs.
 */
export const staleLines = (view: ClusterView, member: string): readonly ProxyLine[] =>
  memberLines(view, 'writes', member).filter(({ row }) => !row.up && !isHeld(row) && row.sessions > 0);

/** Clients that stay where nobody writes any more: on a demoted leader they get errors, on one that is gone they wait for its answer. */
export const assessStaleSessions: Assess = ({ view }) => {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return [];
  const leader = leadership.member.name;
  return view.members
    .filter(({ name }) => name !== leader)
    .flatMap((member) => {
      const lines = staleLines(view, member.name);
      if (lines.length === 0) return [];
      if (lines.every((line) => isMute(view, line)))
        return [
          cannotTell('sessions-stay', member.name, lines.map((line) => staleText(view, line)).join('; '), view.atMs),
        ];
      const told = [
        ...lines.map((line) => says('proxy', staleText(view, line), view.atMs)),
        says('dcs', `${leader} holds the leader key`, view.atMs),
        ...byItself(view, member),
      ];
      return [seen('sessions-stay', member.name, told)];
    });
};

/** Without a runtime API a proxy shows one state at a time: what a person drains and is down says only DOWN. */
const isMute = (view: ClusterView, { proxy }: ProxyLine): boolean =>
  view.proxies.some(({ name, mute }) => name === proxy && mute === true);

/** How many, and how old they are at least: nobody new has come since the mark. */
export function staleText(view: ClusterView, line: ProxyLine): string {
  const { status, sessions, lastChangeSeconds: forS } = line.row;
  const since = forS === null ? '' : ` for ${forS} s`;
  const old = forS === null ? '' : `, each older than that`;
  return `${lineText(view, line)} is ${status}${since} and keeps ${sessions} sessions${old}${isMute(view, line) ? `; whether a person drains it cannot be told without a runtime API of ${line.proxy}` : ''}`;
}

function byItself(view: ClusterView, member: MemberView): readonly Evidence[] {
  const { name } = member;
  const api = freshValue(member.api);
  const sql = freshValue(member.sql);
  const host = freshValue(member.host);
  const clients = sql?.connections.byDatabase.map(({ database, total }) => `${database} ${total}`).join(', ') ?? '';
  const here = clients === '' ? '' : `; clients on it, by any way, by database: ${clients}`;
  return [
    ...(api?.role === 'replica' ? [says('api', `${name} is a replica by its own word`, view.atMs)] : []),
    ...(sql?.inRecovery === true ? [says('sql', `${name} is in recovery and refuses writes${here}`, view.atMs)] : []),
    ...(host !== null && host.state !== 'running'
      ? [
          says(
            'host',
            `${name} is ${host.state} by its host driver: what these sessions ask is never answered`,
            view.atMs,
          ),
        ]
      : []),
  ];
}
