import { z } from 'zod';
import type { Customer, Desk, Ticket } from './helpdesk-data.ts';
import { helpdeskDocument, priorities, statuses } from './helpdesk-document.ts';
import { writeCustomer, writeMessage, writeSummary, writeTicket } from './write-record.ts';

/** A request to the helpdesk, already read; and what it answers. */
export type HelpdeskRequest = { method: string; path: string; query: URLSearchParams; body: unknown };
export type HelpdeskAnswer = { status: number; body: unknown };

class Refused extends Error {
  readonly answer: HelpdeskAnswer;
  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.answer = { status, body: { error: { code, message, ...(field ? { field } : {}) } } };
  }
}

const listQuery = z.strictObject({
  status: z.enum(statuses).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
const searchQuery = z.strictObject({ query: z.string().trim().min(2).max(200) });
const replyBody = z.strictObject({
  from: z.email().max(254),
  to: z.email().max(254).optional(),
  body: z.string().min(1).max(10_000),
  visibility: z.enum(['public', 'internal']).default('public'),
});
const updateBody = z
  .strictObject({
    status: z.enum(statuses).optional(),
    priority: z.enum(priorities).optional(),
    assignee: z.email().max(254).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, { error: 'Name at least one field to change.' });

/** Answers one request over the desk, changing it where the request says so. Never throws. */
export function answerHelpdesk(
  desk: Desk,
  request: HelpdeskRequest,
  origin: string,
  now: Date,
): HelpdeskAnswer {
  try {
    return route(desk, request, origin, now);
  } catch (error) {
    if (error instanceof Refused) return error.answer;
    throw error;
  }
}

function route(desk: Desk, request: HelpdeskRequest, origin: string, now: Date): HelpdeskAnswer {
  const { method, path } = request;
  const [, first, second, third, ...rest] = path.split('/');
  const place = rest.length > 0 ? '' : [first, second && ':id', third].filter(Boolean).join('/');
  const customerOf = (ticket: Ticket): Customer => desk.customers.find(({ id }) => id === ticket.customerId)!;
  switch (`${method} ${place}`) {
    case 'GET openapi.json':
      return { status: 200, body: helpdeskDocument(origin) };
    case 'GET tickets': {
      const { status, limit } = read(listQuery, Object.fromEntries(request.query));
      const found = desk.tickets
        .filter((ticket) => status === undefined || ticket.status === status)
        .toSorted((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
      const tickets = found.slice(0, limit).map((ticket) => writeSummary(ticket, customerOf(ticket)));
      return { status: 200, body: { tickets, total: found.length } };
    }
    case 'GET tickets/:id': {
      const ticket = findTicket(desk, second!);
      return { status: 200, body: writeTicket(ticket, customerOf(ticket), origin) };
    }
    case 'PATCH tickets/:id': {
      const ticket = findTicket(desk, second!);
      Object.assign(ticket, read(updateBody, request.body), { updatedAt: now });
      return { status: 200, body: writeSummary(ticket, customerOf(ticket)) };
    }
    case 'DELETE tickets/:id': {
      desk.tickets.splice(desk.tickets.indexOf(findTicket(desk, second!)), 1);
      return { status: 204, body: null };
    }
    case 'POST tickets/:id/replies': {
      const ticket = findTicket(desk, second!);
      const { to = customerOf(ticket).email, ...reply } = read(replyBody, request.body);
      const message = { id: desk.nextMessageId++, ...reply, to, createdAt: now };
      ticket.messages.push(message);
      ticket.updatedAt = now;
      return { status: 201, body: writeMessage(message) };
    }
    case 'GET customers': {
      const { query } = read(searchQuery, Object.fromEntries(request.query));
      const found = desk.customers.filter(({ name, email, organization }) =>
        `${name}\n${email}\n${organization}`.toLowerCase().includes(query.toLowerCase()),
      );
      return { status: 200, body: { customers: found.map(writeCustomer), total: found.length } };
    }
    default:
      throw new Refused(404, 'not_found', 'There is nothing at this address.');
  }
}

function findTicket(desk: Desk, id: string): Ticket {
  const found = /^[1-9]\d{0,8}$/.test(id)
    ? desk.tickets.find((ticket) => ticket.id === Number(id))
    : undefined;
  if (!found) throw new Refused(404, 'ticket_not_found', 'There is no such ticket.', 'ticket_id');
  return found;
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refused(400, 'invalid_request', issue!.message, issue!.path.join('.'));
}
