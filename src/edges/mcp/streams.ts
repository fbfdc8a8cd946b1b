import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, type Principal } from '../../access/index.ts';
import type { Gateway, Address, View } from '../../gateway/index.ts';
import { Fault, type Clock } from '../../kernel/index.ts';
import type { Door } from '../door/index.ts';
import { elicitationComplete, type Elicitations } from './elicitations.ts';
import type { Log } from './exchange.ts';
import { digestOf } from './list-tools.ts';
import { eventText } from './reply.ts';

/** A client that waits to be told: the GET stream of a session, or subscriptions/listen. */
export type OpenStream = {
  request: IncomingMessage;
  response: ServerResponse;
  principal: Principal;
  address: Address;
  view: View;
  /** Null: it did not ask to be told of tools. */
  listChanged: string | null;
  /** What is sent when it ends from our side; null: nothing. */
  farewell: string | null;
  /** Of the session it hangs on; null in the modern era. */
  session: { tag: string; expiresAt: Date } | null;
};

export type Streams = {
  /** Takes a stream whose head is sent. Throws Fault `unavailable` where an organization has too many. */
  open(stream: OpenStream): void;
  endSession(tag: string): void;
  close(): void;
};

type Waiting = OpenStream & { digest: string };

const atMostPerOrganization = 5000;
/** Changes come in bursts: one look after this many ms, well within the 2 s that are promised. */
const settle = 150;
const retry = 1000;
const keepAlive = 25_000;
/** Bytes a reader may be behind before it counts as gone. */
const lagAtMost = 64 * 1024;

export function createStreams(deps: {
  gateway: Gateway;
  door: Door;
  clock: Clock;
  log: Log;
  elicitations: Elicitations;
}): Streams {
  const { gateway, door, clock, log, elicitations } = deps;
  const byOrganization = new Map<string, Set<Waiting>>();
  const bySession = new Map<string, Waiting>();
  const timers = new Map<string, NodeJS.Timeout>();

  const drop = (stream: Waiting): void => {
    const { organizationId } = stream.principal;
    const streams = byOrganization.get(organizationId);
    streams?.delete(stream);
    if (streams?.size === 0) byOrganization.delete(organizationId);
    if (stream.session && bySession.get(stream.session.tag) === stream) bySession.delete(stream.session.tag);
  };

  const end = (stream: Waiting): void => {
    drop(stream);
    if (stream.farewell === null) stream.response.end();
    else stream.response.end(eventText(stream.farewell));
  };

  const write = (stream: Waiting, text: string): void => {
    if (stream.response.writableLength > lagAtMost) {
      drop(stream);
      stream.response.destroy();
    } else stream.response.write(text);
  };

  const tell = (stream: Waiting, seen: View): void => {
    const done = stream.session ? elicitations.settle(stream.session.tag, seen) : [];
    for (const id of done) write(stream, eventText(elicitationComplete(id)));
    if (digestOf(seen) === stream.digest) return;
    stream.digest = digestOf(seen);
    if (stream.listChanged !== null) write(stream, eventText(stream.listChanged));
  };

  const look = async (organizationId: string): Promise<void> => {
    const now = await readViews([...(byOrganization.get(organizationId) ?? [])], door, gateway);
    for (const [stream, seen] of now) {
      if (stream.response.writableEnded) continue;
      if (seen === 'gone') end(stream);
      else if (seen === 'unknown') lookSoon(organizationId, retry);
      else tell(stream, seen);
    }
  };

  const lookSoon = (organizationId: string, delay: number): void => {
    if (timers.has(organizationId) || !byOrganization.has(organizationId)) return;
    const timer = setTimeout(() => {
      timers.delete(organizationId);
      look(organizationId).catch((error: unknown) => log.error({ err: error }, 'telling of changes failed'));
    }, delay);
    timers.set(organizationId, timer.unref());
  };

  const beat = setInterval(() => {
    const now = clock.now();
    for (const streams of byOrganization.values()) {
      for (const stream of streams) {
        const { expiresAt } = stream.principal;
        const over = (expiresAt && expiresAt <= now) || (stream.session && stream.session.expiresAt <= now);
        if (over) end(stream);
        else write(stream, ':\n\n');
      }
    }
  }, keepAlive);
  beat.unref();

  const unsubscribe = gateway.onChange((organizationId) => lookSoon(organizationId, settle));

  return {
    open(opened) {
      const { organizationId } = opened.principal;
      const streams = byOrganization.get(organizationId) ?? new Set<Waiting>();
      if (streams.size >= atMostPerOrganization) {
        throw new Fault('unavailable', 'Too many open streams. Close some first.', { retryAfter: 60 });
      }
      const stream: Waiting = { ...opened, digest: digestOf(opened.view) };
      // A message goes to one stream of a session only: the latest takes over.
      const earlier = stream.session && bySession.get(stream.session.tag);
      if (earlier) end(earlier);
      if (stream.session) bySession.set(stream.session.tag, stream);
      byOrganization.set(organizationId, streams.add(stream));
      stream.request.socket.setTimeout(0);
      stream.response.on('close', () => drop(stream));
      lookSoon(organizationId, settle); // the list may have moved while the stream was being opened
    },
    endSession(tag) {
      const stream = bySession.get(tag);
      if (stream) end(stream);
    },
    close() {
      unsubscribe();
      clearInterval(beat);
      for (const timer of timers.values()) clearTimeout(timer);
      for (const streams of byOrganization.values()) for (const stream of streams) end(stream);
    },
  };
}

/** What became of a stream's view: `gone` ends it, `unknown` is asked again. */
type Seen = View | 'gone' | 'unknown';

/** Asks once per presented key and address, however many streams hang on them. */
async function readViews(
  streams: readonly Waiting[],
  door: Door,
  gateway: Gateway,
): Promise<readonly (readonly [Waiting, Seen])[]> {
  const seen = new Map<string, Promise<Seen>>();
  const ask = async ({ request, address }: Waiting): Promise<Seen> => {
    try {
      const principal = await door.identify(request);
      authorize(principal, 'runtime:all');
      return await gateway.view(principal, address);
    } catch (error) {
      const passing = !(error instanceof Fault) || error.kind === 'unavailable' || error.kind === 'internal';
      return passing ? 'unknown' : 'gone';
    }
  };
  return Promise.all(
    streams.map(async (stream) => {
      const { authorization, 'x-api-key': apiKey } = stream.request.headers;
      const name = JSON.stringify([authorization, apiKey, stream.address]);
      let answer = seen.get(name);
      if (!answer) seen.set(name, (answer = ask(stream)));
      return [stream, await answer] as const;
    }),
  );
}
