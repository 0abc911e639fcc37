// One key, one place. Nothing that changes the cluster has a key.
import { setZone, zoneNow } from './clock.js';
import { SHORTCUTS, type Shortcut } from './shortcuts.js';
import { showHelp } from './ask.js';
import { showPart } from './show-part.js';
import { goTo, now, redraw } from './store.js';

const to = (id: string) => (): void => {
  showPart(id);
};

const DONE: Readonly<Record<Shortcut, () => void>> = {
  '?': showHelp,
  a: to('approvals'),
  i: to('incidents'),
  t: to('timeline'),
  p: to('problems'),
  d: to('decisions'),
  j: to('journal'),
  m: to('topology'),
  n: () => void goTo('', null),
  u: () => {
    setZone(zoneNow() === 'UTC' ? 'local' : 'UTC');
    redraw();
  },
  g: () => {
    location.hash = '#/';
  },
};

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input:not([type=range]), select, textarea, dialog') !== null;

/** Keys count only where nobody is typing, and never with a modifier. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || now().dialog !== null) return;
    if (!Object.hasOwn(SHORTCUTS, event.key)) return;
    event.preventDefault();
    DONE[event.key as Shortcut]();
  });
}
