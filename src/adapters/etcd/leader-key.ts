import { CompareResult, CompareTarget } from 'etcd3';
import type { Reply, Step } from '../../model/plan.js';
import type { TenureGrant } from '../../ports/dcs.js';
import { replyingSince } from '../reply.js';
import type { Endpoints } from './endpoints.js';

type DeleteStep = Extract<Step, { port: 'dcs'; call: 'delete-leader-key' }>;

/**
 * Deletes Patroni's leader key in one transaction that stands on four things: the key's mod revision, its value, Patroni's configuration as
 * it was read, and our own tenure. Another leader, a key written anew, a pause or another controller in between makes it do nothing; a renewed lease does not show in the revision, which is
 * why the proof of death is asked again just before. Asked of a second endpoint after a lost answer, the
 * transaction can find the key already gone: that is `done`, not a refusal.
 */
export async function deleteLeaderKey(
  endpoints: Endpoints,
  paths: { readonly leader: string; readonly config: string; readonly tenure: string },
  step: DeleteStep,
  grant: TenureGrant,
  monotonic: () => number,
): Promise<Reply> {
  const reply = replyingSince({ monotonic });
  const key = Buffer.from(paths.leader);
  const equal = CompareResult.Equal;
  const answer = await endpoints.ask((client, by) =>
    client.kv.txn(
      {
        compare: [
          { key, target: CompareTarget.Mod, result: equal, mod_revision: step.modRevision },
          { key, target: CompareTarget.Value, result: equal, value: Buffer.from(step.holder) },
          ...(step.configRevision === undefined
            ? []
            : [
                {
                  key: Buffer.from(paths.config),
                  target: CompareTarget.Mod,
                  result: equal,
                  mod_revision: step.configRevision,
                },
              ]),
          { key: Buffer.from(paths.tenure), target: CompareTarget.Create, result: equal, create_revision: grant.epoch },
        ],
        success: [{ request_delete_range: { key } }],
        failure: [{ request_range: { key } }],
      },
      by,
    ),
  );
  if (!answer.ok)
    return answer.isUndone === true
      ? reply('none', `not deleted: ${answer.why}`)
      : reply('maybe', `etcd gave no answer to the deletion: ${answer.why}`);
  if (answer.value.succeeded) return reply('done', `the leader key of ${step.holder} is deleted`);
  const now = answer.value.responses[0]?.response_range.kvs[0];
  if (now === undefined) return reply('done', 'the leader key is gone');
  return reply(
    'none',
    `not deleted: the key is ${now.value.toString('utf8')}'s at mod revision ${now.mod_revision}, Patroni's configuration was changed, or our tenure ended`,
  );
}
