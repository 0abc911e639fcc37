import type { Stage } from './stage.js';
import type { Role } from './story.js';

/** One thing that can happen to a cluster: how often, how long, and what it does. */
export interface Happening {
  readonly what: string;
  readonly weight: number;
  /** Nothing is wrong then: an operator's work, a blip. */
  readonly benign: boolean;
  readonly roles: readonly Role[];
  /** Seconds until somebody puts it right; null: nobody does, or there is nothing to put right. */
  readonly lasts: readonly [number, number] | null;
  readonly begin: (stage: Stage, member: string, figure: number) => void;
  readonly end: ((stage: Stage, member: string, figure: number) => void) | null;
}

type Do = Happening['begin'];

export const ANY: readonly Role[] = ['leader', 'replica', 'other-replica'];
export const LEADER: readonly Role[] = ['leader'];
export const REPLICA: readonly Role[] = ['replica', 'other-replica'];
export const NOBODY: readonly Role[] = ['nobody'];

interface Shape {
  readonly weight: number;
  readonly roles: readonly Role[];
  readonly lasts?: readonly [number, number];
  readonly benign?: boolean;
  readonly begin: Do;
  readonly end?: Do;
}

export const row = (what: string, { weight, roles, lasts, benign = false, begin, end }: Shape): Happening => ({
  what,
  weight,
  benign,
  roles,
  lasts: lasts ?? null,
  begin,
  end: end ?? null,
});

export const pick = <T>(list: readonly T[], figure: number): T =>
  list[Math.floor(figure * list.length) % list.length] as T;
export const etcdOf = ({ cluster }: Stage, figure: number): string => pick(cluster.options.dcs, figure);
export const otherThan = ({ cluster }: Stage, member: string, figure: number): string =>
  pick(
    cluster.options.members.filter((name) => name !== member),
    figure,
  );
