import { testChannels } from '../../app/notify-test.js';
import type { NotifyTried } from '../backend.js';
import { CliError } from '../cli-error.js';
import { filesOf } from './files.js';

/** Sends a message of test to that channel, or to all. */
export async function notifyTest(configFile: string, channel: string | null): Promise<readonly NotifyTried[]> {
  const { config } = filesOf(configFile);
  const names = config.notifications?.channels.map(({ name }) => name) ?? [];
  if (names.length === 0 || (channel !== null && !names.includes(channel)))
    throw new CliError(
      'absent',
      'no-channel',
      channel === null ? 'no channel is configured' : `there is no channel ${channel}`,
      names.length === 0 ? 'Add one under "notifications" in ekimi.yaml.' : `There are: ${names.join(', ')}.`,
    );
  return testChannels(config, channel);
}
