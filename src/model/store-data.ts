import type { Reading } from './reading.js';

/** What the data directory of an etcd member holds, read while nobody has to run there. */
export interface StoreData {
  /** `member`: data of an etcd member, whether it can be used or not; `nothing`: the directory is there, and no data in it. */
  readonly holds: 'member' | 'nothing';
  /** Why its driver could not move that data aside, as far as that shows before; null: nothing is against it. Absent: there is none, or nobody looked. */
  readonly whyNotAside?: string | null;
}

/** By the name of the etcd member. */
export type StoreDataReadings = Readonly<Record<string, Reading<StoreData>>>;
