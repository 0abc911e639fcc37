import { channelSubject } from '../model/notify-health.js';
import type { Finding } from '../model/problem.js';
import { lastValue } from '../model/reading.js';
import { clockText } from '../words/moments.js';
import { says, seen, type Assess } from './finding.js';

/** Channels to persons that take no message. It is our own memory: nobody's silence hides it. */
export const assessNotifications: Assess = ({ view }): readonly Finding[] =>
  ((view.notifications === undefined ? null : lastValue(view.notifications)) ?? []).map(({ name, sinceMs, why }) =>
    seen('notify-failed', channelSubject(name), [
      says('self', `${name} takes no message since ${clockText(sinceMs)}: ${why}`, view.atMs),
    ]),
  );
