import { expect, it } from 'vitest';
import { acknowledge } from '../../src/kernel/pages.js';
import { appendingThrough } from '../support/journal-wrap.js';
import { rig } from '../support/simulated.js';

it('what Ekimi says of its own trouble is part of no incident, and is taken on by what it goes by', async () => {
  let isFull = false;
  const { session, notifier, run } = rig({
    wrapJournal: appendingThrough(async (_name, append) => {
      if (isFull) throw new Error('ENOSPC: no space left on device');
      return append();
    }),
  });
  await run(15);
  isFull = true;
  await run(120);
  const [told] = notifier.pages;
  expect(told).toMatchObject({ change: 'opened', code: 'observer-impaired', key: 'ekimi/email-cluster' });
  expect(told).not.toHaveProperty('incident');
  expect(told?.page).toBe('ekimi/email-cluster');
  isFull = false;
  expect(await acknowledge(session, told?.page ?? '', 'dba', 'mine')).toHaveLength(1);
  expect(notifier.pages.at(-1)).toMatchObject({ change: 'acknowledged', page: 'ekimi/email-cluster' });
});
