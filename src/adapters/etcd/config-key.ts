import { CompareResult, CompareTarget } from 'etcd3';
import { patched } from '../../model/config-patch.js';
import type { ConfigDocument, Json, Reply, Step } from '../../model/plan.js';
import type { TenureGrant } from '../../ports/dcs.js';
import { replyingSince } from '../reply.js';
import type { Endpoints } from './endpoints.js';
import { fieldsOf } from './keys.js';

type WriteStep = Extract<Step, { port: 'dcs'; call: 'write-config' }>;

/**
 * Merges a patch into Patroni's key `config`, in one transaction that stands on the revision that was read and on our own tenure: another writer or
 * another controller in between makes it do nothing. Patroni's own PATCH and `patronictl edit-config` are the same write under the same
 * condition, but on a revision that they read themselves. Asked of a second endpoint after a lost answer, the transaction
 * finds its own write: that is `done`.
 */
export async function writeConfigKey(
  endpoints: Endpoints,
  paths: { readonly config: string; readonly tenure: string },
  step: WriteStep,
  grant: TenureGrant,
  monotonic: () => number,
): Promise<Reply> {
  const reply = replyingSince({ monotonic });
  const key = Buffer.from(paths.config);
  const read = await endpoints.ask((client, by) => client.kv.range({ key }, by));
  if (!read.ok) return reply('none', `not written: the configuration could not be read: ${read.why}`);
  const now = read.value.kvs[0];
  if (now?.mod_revision !== step.configRevision)
    return reply('none', `not written: ${paths.config} is at mod revision ${now?.mod_revision ?? 'none'} by now`);
  const document = fieldsOf(now.value.toString('utf8')) as ConfigDocument | null;
  if (document === null) return reply('none', `not written: ${paths.config} holds no JSON object`);
  if (!survives(document))
    return reply('none', `not written: ${paths.config} holds a number that would lose digits: write it by patronictl`);
  const value = Buffer.from(JSON.stringify(patched(document, step.patch)));
  const equal = CompareResult.Equal;
  const answer = await endpoints.ask((client, by) =>
    client.kv.txn(
      {
        compare: [
          { key, target: CompareTarget.Mod, result: equal, mod_revision: step.configRevision },
          { key: Buffer.from(paths.tenure), target: CompareTarget.Create, result: equal, create_revision: grant.epoch },
        ],
        success: [{ request_put: { key, value } }],
        failure: [{ request_range: { key } }],
      },
      by,
    ),
  );
  if (!answer.ok)
    return answer.isUndone === true
      ? reply('none', `not written: ${answer.why}`)
      : reply('maybe', `etcd gave no answer to the write: ${answer.why}`);
  const written = (revision: string): Reply => ({ ...reply('done', `written: ${paths.config}`), revision });
  if (answer.value.succeeded) return written(answer.value.header.revision);
  const found = answer.value.responses[0]?.response_range.kvs[0];
  // Only ours is this value word for word, and only after the revision that it was written over.
  if (found !== undefined && found.mod_revision !== step.configRevision && found.value.equals(value))
    return written(found.mod_revision);
  return reply(
    'none',
    `not written: ${paths.config} is at mod revision ${found?.mod_revision ?? 'none'}, or our tenure ended`,
  );
}

/** Python's whole numbers have no end; what would come out of JavaScript as another one is not written back. */
const survives = (value: Json): boolean => {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== 'object' || value === null || Object.values(value).every((part: Json) => survives(part));
};
