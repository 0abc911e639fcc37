/** Those that are about one cluster and find it by nothing else in them: whoever names an approval, an incident or a run names its cluster too. */
const COMMAND = /\bekimi (resume|pause|run-procedure|check-data)(?= [^\s])(?! --scope)/g;

const quoted = (scope: string): string =>
  /^[\w.-]+$/.test(scope) ? scope : `'${scope.replaceAll("'", String.raw`'\''`)}'`;

/** Each command in a text about one of several clusters, as it can be typed: with the cluster that is meant. */
export const withScope = (text: string, scope: string): string =>
  text.replace(COMMAND, (command) => `${command} --scope ${quoted(scope)}`);
