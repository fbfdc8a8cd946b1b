/** The statuses and priorities a ticket may have, as the document says and the routes check. */
export const statuses = ['open', 'pending', 'solved'] as const;
export const priorities = ['low', 'normal', 'high', 'urgent'] as const;

type Schema = Readonly<Record<string, unknown>>;
const text = (description?: string): Schema => ({ type: 'string', ...(description ? { description } : {}) });
const moment: Schema = { type: 'string', format: 'date-time' };
const count: Schema = { type: 'integer' };
const object = (
  properties: Record<string, Schema>,
  required: readonly string[] = Object.keys(properties),
) => ({
  type: 'object',
  properties,
  required,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Schema): Schema => ({ 'application/json': { schema } });

const ticketId: Schema = {
  name: 'ticket_id',
  in: 'path',
  required: true,
  description: 'The number of the ticket.',
  schema: { type: 'integer', minimum: 1 },
};
const refusals = {
  400: { description: 'The request is not valid.', content: json(ref('Error')) },
  404: { description: 'There is no such ticket.', content: json(ref('Error')) },
};

const schemas: Record<string, Schema> = {
  Error: object({ error: object({ code: text(), message: text(), field: text() }, ['code', 'message']) }),
  Contact: object({
    id: count,
    name: text(),
    email: text(),
    phone: text(),
    time_zone: text(),
    locale: text(),
    organization: text(),
    plan: text(),
    tags: list(text()),
    created_at: moment,
  }),
  Message: object({
    id: count,
    from: text(),
    to: text(),
    body: text(),
    html_body: text(),
    visibility: { type: 'string', enum: ['public', 'internal'] },
    via: object({ channel: text(), client: text(), message_id: text(), ip_address: text() }),
    created_at: moment,
  }),
  TicketSummary: object({
    id: count,
    subject: text(),
    status: { type: 'string', enum: statuses },
    priority: { type: 'string', enum: priorities },
    customer: text(),
    updated_at: moment,
  }),
  Ticket: object({
    id: count,
    url: text(),
    subject: text(),
    status: { type: 'string', enum: statuses },
    priority: { type: 'string', enum: priorities },
    customer: ref('Contact'),
    assignee: { anyOf: [text(), { type: 'null' }] },
    messages: list(ref('Message')),
    tags: list(text()),
    custom_fields: list(object({ id: count, key: text(), value: {} })),
    metrics: { type: 'object', additionalProperties: true },
    service_level: { type: 'object', additionalProperties: true },
    events: list({ type: 'object', additionalProperties: true }),
    links: { type: 'object', additionalProperties: text() },
    created_at: moment,
    updated_at: moment,
  }),
};

const answers = (status: number, description: string, schema: Schema) => ({
  [status]: { description, content: json(schema) },
  ...refusals,
});

/** The sample service's own description, OpenAPI 3.1, for the origin it is served at. */
export function helpdeskDocument(origin: string): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Helpdesk',
      version: '1.0.0',
      description:
        'A small helpdesk to try things with. It lives in memory and forgets everything at a restart.',
    },
    servers: [{ url: origin }],
    paths: {
      '/tickets': {
        get: {
          operationId: 'list_tickets',
          tags: ['tickets'],
          summary: 'List tickets, the most recently changed first',
          parameters: [
            {
              name: 'status',
              in: 'query',
              description: 'Only these.',
              schema: { type: 'string', enum: statuses },
            },
            {
              name: 'limit',
              in: 'query',
              description: 'How many at most.',
              schema: { type: 'integer', minimum: 1, maximum: 100 },
            },
          ],
          responses: answers(200, 'Tickets.', object({ tickets: list(ref('TicketSummary')), total: count })),
        },
      },
      '/tickets/{ticket_id}': {
        parameters: [ticketId],
        get: {
          operationId: 'get_ticket',
          tags: ['tickets'],
          summary: 'Read a ticket with its customer and all messages',
          responses: answers(200, 'The ticket.', ref('Ticket')),
        },
        patch: {
          operationId: 'update_ticket',
          tags: ['tickets'],
          summary: 'Change the status, priority or assignee of a ticket',
          requestBody: {
            required: true,
            content: json(
              object(
                {
                  status: { type: 'string', enum: statuses },
                  priority: { type: 'string', enum: priorities },
                  assignee: text('E-mail address of the agent who takes it.'),
                },
                [],
              ),
            ),
          },
          responses: answers(200, 'The ticket after the change.', ref('TicketSummary')),
        },
        delete: {
          operationId: 'delete_ticket',
          tags: ['tickets'],
          summary: 'Delete a ticket for good',
          responses: { 204: { description: 'It is gone.' }, ...refusals },
        },
      },
      '/tickets/{ticket_id}/replies': {
        parameters: [ticketId],
        post: {
          operationId: 'create_reply',
          tags: ['tickets'],
          summary: 'Write a reply to a ticket; a public one is sent to the customer',
          requestBody: {
            required: true,
            content: json(
              object(
                {
                  from: {
                    type: 'string',
                    format: 'email',
                    description: 'The address the reply is sent from.',
                  },
                  to: {
                    type: 'string',
                    format: 'email',
                    description: 'The address it is sent to; the customer’s when left out.',
                  },
                  body: { type: 'string', minLength: 1, maxLength: 10_000, description: 'Plain text.' },
                  visibility: {
                    type: 'string',
                    enum: ['public', 'internal'],
                    description: 'Internal notes are for colleagues only. Public when left out.',
                  },
                },
                ['from', 'body'],
              ),
            ),
          },
          responses: answers(201, 'The reply.', ref('Message')),
        },
      },
      '/customers': {
        get: {
          operationId: 'search_customers',
          tags: ['customers'],
          summary: 'Find customers by a part of their name, address or organization',
          parameters: [
            {
              name: 'query',
              in: 'query',
              required: true,
              description: 'At least two characters.',
              schema: { type: 'string', minLength: 2, maxLength: 200 },
            },
          ],
          responses: answers(200, 'Customers.', object({ customers: list(ref('Contact')), total: count })),
        },
      },
    },
    components: { schemas },
  };
}
