/**
 * Records of a CSV text by the names of its first line, of these columns alone: HAProxy has some hundred of them, and the page is read in
 * every pass. A column that is not there is missing from the records. HAProxy begins the first line with `# ` and quotes a field that holds a comma.
 */
export function csvRecords(
  text: string,
  columns: readonly string[],
): readonly Readonly<Partial<Record<string, string>>>[] {
  const plain = text.replace(/^#\s*/, '');
  const header = csvRows(plain.slice(0, endOfLine(plain)))[0];
  if (header === undefined) return [];
  const wanted = columns.map((name) => [name, header.indexOf(name)] as const).filter(([, index]) => index !== -1);
  const most = Math.max(0, ...wanted.map(([, index]) => index + 1));
  const [, ...rows] = csvRows(plain, most);
  return rows.map((row) => Object.fromEntries(wanted.map(([name, index]) => [name, row[index] ?? ''])));
}

const FIELD = /"((?:[^"]|"")*)"|[^,\r\n]*/y;

const endOfLine = (text: string): number => (text.includes('\n') ? text.indexOf('\n') : text.length);

/** Of each row its first `most` fields; of a text with quotes all. */
function csvRows(text: string, most = 1_000): string[][] {
  if (!text.includes('"'))
    return text.split('\n').flatMap((line) => (/[^,\r]/.test(line) ? [line.replace(/\r$/, '').split(',', most)] : []));
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
