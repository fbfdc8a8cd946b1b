import type { View } from '../../gateway/index.ts';
import { newId, type Bus, type Database } from '../../kernel/index.ts';
import type { Session } from './sessions.ts';

/** The wish of one session that its person opens a page, until the account it was about is connected. */
type Asked = { id: string; connectionId: string; url: string };

/**
 * What sessions of 2025-11-25 were asked, so that each can be told when it is done. Any replica may hold the
 * session's stream, so all of them are told of the asking.
 */
export type Elicitations = {
  /** The id of an elicitation; the same while the session is asked to open the same page. */
  ask(session: Session, connectionId: string, url: string): Promise<string>;
  /** Ids of what this session was asked and no longer has to do. Each is told once. */
  settle(tag: string, view: View): readonly string[];
  close(): void;
};

const topic = 'mcp-elicited';
const sessionsAtMost = 10_000;
const askedAtMost = 50;

export function createElicitations(deps: { database: Database; bus: Bus }): Elicitations {
  const pending = new Map<string, Asked[]>();

  const remember = (tag: string, asked: Asked): void => {
    const known = pending.get(tag) ?? [];
    if (known.some(({ id }) => id === asked.id)) return;
    pending.delete(tag);
    if (pending.size >= sessionsAtMost) pending.delete(pending.keys().next().value ?? '');
    pending.set(tag, [...known, asked].slice(-askedAtMost));
  };

  const unsubscribe = deps.bus.subscribe((message) => {
    if (message.topic !== topic || message.subject === undefined) return;
    const [tag = '', id = '', connectionId = ''] = message.subject.split(' ');
    remember(tag, { id, connectionId, url: '' });
  });

  return {
    async ask(session, connectionId, url) {
      const { tag, organizationId } = session;
      const known = pending
        .get(tag)
        ?.find((asked) => asked.connectionId === connectionId && asked.url === url);
      if (known) return known.id;
      const id = newId();
      remember(tag, { id, connectionId, url });
      if (deps.database.kind === 'server') {
        const subject = `${tag} ${id} ${connectionId}`;
        await deps.database.transaction({ organizationId }, async (tx) =>
          tx.notify({ topic, organizationId, subject }),
        );
      }
      return id;
    },
    settle(tag, view) {
      const asked = pending.get(tag);
      if (!asked) return [];
      const open = asked.filter(({ connectionId }) => view.unconnected.includes(connectionId));
      if (open.length > 0) pending.set(tag, open);
      else pending.delete(tag);
      return asked.filter((each) => !open.includes(each)).map(({ id }) => id);
    },
    close: unsubscribe,
  };
}

/** `notifications/elicitation/complete`, which revision 2025-11-25 alone has. */
export const elicitationComplete = (elicitationId: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/elicitation/complete',
    params: { elicitationId },
  });
