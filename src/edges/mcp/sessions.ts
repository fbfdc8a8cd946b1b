import type { Principal } from '../../access/index.ts';
import type { View } from '../../gateway/index.ts';
import type { Bus, Clock, Database } from '../../kernel/index.ts';
import { sessionGone } from './errors.ts';
import { openSession, sealSession, tagOf, type SessionFacts } from './session-id.ts';
import { hasEnded, insertEndedSession } from './store.ts';

/** A session of an older revision, verified to be the caller's own and alive. */
export type Session = SessionFacts & { id: string; tag: string; organizationId: string; expiresAt: Date };

/** Who a session belongs to, and where. */
export type Holder = { principal: Principal; view: View };

export type Sessions = {
  begin(holder: Holder, facts: Omit<SessionFacts, 'issuedAt'>): Session;
  /** The session of this id. At once where it was seen before. Throws the fault of one that is gone. */
  resume(holder: Holder, id: string): Session | Promise<Session>;
  end(session: Session): Promise<void>;
  /** Told by its tag when a session has ended, wherever that was asked for. */
  onEnd(listener: (tag: string) => void): void;
  close(): void;
};

const lifetime = 24 * 3600 * 1000;
const topic = 'session-ended';
const rememberAtMost = 20_000;
/** How long a replica that was not told trusts what it remembers. */
const trustFor = 60_000;

type Remembered = { session: Session; binding: string; ended: boolean; checkedAt: number };

export function createSessions(deps: { database: Database; bus: Bus; clock: Clock; key: Buffer }): Sessions {
  const { database, bus, clock, key } = deps;
  const remembered = new Map<string, Remembered>();
  const listeners: ((tag: string) => void)[] = [];

  const remember = (session: Session, binding: string, ended: boolean): void => {
    remembered.delete(session.tag);
    if (remembered.size >= rememberAtMost) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(session.tag, { session, binding, ended, checkedAt: clock.now().getTime() });
  };

  const lookUp = async (session: Session, binding: string): Promise<Session> => {
    const { organizationId } = session;
    const hash = Buffer.from(session.tag, 'base64url');
    const ended = await database.transaction({ organizationId }, (tx) => hasEnded(tx, organizationId, hash));
    remember(session, binding, ended);
    if (ended) throw sessionGone();
    return session;
  };

  const unsubscribe = bus.subscribe((message) => {
    if (message.topic !== topic || message.subject === undefined) return;
    const known = remembered.get(message.subject);
    if (known) known.ended = true;
    for (const listener of listeners) listener(message.subject);
  });

  return {
    begin(holder, agreed) {
      const facts = { ...agreed, issuedAt: clock.now() };
      const binding = bindingOf(holder);
      const session = sessionOf(sealSession(key, binding, facts), holder, facts);
      remember(session, binding, false);
      return session;
    },
    resume(holder, id) {
      const binding = bindingOf(holder);
      const now = clock.now();
      const known = remembered.get(tagOf(id));
      if (known && known.session.id === id && known.binding === binding) {
        if (known.ended || known.session.expiresAt <= now) throw sessionGone();
        if (now.getTime() - known.checkedAt < trustFor) return known.session;
        return lookUp(known.session, binding);
      }
      const facts = openSession(key, binding, id);
      if (!facts) throw sessionGone();
      const session = sessionOf(id, holder, facts);
      if (session.expiresAt <= now) throw sessionGone();
      return lookUp(session, binding);
    },
    async end(session) {
      const { organizationId, tag } = session;
      const now = clock.now();
      await database.transaction({ organizationId }, async (tx) => {
        const forgetBefore = new Date(now.getTime() - 2 * lifetime);
        await insertEndedSession(tx, organizationId, Buffer.from(tag, 'base64url'), now, forgetBefore);
        tx.notify({ topic, organizationId, subject: tag });
      });
    },
    onEnd: (listener) => void listeners.push(listener),
    close: unsubscribe,
  };
}

function bindingOf({ principal, view }: Holder): string {
  return `${principal.organizationId} ${principal.id} ${view.packId} ${view.userId ?? ''}`;
}

function sessionOf(id: string, holder: Holder, facts: SessionFacts): Session {
  return {
    ...facts,
    id,
    tag: tagOf(id),
    organizationId: holder.principal.organizationId,
    expiresAt: new Date(facts.issuedAt.getTime() + lifetime),
  };
}
