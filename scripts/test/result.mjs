/** What one step came to. `notes` are reasons, for people, printed again at the end. */
export const passed = (name, tookMs, count = 1) => ({ name, passed: count, failed: 0, skipped: 0, tookMs, notes: [] });
export const failed = (name, tookMs, why) => ({ name, passed: 0, failed: 1, skipped: 0, tookMs, notes: [why] });
export const skipped = (name, why) => ({
  name,
  passed: 0,
  failed: 0,
  skipped: 1,
  tookMs: 0,
  notes: [`SKIPPED: ${why}`],
});

export function total(results) {
  const sum = (key) => results.reduce((all, row) => all + row[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** The last line of the run, which programs read. */
export const lastLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** Rows and notes for people. */
export function table(results) {
  const width = Math.max(...results.map((row) => row.name.length), 4);
  const line = (...cells) =>
    [cells[0].padEnd(width), ...cells.slice(1).map((cell) => String(cell).padStart(8))].join(' ').trimEnd();
  const rows = results.map((row) =>
    line(row.name, row.passed, row.failed, row.skipped, `${(row.tookMs / 1000).toFixed(1)} s`),
  );
  const notes = results.flatMap((row) => row.notes.map((note) => `${row.name}: ${note}`));
  return [
    line('step', 'passed', 'failed', 'skipped', 'took'),
    ...rows,
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
}
