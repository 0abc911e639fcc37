import { GAUGE_GROUPS } from '../api/gauges.js';
import { BUILD_INFO } from '../api/metrics.js';
import { COUNTERS, HISTOGRAMS, type CounterRow } from '../api/metrics/counters.js';
import { NOTE, table, type Page } from './page.js';

const HEAD = ['metric', 'type', 'unit', 'labels', 'meaning'];

const labelsText = (labels: readonly string[]): string => labels.map((label) => `\`${label}\``).join(', ');

/** Every metric of `GET /metrics` that is Ekimi's own, with a section for each subject. */
export function metricsPage(): Page {
  const groups = GAUGE_GROUPS.map(({ title, rows }) => {
    const lines = rows.map(({ name, type, unit, labels, help }) => [
      `\`${name}\``,
      type ?? 'gauge',
      unit ?? '',
      labelsText(['scope', ...labels]),
      help,
    ]);
    return `## ${title}\n\n${table(HEAD, lines)}`;
  });
  const counters = Object.values(COUNTERS).map(({ name, labels, help, ...row }: CounterRow) => [
    `\`${name}\``,
    'counter',
    row.unit ?? '',
    labelsText(labels),
    help,
  ]);
  const histograms = Object.values(HISTOGRAMS).map(({ name, labels, help }) => [
    `\`${name}\``,
    'histogram',
    'seconds',
    labelsText(labels),
    help,
  ]);
  const build = [`\`${BUILD_INFO.name}\``, 'gauge', '', labelsText(BUILD_INFO.labels), BUILD_INFO.help];
  const text = [
    '# Metrics',
    '',
    '`GET /metrics`, in the text form of Prometheus. What is not known has no series: it is never shown as zero. Beside these are those of the process',
    '(`process_*`, `nodejs_*`). Rules for them: [alerts](../alerts.md).',
    '',
    groups.join('\n\n'),
    '',
    `## Counted since the start of the process\n\n${table(HEAD, [...counters, ...histograms, build])}`,
    '',
    NOTE,
    '',
  ].join('\n');
  return { file: 'metrics.md', text };
}
