/** What a status command prints of what it answers about: lines `host=NAME`, `id=ID` and `started=SECONDS`, each if it likes. */
export interface Identity {
  readonly host: string | null;
  readonly id: string | null;
  readonly startedAtMs: number | null;
}

const MAX_LINES = 20;

export function identityIn(stdout: Buffer): Identity {
  const lines = stdout.subarray(0, 4_096).toString('utf8').split(/\r?\n/).slice(0, MAX_LINES);
  const valueOf = (key: string): string | null => {
    const line = lines.find((one) => one.startsWith(`${key}=`));
    return line === undefined || line.length === key.length + 1 ? null : line.slice(key.length + 1).trim();
  };
  const seconds = valueOf('started');
  const isTime = seconds !== null && /^\d{1,12}$/.test(seconds);
  return { host: valueOf('host'), id: valueOf('id'), startedAtMs: isTime ? Number(seconds) * 1000 : null };
}
