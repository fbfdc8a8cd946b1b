import { httpService, sendJson, type Fake, type SeenRequest } from './http-service.ts';

/** A small web shop and its document: one operation of each kind that curation has something to say about. */
export type Shop = Fake & {
  documentUrl: string;
  document: Record<string, unknown>;
  /** What the next requests are answered, whatever they ask; null: as the shop does. */
  answer: { status: number; body: unknown } | null;
  /** Requests to the shop itself, the document aside. */
  calls(): SeenRequest[];
};

const order = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    status: { type: 'string' },
    customer: { type: 'object', properties: { name: { type: 'string' }, card: { type: 'string' } } },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { title: { type: 'string' }, cost: { type: 'number' } } },
    },
  },
};

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
const query = (name: string, schema: unknown) => ({ name, in: 'query', schema });

export function shopDocument(url: string): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    servers: [{ url }],
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Shop-Key' } } },
    security: [{ key: [] }],
    paths: {
      '/orders': {
        get: {
          operationId: 'list_orders',
          summary: 'List orders',
          tags: ['orders'],
          parameters: [
            query('limit', { type: 'integer', minimum: 1, maximum: 100 }),
            query('status', { type: 'string', enum: ['open', 'paid', 'sent'] }),
            query('page.limit', { type: 'integer' }),
            query('note', { type: ['string', 'null'] }),
          ],
          responses: {
            200: {
              description: 'ok',
              ...json({ type: 'object', properties: { orders: { type: 'array', items: order } } }),
            },
          },
        },
        post: {
          operationId: 'create_order',
          summary: 'Make an order',
          tags: ['orders'],
          requestBody: {
            required: true,
            ...json({
              type: 'object',
              required: ['customer_id'],
              properties: {
                customer_id: { type: 'integer' },
                currency: { type: 'string', enum: ['EUR', 'USD'] },
                email: { type: 'string', format: 'email' },
                pin: { type: 'string', format: 'password' },
                value: { type: 'number' },
                constructor: { type: 'string' },
                address: { $ref: '#/components/schemas/Address' },
              },
            }),
          },
          responses: { 201: { description: 'made', ...json(order) } },
        },
      },
      '/orders/{id}': {
        get: {
          operationId: 'get_order',
          summary: 'Read an order',
          tags: ['orders'],
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
          responses: { 200: { description: 'ok', ...json(order) } },
        },
        delete: {
          operationId: 'delete_order',
          tags: ['danger'],
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
          responses: { 204: { description: 'gone' } },
        },
      },
    },
  };
}

export async function shop(): Promise<Shop> {
  const state: { answer: Shop['answer'] } = { answer: null };
  const fake = await httpService((seen, response) => {
    if (seen.url === '/openapi.json') return sendJson(response, it.document);
    if (state.answer) return sendJson(response, state.answer.body, state.answer.status);
    const body = seen.body.length > 0 ? (JSON.parse(seen.body.toString()) as unknown) : null;
    return sendJson(response, {
      id: 7,
      status: 'open',
      customer: { name: 'Ada', card: 'card-4242' },
      lines: [
        { title: 'Lamp', cost: 12.5 },
        { title: 'Desk', cost: 90 },
      ],
      orders: [{ id: 7 }],
      url: seen.url,
      body,
    });
  });
  const document = shopDocument(fake.url);
  (document['components'] as Record<string, unknown>)['schemas'] = {
    Address: {
      type: 'object',
      required: ['city'],
      properties: {
        city: { type: 'string' },
        zip: { oneOf: [{ type: 'integer' }, { type: 'string', pattern: '^[A-Z]+$' }] },
      },
    },
  };
  const it: Shop = {
    ...fake,
    documentUrl: `${fake.url}/openapi.json`,
    document,
    get answer() {
      return state.answer;
    },
    set answer(value) {
      state.answer = value;
    },
    calls: () => fake.requests.filter(({ url }) => url !== '/openapi.json'),
  };
  return it;
}
