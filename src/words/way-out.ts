import type { Block } from '../model/decision.js';

const BARE = /^ekimi approve(?=,)/;
const WITH_ID = /^ekimi approve \S+ --reason "\.\.\."/;

/** What lifts a block, as it can be typed: a gate that only says `ekimi approve` gets the approval that another gate of the same decision names. */
export function wayOut({ unblock }: Pick<Block, 'unblock'>, blocks: readonly Pick<Block, 'unblock'>[]): string {
  const named = blocks.map((block) => WITH_ID.exec(block.unblock)?.[0]).find((found) => found !== undefined);
  return unblock.replace(BARE, named ?? 'approve it once it waits (ekimi status shows its ID)');
}
