import type { NotificationsConfig } from '../../model/notify.js';
import type { NotifyChannelPort } from '../../ports/notify-channel.js';
import { httpChannel } from './http.js';
import { mailChannel } from './smtp.js';

/** The real channels, by name. */
export const notifyChannelsOf = ({
  channels,
  deadlineMs,
}: NotificationsConfig): Readonly<Record<string, NotifyChannelPort>> =>
  Object.fromEntries(
    channels.map((channel) => [
      channel.name,
      channel.kind === 'email' ? mailChannel(channel, deadlineMs) : httpChannel(channel, deadlineMs),
    ]),
  );
