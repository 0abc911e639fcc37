import type { Step } from '../model/plan.js';
import { ONLY_PROXY } from '../model/proxy.js';

/** What a step for several proxies tells each of them, a line each; of any other step its one line. */
export const stepLines = (step: Step): readonly string[] =>
  step.port === 'proxies' ? step.tells.map((tell) => stepText({ port: 'proxy', ...tell })) : [stepText(step)];

/** One line for people: what would be or was sent. Bodies hold no secret; credentials are added by the adapter. */
export function stepText(step: Step): string {
  switch (step.port) {
    case 'patroni':
      return `${step.method} ${step.path} on ${step.member}${step.body === null ? '' : ` ${JSON.stringify(step.body)}`}`;
    case 'proxy':
      return `haproxy${step.proxy === undefined || step.proxy === ONLY_PROXY ? '' : ` ${step.proxy}`}> ${step.command}`;
    case 'proxies':
      return stepLines(step).join('; ');
    case 'tags':
      return `set tags.${step.tag} = ${step.value} in ${step.member}'s own patroni.yml`;
    case 'sql':
      if (step.statement === 'checkpoint') return `CHECKPOINT on ${step.member}`;
      if (step.statement === 'resume-replay')
        return `SELECT pg_wal_replay_resume() on ${step.member} (if it is still paused at ${step.at})`;
      if (step.statement === 'drop-slot')
        return `SELECT pg_drop_replication_slot('${step.slot}') on ${step.member} (if it is unused and still at ${step.restartLsn})`;
      return step.statement === 'cancel-backend'
        ? `SELECT pg_cancel_backend(${step.pid}) on ${step.member} (backend started ${step.backendStart})`
        : `SELECT pg_terminate_backend(${step.pid}) on ${step.member} (backend started ${step.backendStart})`;
    case 'host':
      return `host ${step.verb} ${step.target.name}${step.graceMs === undefined ? '' : ` (killed after ${step.graceMs / 1000} s)`}`;
    case 'aside':
      if (step.call === 'move-store')
        return `host rename the data of ${step.store} to member.${step.suffix} in its data directory`;
      return step.call === 'move'
        ? `host rename the data directory of ${step.member} to NAME.${step.suffix}`
        : `host delete ${step.directory} of ${step.member}, which lies aside`;
    case 'power':
      return `power ${step.verb} ${step.member} (outlet ${step.outlet})`;
    case 'pooler':
      return step.verb === 'resume'
        ? `resume pooler ${step.pooler}`
        : `pause pooler ${step.poolers.join(', ')} for at most ${step.forMs / 1000} s (given up if transactions do not end within ${step.withinMs / 1000} s)`;
    case 'dcs':
      if (step.call === 'write-config')
        return `etcd: merge ${JSON.stringify(step.patch)} into Patroni's configuration if it is at mod revision ${step.configRevision}`;
      return `etcd: delete the leader key if it is ${step.holder}'s at mod revision ${step.modRevision}`;
    case 'store':
      return storeText(step);
    default:
      return `a request of a kind that this version does not know: ${(step satisfies never as Step).port}`;
  }
}

function storeText(step: Extract<Step, { port: 'store' }>): string {
  if (step.call === 'compact')
    return `etcd: compact the history before revision ${step.revision} (by ${step.endpoint})`;
  return step.call === 'defragment'
    ? `etcd: defragment ${step.endpoint} (it answers nobody meanwhile)`
    : `etcd: disarm the alarm NOSPACE (by ${step.endpoint})`;
}
