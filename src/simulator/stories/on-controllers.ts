import type { Stage } from './stage.js';
import { type Happening, NOBODY, pick, row } from './row.js';

const first = ({ controllers }: Stage): string | null => controllers[0] ?? null;
const some = ({ controllers }: Stage, figure: number): string | null =>
  controllers.length === 0 ? null : pick(controllers, figure);

const onController = (
  what: string,
  weight: number,
  lasts: readonly [number, number],
  begin: (stage: Stage, controller: string, figure: number) => void,
  end: (stage: Stage, controller: string, figure: number) => void,
  benign = false,
): Happening =>
  row(what, {
    weight,
    benign,
    lasts,
    roles: NOBODY,
    begin: (stage, _, figure) => {
      const one = figure < 0.6 ? first(stage) : some(stage, figure);
      if (one !== null) begin(stage, one, figure);
    },
    end: (stage, _, figure) => {
      const one = figure < 0.6 ? first(stage) : some(stage, figure);
      if (one !== null) end(stage, one, figure);
    },
  });

export const CONTROLLERS: readonly Happening[] = [
  onController(
    'a controller is killed',
    4,
    [1, 40],
    (stage, one) => {
      stage.kill(one);
    },
    (stage, one) => {
      stage.start(one);
    },
  ),
  onController(
    'a controller stands still',
    4,
    [1, 60],
    ({ cluster }, one) => {
      cluster.suspendController(one);
    },
    ({ cluster }, one) => {
      cluster.thawController(one);
    },
  ),
  onController(
    "a controller's clock is set",
    2,
    [10, 60],
    ({ cluster }, one, figure) => {
      cluster.jumpClock(Math.round((figure - 0.5) * 600_000), one);
    },
    ({ cluster }, one, figure) => {
      cluster.jumpClock(-Math.round((figure - 0.5) * 600_000), one);
    },
    true,
  ),
  onController(
    'a controller loses sight of a kind',
    3,
    [5, 60],
    ({ cluster }, one, figure) => {
      cluster.cutObserver(pick(['patroni', 'sql', 'dcs', 'proxy', 'host', 'all'] as const, (figure * 7) % 1), one);
    },
    ({ cluster }, one) => {
      cluster.healObserver(one);
    },
  ),
];
