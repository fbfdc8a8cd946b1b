import type { Customer, Message, Ticket } from './helpdesk-data.ts';

/**
 * Records as a grown service answers them: everything it knows, most of it of no use to an agent. This is
 * what the sample's response map is there to trim.
 */
export function writeTicket(ticket: Ticket, customer: Customer, origin: string): unknown {
  const url = `${origin}/tickets/${ticket.id}`;
  const minutes = Math.round((ticket.updatedAt.getTime() - ticket.createdAt.getTime()) / 60_000);
  return {
    id: ticket.id,
    url,
    subject: ticket.subject,
    status: ticket.status,
    priority: ticket.priority,
    customer: writeCustomer(customer),
    assignee: ticket.assignee,
    messages: ticket.messages.map(writeMessage),
    tags: ticket.tags,
    custom_fields: [
      'region',
      'product_area',
      'contract',
      'cause',
      'reviewed',
      'migrated_from',
      'channel_hint',
    ].map((key, index) => ({ id: 360_001 + index, key, value: index % 3 === 0 ? null : `${key}_default` })),
    metrics: {
      replies: ticket.messages.filter(({ from }) => from !== customer.email).length,
      reopens: 0,
      assignee_stations: ticket.assignee ? 1 : 0,
      group_stations: 1,
      first_reply_time: { calendar_minutes: 60, business_minutes: 60 },
      full_resolution_time: { calendar_minutes: minutes, business_minutes: Math.round(minutes / 3) },
      requester_wait_time: { calendar_minutes: minutes, business_minutes: Math.round(minutes / 3) },
      on_hold_time: { calendar_minutes: 0, business_minutes: 0 },
    },
    service_level: {
      policy: { id: 77_120, title: `Standard response, ${customer.plan}`, position: 2 },
      targets: [
        { metric: 'first_reply', minutes: 240, breached: false, paused: false },
        { metric: 'next_reply', minutes: 480, breached: false, paused: ticket.status === 'pending' },
        { metric: 'resolution', minutes: 4320, breached: false, paused: ticket.status === 'pending' },
      ],
    },
    events: ticket.messages.map((message, index) => ({
      id: 910_000 + message.id,
      type: index === 0 ? 'ticket_created' : 'message_added',
      actor: { type: message.from === customer.email ? 'end_user' : 'agent', address: message.from },
      changes: [{ field: 'updated_at', from: null, to: message.createdAt.toISOString() }],
      created_at: message.createdAt.toISOString(),
    })),
    links: {
      self: url,
      replies: `${url}/replies`,
      events: `${url}/events`,
      satisfaction: `${url}/satisfaction`,
      merge: `${url}/merge`,
    },
    created_at: ticket.createdAt.toISOString(),
    updated_at: ticket.updatedAt.toISOString(),
  };
}

export function writeSummary(ticket: Ticket, customer: Customer): unknown {
  return {
    id: ticket.id,
    subject: ticket.subject,
    status: ticket.status,
    priority: ticket.priority,
    customer: customer.name,
    updated_at: ticket.updatedAt.toISOString(),
  };
}

export function writeCustomer(customer: Customer): unknown {
  return {
    id: customer.id,
    name: customer.name,
    email: customer.email,
    phone: `+00 555 01${customer.id}`,
    time_zone: 'Europe/Lisbon',
    locale: 'en-GB',
    organization: customer.organization,
    plan: customer.plan,
    tags: ['imported', `plan_${customer.plan}`],
    created_at: '2025-02-03T09:00:00.000Z',
  };
}

export function writeMessage(message: Message): unknown {
  return {
    id: message.id,
    from: message.from,
    to: message.to,
    body: message.body,
    html_body: `<div class="message" dir="auto"><p>${escapeHtml(message.body)}</p><br><div class="signature"></div></div>`,
    visibility: message.visibility,
    via: {
      channel: 'email',
      client: 'Mail gateway 4.2 (smtp-in-03)',
      message_id: `<${message.id}.${message.createdAt.getTime()}@mail.helpdesk.example>`,
      ip_address: '192.0.2.14',
    },
    created_at: message.createdAt.toISOString(),
  };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (sign) => entities[sign]!);
