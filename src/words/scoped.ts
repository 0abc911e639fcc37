/** Those that are about one cluster and find it by nothing else in them: whoever names an approval, an incident or a run names its cluster too. */
const COMMAND = /\bekimi (resume|pause|run-procedure|check-data)(?= [^\s])(?! --scope)/g;

/** Those that ask a daemon, and those that read files alone. */
const ASKS =
  /\bekimi (status|why|approve|reject|acknowledge|resume|pause|run-procedure|procedures|check-data|incidents?|report|replay|policy|plan|check|journal (?:list|show|verify))(?![\w:-])(?!\s+--(?:url|config|token-file|ca|cert)\b)/g;
const READS = /\bekimi (doctor|config check|notify test|run)(?![\w:-])(?!\s+--config\b)/g;

/** What a person said of where the daemon is, as `--url`, with its value. */
export type Asked = Readonly<Partial<Record<'--config' | '--url' | '--token-file' | '--ca' | '--cert', string>>>;

/** Each command in a text as it can be typed by one who needed those options to get that text. */
export function withAsked(text: string, asked: Asked): string {
  const flags = (rows: readonly (readonly [string, string])[]): string =>
    rows.map(([name, value]) => ` ${name} ${quoted(value)}`).join('');
  const rows = Object.entries(asked);
  const own = rows.filter(([name]) => name === '--config');
  return text
    .replace(ASKS, (command) => `${command}${flags(rows)}`)
    .replace(READS, (command) => `${command}${flags(own)}`);
}

const quoted = (value: string): string =>
  /^[\w.:/@-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;

/** Each command in a text about one of several clusters, as it can be typed: with the cluster that is meant. */
export const withScope = (text: string, scope: string): string =>
  text.replace(COMMAND, (command) => `${command} --scope ${quoted(scope)}`);
