import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from './api.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';
import type { WireConnection, WireLink } from './wire.ts';
import { paintsFor, visible } from './write-text.ts';

const lookEvery = 1000;

/**
 * Tells where a person signs in and waits until they have: answers the connection with its tools. Failure when the
 * link has run out or the person gives up; what becomes of the connection then is the caller's.
 */
export async function awaitConsent(
  terminal: Terminal,
  api: Api,
  { id, slug }: WireConnection,
): Promise<WireConnection> {
  const link = await api.post<WireLink>(`/v1/connections/${id}/connect`, {});
  const { strong, faint } = paintsFor(terminal);
  terminal.out(`“${slug}” wants you to sign in. Open this page in your browser:`);
  terminal.out(`  ${strong(visible(link.connect_url))}`);
  terminal.out(faint('Waiting until you have. Ctrl-C gives up and leaves nothing behind.'));
  const end = new Date(link.expires_at).getTime();
  return terminal.untilInterrupted(async (interrupted) => {
    while (Date.now() < end) {
      const connection = await api.get<WireConnection>(`/v1/connections/${id}`);
      if (interrupted.aborted) break;
      if (connection.status === 'connected' && connection.tools_status !== 'pending') return connection;
      await pause(lookEvery, undefined, { signal: interrupted }).catch(() => undefined);
    }
    throw new Failure(
      interrupted.aborted
        ? 'Given up: nothing was connected.'
        : 'Nobody signed in before the link ran out: nothing was connected.',
    );
  });
}
