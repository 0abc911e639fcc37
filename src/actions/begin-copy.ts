import { z } from 'zod';
import { leadershipOf } from '../assess/leader.js';
import { whyNotStopped } from '../assess/living.js';
import { memberHost } from '../model/host.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { action, actionPolicy, bound, met, pending } from './action.js';
import { boundTo } from './member-actions.js';
import { RUN_STOPPED } from './permits.js';

/**
 * Starts a member that has no data yet, or none any more: its Patroni then copies the leader. That it is begun is all that this waits for; the
 * copy itself is followed by the procedure, for as long as it takes.
 */
export const beginCopy = action({
  name: 'begin-copy',
  params: z.object({ id: z.string() }),
  class: 'rebuild',
  runbook: 'Maintenance Operations > Adding a New Replica',
  summary: 'start a stopped member, whose Patroni then copies the leader where it has no data',
  inverse: null,
  inverseNote: 'stop it by hand; its Patroni removes what is incomplete and begins anew',
  refusals:
    'the host driver does not prove it stopped; its API or its SQL answers, or another member streams to it; another container bears its name; nobody is proven to lead, so that it could begin a cluster of its own',
  needs: () => ['host'],
  disruptsTarget: false,
  destroysCopy: false,
  permits: { window: RUN_STOPPED },
  bind: (input, target) => {
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(member.host);
    if (host === null) return { kind: 'nothing', why: `the host driver does not say what runs ${target}` };
    return host.state === 'stopped'
      ? bound({ id: host.id })
      : { kind: 'nothing', why: `${target} is ${host.state} by its host driver` };
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && freshValue(member.host)?.state === 'running';
  },
  refuse: (input, { target, params }) => {
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(member.host);
    if (member === null || host?.state !== 'stopped') return `${target} is not proven to be stopped`;
    if (host.id !== params.id) return `another container now bears the name of ${target}`;
    // Patroni with an empty directory and nobody in the lead may begin a cluster of its own, or promote what it finds.
    if (leadershipOf(input.view).kind !== 'proven') return 'nobody is proven to lead: there is nothing to copy';
    return whyNotStopped(input.view, member);
  },
  steps: ({ policy }, { target, params }) => [
    {
      step: { port: 'host', target: memberHost(target), verb: 'start', ...boundTo(params.id) },
      withinMs: actionPolicy(policy, 'begin-copy').timeoutMs,
      expect: ({ view }) => {
        const member = memberOf(view, target);
        const api = member === null ? null : freshValue(member.api);
        return api === null
          ? pending(`Patroni on ${target} does not answer yet`)
          : met(`Patroni on ${target} answers: ${api.stateText}`);
      },
    },
  ],
});
