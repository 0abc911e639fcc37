import type { Reading } from './reading.js';

/** What the data directory of an etcd member holds, read while nobody has to run there. */
export interface StoreData {
  /** `member`: data of an etcd member, whether it can be used or not; `nothing`: the directory is there, and no data in it. */
  readonly holds: 'member' | 'nothing';
}

/** By the name of the etcd member. */
export type StoreDataReadings = Readonly<Record<string, Reading<StoreData>>>;
