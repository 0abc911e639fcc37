import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../src/config/load-policy.js';

const pagesOf = (text: string) => {
  const loaded = parsePolicy('policy.yaml', Buffer.from(text));
  return loaded.ok ? loaded.policy.pages : loaded.errors.map((error) => error.code);
};

describe('pages in the policy', () => {
  it('[N1] reminds of what is critical after half an hour if nothing is said', () => {
    expect(pagesOf('mode: dry-run\n')).toEqual({ remindAfterMs: 1_800_000, remindWarnings: false });
  });

  it.each(['off', '0', '0s', 'null', 'false'])('[N1] remindAfter: %s reminds nobody', (word) => {
    expect(pagesOf(`mode: dry-run\npages: { remindAfter: ${word} }\n`)).toMatchObject({ remindAfterMs: null });
  });

  it('[N1] a reminder every second is refused', () => {
    expect(pagesOf('mode: dry-run\npages: { remindAfter: 1s }\n')).toBeInstanceOf(Array);
  });
});
