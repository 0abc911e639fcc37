// Figures as people read them. Times are the daemon's: a browser whose clock is wrong still shows right ages.
import { h } from './dom.js';

let offsetMs = 0;

/** Called with every message: how far this browser's clock is from the daemon's. */
export function setServerTime(nowMs) {
  offsetMs = nowMs - Date.now();
}

export const serverNow = () => Date.now() + offsetMs;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Binary, as in the policy, and never rounded up to a limit that is not reached. */
export function bytes(value) {
  let figure = Math.max(0, value);
  let unit = 0;
  while (figure >= 1024 && unit < UNITS.length - 1) {
    figure /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || figure >= 100 ? 0 : 1;
  return `${Math.floor(figure * 10 ** digits) / 10 ** digits} ${UNITS[unit]}`;
}

/** What an approval would lose: a lower bound in bytes, an estimate in seconds of writes. */
export function lossText({ bytes: count, seconds }) {
  if (count === null) return 'an unknown number of bytes';
  const time = seconds === null ? 'for how many seconds of writes is unknown' : `about ${seconds} s of writes`;
  return `at least ${bytes(count)} (${time})`;
}

/** Two units at most: 3 d 4 h, 12 min 34 s, 0.4 s. */
export function duration(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  if (whole < 86400)
    return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
export const timeOfDay = (ms) => clock.format(new Date(ms));

const TEXT = {
  since: (ms) => duration(serverNow() - ms),
  ago: (ms) => `${duration(serverNow() - ms)} ago`,
  until: (ms) => (ms > serverNow() ? `in ${duration(ms - serverNow())}` : 'now'),
  left: (ms) => (ms > serverNow() ? `${duration(ms - serverNow())} left` : 'time is up'),
};

/** A figure that goes on counting between two passes. */
export function counting(kind, ms) {
  return h('time', { 'data-count': kind, 'data-ms': ms, datetime: new Date(ms).toISOString() }, TEXT[kind](ms));
}

export function tickCounts() {
  for (const element of document.querySelectorAll('time[data-count]')) {
    const text = TEXT[element.dataset.count](Number(element.dataset.ms));
    if (element.textContent !== text) element.textContent = text;
  }
}

/** A code or state in words: `replica-lag-emergency` reads as it is, a state loses its hyphens. */
export const words = (text) => String(text).replaceAll('-', ' ');

const GLYPHS = {
  ok: [
    ['circle', { cx: 8, cy: 8, r: 6.5 }],
    ['path', { d: 'M5 8.2l2.1 2.1L11 6', class: 'mark' }],
  ],
  warning: [
    ['path', { d: 'M8 1.6l6.7 12H1.3z' }],
    ['path', { d: 'M8 6v3.4M8 11.4v.4', class: 'mark' }],
  ],
  critical: [
    ['path', { d: 'M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z' }],
    ['path', { d: 'M8 4.6v4.2M8 11v.4', class: 'mark' }],
  ],
  unknown: [
    ['circle', { cx: 8, cy: 8, r: 6.5, class: 'dashed' }],
    ['path', { d: 'M6.4 6.3c.2-2.2 3.4-2 3.3.1-.1 1.2-1.7 1.3-1.7 2.7M8 11.2v.4', class: 'mark' }],
  ],
  info: [
    ['circle', { cx: 8, cy: 8, r: 6.5 }],
    ['path', { d: 'M8 7.4v3.8M8 4.8v.3', class: 'mark' }],
  ],
};

/** Shape and colour together: the level is readable without colour. */
export function glyph(level) {
  const shapes = GLYPHS[level] ?? GLYPHS.unknown;
  return h(
    'svg',
    { class: `glyph ${level}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    shapes.map(([tag, attributes]) => h(tag, attributes)),
  );
}
