import type { Stage } from './stage.js';
import { standing } from './standing.js';
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
  /** What it meets in its moment: where that differs, two tellings of a story have become two stories. */
  readonly meets: (stage: Stage, member: string, figure: number) => string;
  /** Seconds from when it is done to that moment. */
  readonly delayS: (figure: number) => number;
}

type Do = Happening['begin'];
type Meets = Happening['meets'];

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
  readonly meets?: Meets;
  readonly delayS?: Happening['delayS'];
}

/** What happens to a member meets what it is by then; what happens to nobody is the same whoever is there. */
const usually =
  (roles: readonly Role[]): Meets =>
  ({ cluster }, member) =>
    roles === NOBODY ? '' : standing(cluster, member);

export const row = (
  what: string,
  { weight, roles, lasts, benign = false, begin, end, meets = usually(roles), delayS = () => 0 }: Shape,
): Happening => ({
  what,
  weight,
  benign,
  roles,
  lasts: lasts ?? null,
  begin,
  end: end ?? null,
  meets,
  delayS,
});

export const pick = <T>(list: readonly T[], figure: number): T =>
  list[Math.floor(figure * list.length) % list.length] as T;
export const etcdOf = ({ cluster }: Stage, figure: number): string => pick(cluster.options.dcs, figure);
export const otherThan = ({ cluster }: Stage, member: string, figure: number): string =>
  pick(
    cluster.options.members.filter((name) => name !== member),
    figure,
  );
/** What a link between the member and another one meets. */
export const meetsBoth: Meets = (stage, member, figure) =>
  [member, otherThan(stage, member, figure)].map((name) => standing(stage.cluster, name)).join(', ');
