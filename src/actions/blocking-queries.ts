import { z } from 'zod';
import { leaderKeyHolder } from '../assess/leader.js';
import type { MemberName } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { ReplayBlocker } from '../model/sql.js';
import { memberOf } from '../model/view.js';
import { action, bound, met, pending, type ActionInput } from './action.js';

/** Backends on the replica that replay waits for and that policy does not protect. */
function offenders(input: ActionInput, target: MemberName): readonly ReplayBlocker[] {
  const member = memberOf(input.view, target);
  const sql = member === null ? null : freshValue(member.sql);
  const { olderThanMs, neverUsers, neverApplications, neverDatabases } = input.policy.blockers;
  return (sql?.blockers ?? []).filter(
    (row) =>
      row.confirmed &&
      row.xactAgeMs >= olderThanMs &&
      !neverUsers.includes(row.user) &&
      !neverApplications.includes(row.application) &&
      !neverDatabases.includes(row.database),
  );
}

interface Way {
  readonly name: 'cancel-blocking-queries' | 'terminate-blocking-queries';
  readonly statement: 'cancel-backend' | 'terminate-backend';
  readonly summary: string;
}

/** One backend a run, the oldest: then look again. */
const against = ({ name, statement, summary }: Way) =>
  action({
    name,
    params: z.object({
      pid: z.int(),
      backendStart: z.string(),
      who: z.string().exactOptional(),
      query: z.string().exactOptional(),
    }),
    class: 'sessions',
    runbook: 'Replication Lag Management > Remediation Steps',
    summary,
    inverse: null,
    inverseNote: 'a cancelled query is run again by whoever wants it',
    refusals: 'the target holds the leader key; the backend (pid and start) no longer blocks replay',
    needs: () => ['sql'],
    disruptsTarget: false,
    destroysCopy: false,
    bind: (input, target) => {
      const worst = [...offenders(input, target)].sort((a, b) => b.xactAgeMs - a.xactAgeMs)[0];
      if (worst === undefined)
        return {
          kind: 'nothing',
          why: `no backend on ${target} blocks replay for long enough, or policy protects those that do`,
        };
      return bound({
        pid: worst.pid,
        backendStart: worst.backendStart,
        who: `${worst.user}@${worst.database} ${worst.application}`,
        query: worst.query,
      });
    },
    // Whether a query is in the way is `bind`'s question; nothing here can be "already done".
    alreadyTrue: () => false,
    refuse: (input, plan) => {
      if (leaderKeyHolder(input.view) === plan.target)
        return `${plan.target} holds the leader key: nothing blocks replay there`;
      const still = offenders(input, plan.target).some(
        (row) => row.pid === plan.params.pid && row.backendStart === plan.params.backendStart,
      );
      return still ? null : `pid ${plan.params.pid} no longer blocks replay on ${plan.target}`;
    },
    steps: (_input, plan) => [
      {
        step: {
          port: 'sql',
          member: plan.target,
          statement,
          pid: plan.params.pid,
          backendStart: plan.params.backendStart,
        },
        withinMs: 20_000,
        expect: ({ view }) => {
          const member = memberOf(view, plan.target);
          const sql = member === null ? null : freshValue(member.sql);
          if (sql === null) return pending(`PostgreSQL on ${plan.target} did not answer`);
          const pid = plan.params.pid;
          const blocking = sql.blockers.filter((row) => row.confirmed);
          if (blocking.some((row) => row.pid === pid && row.backendStart === plan.params.backendStart))
            return pending(`pid ${pid} still blocks replay`);
          const others = blocking.map((row) => row.pid).join(', ');
          return met(`replay no longer waits for pid ${pid}${others === '' ? '' : `, and now for pid ${others}`}`);
        },
      },
    ],
  });

export const cancelBlockingQueries = against({
  name: 'cancel-blocking-queries',
  statement: 'cancel-backend',
  summary: 'cancel the oldest query that replay waits for',
});

export const terminateBlockingQueries = against({
  name: 'terminate-blocking-queries',
  statement: 'terminate-backend',
  summary: 'end the session of the oldest query that replay waits for',
});
