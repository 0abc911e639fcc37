import type { ClusterOptions } from '../state.js';

/** Whom a row of a story means when its moment has come. */
export type Role = 'leader' | 'replica' | 'other-replica' | 'nobody';

/** One thing that happens. Plain data: a story is written to a file and told again from it. */
export interface StoryEvent {
  readonly atSeconds: number;
  /** A row of the table of what can happen. */
  readonly what: string;
  readonly role: Role;
  /** From 0 to 1: what the row makes its figures of. */
  readonly figure: number;
  /** When it is put right; null: nobody does. */
  readonly untilSeconds: number | null;
}

/** How much the controllers may do: what a fresh configuration allows, or everything by itself. */
export type Allowance = 'defaults' | 'auto';

export interface Story {
  readonly seed: number;
  readonly cluster: Partial<ClusterOptions>;
  readonly synchronous: 'off' | 'on' | 'strict' | 'quorum';
  readonly failsafe: boolean;
  readonly allowance: Allowance;
  readonly controllers: readonly string[];
  /** Ports that the controllers do without. */
  readonly without: readonly ('postgres' | 'proxy' | 'host' | 'tags')[];
  readonly events: readonly StoryEvent[];
}

/** When the last event is over, seconds. */
export const lastSecond = (story: Story): number =>
  Math.max(0, ...story.events.map(({ atSeconds, untilSeconds }) => untilSeconds ?? atSeconds));

const clock = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

/** The story in lines, for a person. */
export function storyText(story: Story): readonly string[] {
  const { cluster, synchronous, failsafe, allowance, controllers, without } = story;
  const modes = [
    ...(synchronous === 'off' ? [] : [`synchronous ${synchronous}`]),
    ...(failsafe ? ['failsafe'] : []),
  ].join(', ');
  return [
    `seed ${story.seed}: Patroni ${cluster.patroniVersion ?? ''}, ${cluster.members?.length ?? 3} members${modes === '' ? '' : `, ${modes}`}; ` +
      `${controllers.join(' and ')} with ${allowance}${without.length === 0 ? '' : `, without ${without.join(', ')}`}`,
    ...story.events.map(
      ({ atSeconds, what, role, untilSeconds }) =>
        `  ${clock(atSeconds)}${untilSeconds === null ? '      ' : `-${clock(untilSeconds)}`} ${what}${role === 'nobody' ? '' : ` (${role})`}`,
    ),
  ];
}
