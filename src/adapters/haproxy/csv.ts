/** Records of a CSV text by the names of its first line. HAProxy begins that line with `# ` and quotes a field that holds a comma. */
export function csvRecords(text: string): readonly Readonly<Record<string, string>>[] {
  const [header, ...rows] = csvRows(text.replace(/^#\s*/, ''));
  if (header === undefined) return [];
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ''])));
}

const FIELD = /"((?:[^"]|"")*)"|[^,\r\n]*/y;

function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    FIELD.lastIndex = at;
    const field = FIELD.exec(text);
    const quoted = field?.[1];
    row.push(quoted === undefined ? (field?.[0] ?? '') : quoted.replaceAll('""', '"'));
    at += field?.[0].length ?? 0;
    if (text[at] === ',') {
      at += 1;
      continue;
    }
    // The end of a record, or what follows a closing quote that nothing may follow: skip to the line's end either way.
    const end = text.indexOf('\n', at);
    rows.push(row);
    row = [];
    at = end === -1 ? text.length : end + 1;
  }
  return rows.filter((fields) => fields.some((content) => content !== ''));
}
