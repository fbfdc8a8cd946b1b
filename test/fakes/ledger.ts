import { once } from 'node:events';
import { httpService, sendJson, type Fake } from './http-service.ts';

/** A service that writes down what it is told, and can be made to keep its callers waiting. */
export type Ledger = Fake & {
  /** Its own description; asks for a bearer token where `signIn` says so. */
  document(signIn: 'none' | 'bearer'): object;
  /** From now on answers wait, until the function that comes back is called. */
  hold(): () => void;
  /** Resolves when this many requests have arrived in all. */
  arrived(count: number): Promise<void>;
};

export async function startLedger(): Promise<Ledger> {
  let gate: Promise<void> | null = null;
  const arrivals = new EventTarget();
  const fake = await httpService(async (_seen, response) => {
    arrivals.dispatchEvent(new Event('arrival'));
    await gate;
    sendJson(response, { ok: true });
  });
  const note = {
    operationId: 'write_note',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
        },
      },
    },
    responses: { 200: { description: 'Written.' } },
  };
  const read = { operationId: 'read_notes', responses: { 200: { description: 'All of it.' } } };
  return {
    ...fake,
    document: (signIn) => ({
      openapi: '3.1.0',
      info: { title: 'Ledger', version: '1' },
      servers: [{ url: fake.url }],
      paths: { '/notes': { get: read, post: note } },
      ...(signIn === 'bearer'
        ? {
            components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
            security: [{ token: [] }],
          }
        : {}),
    }),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = null;
        resolve();
      };
    },
    async arrived(count) {
      while (fake.requests.length < count) await once(arrivals, 'arrival');
    },
  };
}
