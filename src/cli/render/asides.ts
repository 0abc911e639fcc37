import { asideText } from '../../assess/asides.js';
import type { AsideDirectory, AsideReadings } from '../../model/aside.js';
import type { ProcedureRun } from '../../model/procedure-run.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { lastValue } from '../../model/reading.js';
import { bold, clean, dim, type Style } from './paint.js';

/** By its suffix, as long as the run is known; else nobody says more than its name. */
const isMovedBy =
  ({ name }: AsideDirectory) =>
  ({ goal: { aside, suffix } }: ProcedureRun): boolean => {
    const of = typeof aside === 'object' && aside !== null && 'suffix' in aside ? aside['suffix'] : suffix;
    return typeof of === 'string' && name.endsWith(`.${of}`);
  };

/** Each old data directory that lies aside, of members and of etcd members: where, how large, since when, why, and how a person deletes it. */
export const asideLines = (
  { view, ledger }: Pick<ClusterSnapshot, 'view' | 'ledger'>,
  style: Style,
): readonly string[] => {
  const lines = (readings: AsideReadings = {}, deletion: (of: string, one: AsideDirectory) => string) =>
    Object.entries(readings).flatMap(([of, reading]) =>
      (lastValue(reading) ?? []).map((one) => {
        const run = ledger.procedures?.find(isMovedBy(one));
        const why = run === undefined ? '' : `, ${run.name} by ${run.by}: ${run.reason}`;
        const text = `${asideText(one, style.nowMs)}${why}`;
        return `${bold(style, clean(of))}  ${clean(text)} ${dim(style, `(${clean(deletion(of, one))})`)}`;
      }),
    );
  return [
    ...lines(view?.asides, (of, { name }) => `ekimi run-procedure remove-aside ${of} --set directory=${name}`),
    ...lines(view?.storeAsides, (_, { path }) => `delete it by hand, once nobody needs its keys: rm -r ${path}`),
  ];
};
