import { expect, it } from 'vitest';
import { cli } from '../../support/fake-cli.js';

const files = { './ekimi.yaml': '' };
const rows = [
  { channel: 'pager', kind: 'pagerduty', ok: true, detail: 'it took the message and its end' },
  { channel: 'chat', kind: 'slack', ok: false, detail: 'status 404\u001b[2J' },
];

it('says what each channel answered, and fails where one did not take it', async () => {
  const asked: (string | null)[] = [];
  const backend = {
    notifyTest: async ({ channel }: { readonly channel: string | null }) => {
      asked.push(channel);
      return rows;
    },
  };
  const all = await cli('notify test', { files, backend });
  expect(all.out).toContain('ok   pagerduty pager: it took the message and its end');
  expect(all.out).toContain('FAIL slack chat: status 404');
  expect(all.out).not.toContain('\u001b');
  expect(all.exit).not.toBe(0);
  await cli('notify test chat', { files, backend });
  expect(asked).toEqual([null, 'chat']);
});
