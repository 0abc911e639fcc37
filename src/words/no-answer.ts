import { isNothingRead } from '../assess/unreachable.js';
import type { ClusterSnapshot } from '../model/snapshot.js';

/** Neither a member nor etcd answered: nothing is known of the cluster. */
export const isBlind = ({ view }: Pick<ClusterSnapshot, 'view'>): boolean => view === null || isNothingRead(view);

/** The one cause of all that is seen then, and what tells the three apart. */
export const NO_ANSWER = [
  'No address answers: everything is down, the addresses in ekimi.yaml are wrong, or there is no way from here to the cluster.',
  'To tell which: ekimi doctor',
] as const;
