import { asideText } from '../../assess/asides.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { lastValue } from '../../model/reading.js';
import { bold, clean, dim, type Style } from './paint.js';

/** Each old data directory that lies aside, and how a person deletes it. */
export const asideLines = ({ view }: Pick<ClusterSnapshot, 'view'>, style: Style): readonly string[] =>
  Object.entries(view?.asides ?? {}).flatMap(([member, reading]) =>
    (lastValue(reading) ?? []).map(
      (one) =>
        `${bold(style, clean(member))}  ${clean(asideText(one, style.nowMs))} ${dim(style, `(ekimi run-procedure remove-aside ${clean(member)} --set directory=${clean(one.name)})`)}`,
    ),
  );
