import { Option, type Command } from 'commander';
import { toJson } from '../model/json.js';
import { MODES, type Mode } from '../model/policy.js';
import { CliError } from './cli-error.js';
import { print, styleOf, type Context } from './context.js';

/** In the order of the help; the simulator has a script for each. */
const SCENARIO_NAMES = ['tour', 'leader-killed', 'lag', 'etcd-lost', 'disk-full', 'rolling-restart'];

interface DemoChoice {
  readonly json?: true;
  readonly seed: number;
  readonly port: number;
  readonly speed: number;
  readonly scenario: string;
  readonly mode?: Mode;
  readonly approve?: true;
}

const number =
  (name: string, least: number, most: number, isWhole: boolean) =>
  (text: string): number => {
    const found = Number(text);
    if (text.trim() !== '' && found >= least && found <= most && (!isWhole || Number.isInteger(found))) return found;
    throw new CliError(
      'usage',
      'bad-number',
      `${name} is ${JSON.stringify(text)}`,
      `Write a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`,
    );
  };

/** `ekimi demo`: it needs no configuration and takes none. */
export function addDemoCommand(program: Command, context: Context): void {
  program
    .command('demo')
    .description('the daemon on a simulated cluster that gets into trouble; needs no configuration')
    .option('--json', 'print JSON, an entry of the journal a line')
    .addOption(new Option('--scenario <NAME>', 'what happens').choices(SCENARIO_NAMES).default('tour'))
    .addOption(new Option('--mode <MODE>', 'instead of enforce').choices(MODES.filter((mode) => mode !== 'observe')))
    .option('--approve', 'what costs something asks you first; the line says how to approve it')
    .option('--seed <N>', 'another number, another story', number('--seed', 0, 2 ** 31 - 1, true), 1)
    .option('--port <N>', 'of the dashboard; 0: any', number('--port', 0, 65_535, true), 8471)
    .option('--speed <N>', 'simulated seconds per second, 0.1 to 100', number('--speed', 0.1, 100, false), 1)
    .action((options: DemoChoice) => demo(context, options));
}

async function demo(context: Context, options: DemoChoice): Promise<void> {
  const { demoEnd, demoHead, demoLine, demoSay } = await import('./render/demo.js');
  let startedAtMs: number | null = null;
  let pageUrl = '';
  const { called } = context.io;
  const json = options.json === true;
  const style = styleOf(context);
  const { seed, port, speed, scenario, mode = null, approve = false } = options;
  context.exit = await context.backend.demo({
    ...{ seed, port, speed, scenario, mode, approve },
    stop: context.io.stop,
    onReady: (url) => {
      pageUrl = url;
      print(context, json ? toJson({ url }) : demoHead(url, style, called));
    },
    onSay: (text, atMs) => {
      startedAtMs ??= atMs;
      print(context, json ? toJson({ say: text, atMs }) : demoSay(text, atMs, startedAtMs, style));
    },
    onEntry: (entry) => {
      startedAtMs ??= entry.atMs;
      if (json) print(context, toJson(entry));
    },
    onLine: (line) => {
      if (!json) print(context, demoLine(line, startedAtMs ?? line.atMs, pageUrl, style, called));
    },
    onEnd: (summary) => {
      print(context, json ? toJson({ summary }) : demoEnd(summary, style));
    },
  });
}
