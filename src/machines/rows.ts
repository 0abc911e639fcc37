type Rows<T> = Readonly<Record<string, T>>;

/** Of rows by name; the same object where nothing changes. */
export const withRow = <T>(rows: Rows<T>, name: string, row: T): Rows<T> =>
  rows[name] === row ? rows : { ...rows, [name]: row };

export const withoutRow = <T>(rows: Rows<T>, name: string): Rows<T> =>
  name in rows ? Object.fromEntries(Object.entries(rows).filter(([key]) => key !== name)) : rows;
