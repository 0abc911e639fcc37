import type { MemberName } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';

/** The member's own patroni.yml: the only place where a tag means anything. Edits keep comments, order and owner. */
export interface TagsPort {
  /** `tags.noloadbalance` as the file has it now. */
  read(member: MemberName): Promise<Reading<boolean>>;
  write(step: Extract<Step, { port: 'tags' }>): Promise<Reply>;
}
