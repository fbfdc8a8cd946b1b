import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Json } from '../world.ts';
import { httpService, type Fake, type SeenRequest } from './http-service.ts';

/** One message as it came. */
export type Message = {
  id: string;
  /** Its body. */
  json: Json;
  text: string;
  seen: SeenRequest;
};

/** Somebody's endpoint for webhooks. */
export type Receiver = Fake & {
  messages: Message[];
  /** What is answered from now on: a status, or whatever the test does; 204 at first. */
  answer: number | ((response: ServerResponse, message: Message) => unknown);
  /** Resolves with the message of this number, counted from one. */
  arrived(count: number): Promise<Message>;
};

export async function startReceiver(): Promise<Receiver> {
  const messages: Message[] = [];
  const arrivals = new EventTarget();
  const fake = await httpService((seen, response) => {
    const text = seen.body.toString('utf8');
    const message = { id: String(seen.headers['webhook-id']), json: JSON.parse(text) as Json, text, seen };
    messages.push(message);
    arrivals.dispatchEvent(new Event('arrival'));
    const { answer } = receiver;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else answer(response, message);
  });
  const receiver: Receiver = {
    ...fake,
    messages,
    answer: 204,
    async arrived(count) {
      // Long enough for any machine: what never comes is to fail its test, not to hang it.
      const signal = AbortSignal.timeout(60_000);
      while (messages.length < count) await once(arrivals, 'arrival', { signal });
      return messages[count - 1]!;
    },
  };
  return receiver;
}

/** What the library says of a message and a secret: true where it takes it. */
export function isSignedWith(secret: string, { seen, text }: Message): boolean {
  try {
    new Webhook(secret).verify(text, seen.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
