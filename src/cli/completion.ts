import type { Command, Option } from 'commander';
import { PROCEDURES } from '../actions/asked.js';
import { PROCEDURE_NAMES } from '../model/procedure.js';
import { STAGED_NAMES } from '../model/staged.js';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What may follow a command: of the program itself `path` is empty. */
interface Place {
  readonly path: readonly string[];
  readonly about: string;
  readonly commands: readonly string[];
  /** Values of its arguments, where they are listed. */
  readonly values: readonly string[];
  readonly options: readonly Option[];
}

/**
 * A script for a shell that completes commands, options and listed values of this very program. All of it is in the script: at a TAB no
 * program runs and nothing that was typed is evaluated.
 */
export function completionScript(program: Command, shell: Shell, members: readonly string[] = []): string {
  const names = namesFor(members.filter((name) => PLAIN_NAME.test(name)));
  const places = placesOf(program, []).map((place) => ({
    ...place,
    values: [...place.values, ...(names[place.path.join(' ')] ?? [])],
  }));
  const name = program.name();
  if (shell === 'fish') return inFish(name, places);
  return shell === 'zsh'
    ? `autoload -U +X bashcompinit && bashcompinit\n${inBash(name, places)}`
    : inBash(name, places);
}

/** What a shell takes for a word and nothing else: a name of a configuration stands in the script as it is. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Names that the arguments of a command take and that it does not list itself, by the command. */
const namesFor = (members: readonly string[]): Readonly<Record<string, readonly string[]>> => ({
  'run-procedure': [...PROCEDURE_NAMES.filter((name) => PROCEDURES[name].alone !== false), ...STAGED_NAMES, ...members],
  why: members,
  'check-data': members,
});

function placesOf(command: Command, path: readonly string[]): readonly Place[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const here = {
    path,
    about: command.description(),
    commands: children.map((child) => child.name()),
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    options: help.visibleOptions(command),
  };
  return [here, ...children.flatMap((child) => placesOf(child, [...path, child.name()]))];
}

const long = ({ long: flag, short }: Option): string => flag ?? short ?? '';
/** What its value is, by the values that it lists or the placeholder in its help. */
function valueOf({ required, optional, argChoices, flags }: Option): 'none' | 'listed' | 'file' | 'directory' | 'free' {
  if (!required && !optional) return 'none';
  if (argChoices !== undefined) return 'listed';
  if (/[<[]FILE/.test(flags)) return 'file';
  return /[<[]DIR/.test(flags) ? 'directory' : 'free';
}

function inBash(name: string, places: readonly Place[]): string {
  const key = (path: readonly string[]): string => JSON.stringify(path.join(' '));
  const options = places.flatMap((place) => place.options);
  const flags = (value: ReturnType<typeof valueOf>): string =>
    [...new Set(options.filter((option) => valueOf(option) === value).map(long))].join('|');
  const listed = new Map(
    options.flatMap((option) => (option.argChoices ? [[long(option), option.argChoices] as const] : [])),
  );
  const rule = (pattern: string, what: string): readonly string[] =>
    pattern === '' ? [] : [`    ${pattern}) ${what} ;;`];
  const answer = (words: string): string => `local IFS=$'\\n'; COMPREPLY=($(compgen ${words} -- "$word")); return`;
  return [
    `_${name}() {`,
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} at= words= i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "${at:+$at }${COMP_WORDS[i]}" in',
    ...places.slice(1).map(({ path }) => `      ${key(path)}) at=${key(path)} ;;`),
    '    esac',
    '  done',
    '  case "$before" in',
    ...rule(flags('file'), answer('-f')),
    ...rule(flags('directory'), answer('-d')),
    ...[...listed].flatMap(([flag, choices]) =>
      rule(flag, `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return`),
    ),
    ...rule(flags('free'), 'return'),
    '  esac',
    '  case "$at" in',
    ...places.map(
      ({ path, commands, values, options: own }) =>
        `    ${key(path)}) words="${[...commands, ...values, ...own.map(long)].join(' ')}" ;;`,
    ),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    '}',
    `complete -F _${name} ${name}`,
  ].join('\n');
}

const IN_FISH = { none: '', listed: '-x', free: '-x', file: '-r -F', directory: '-r -F' } as const;

function inFish(name: string, places: readonly Place[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const about = new Map(places.map((place) => [place.path.join(' '), place.about]));
  const when = ({ path, commands }: Place): string =>
    [
      ...path.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`]),
    ].join('; and ');
  const line = (place: Place, rest: string): string => `complete -c ${name} -n ${quoted(when(place))} ${rest}`;
  return [
    `complete -c ${name} -f`,
    ...places.flatMap((place) => [
      ...place.commands.map((word) =>
        line(place, `-a ${word} -d ${quoted(about.get([...place.path, word].join(' ')) ?? '')}`),
      ),
      ...(place.values.length === 0 ? [] : [line(place, `-a ${quoted(place.values.join(' '))}`)]),
      ...place.options.map((option) =>
        line(
          place,
          [
            option.long === undefined ? '' : `-l ${option.long.slice(2)}`,
            option.short === undefined ? '' : `-s ${option.short.slice(1)}`,
            IN_FISH[valueOf(option)],
            option.argChoices === undefined ? '' : `-a ${quoted(option.argChoices.join(' '))}`,
            `-d ${quoted(option.description)}`,
          ]
            .filter((part) => part !== '')
            .join(' '),
        ),
      ),
    ]),
  ].join('\n');
}
